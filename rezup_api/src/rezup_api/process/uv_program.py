"""Find the program uv that is installed with this rezup."""

from __future__ import annotations


def find_uv() -> str | None:
    """The path of the program uv that is installed with this rezup; None where uv is not installed."""
    try:
        from uv import find_uv_bin
    except ImportError:
        return None
    try:
        return find_uv_bin()
    except FileNotFoundError:
        return None
