"""The program uv: which one belongs to this rezup."""

from __future__ import annotations


def find_uv() -> str | None:
    """The program uv that belongs to this rezup; None where there is none."""
    try:
        from uv import find_uv_bin
    except ImportError:
        return None
    try:
        return find_uv_bin()
    except FileNotFoundError:
        return None
