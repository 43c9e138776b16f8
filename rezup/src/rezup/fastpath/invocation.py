"""What an ordinary launch started from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Invocation(NamedTuple):
    """How this process was started.

    Args:
        words: the command line without the program.
        started: when, in seconds since the epoch; before anything was read.
        environ: the environment before the site-customize script.
    """

    words: tuple[str, ...]
    started: float
    environ: Mapping[str, str]
