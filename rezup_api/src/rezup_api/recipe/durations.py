"""Ages as recipes and commands write them: "90s", "15m", "12h", "30d", "2w"."""

from __future__ import annotations

import re

from rezup_api.errors import UsageError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
EXPECTED = 'a number and a unit of s, m, h, d or w, such as "30d"'

_PATTERN = re.compile(r"([0-9]{1,9})\s*([smhdw])")


def is_duration(text: str) -> bool:
    """Whether `text` is a duration."""
    return _PATTERN.fullmatch(text) is not None


def duration_seconds(text: str) -> int:
    """How many seconds a duration lasts.

    Raises:
        UsageError: it is none.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is not a duration", f"write {EXPECTED}")
    return int(match.group(1)) * UNITS[match.group(2)]
