"""Names of containers, labels and revisions, and how a revision is asked for: `NAME`, `NAME@REV`."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api.errors import UsageError
from rezup_api.frozen import dataclass
from rezup_api.recipe.location import MAIN_CONTAINER, is_container

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_CONTAINER = MAIN_CONTAINER
LATEST = "latest"

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# Eleven digits reach the year 5138; with twelve there are moments that no calendar has (datetime.MAXYEAR).
_TIMESTAMP = re.compile(r"[0-9]{1,11}\.[0-9]{1,9}")
_PREFIX = re.compile(r"[0-9]{1,11}(\.[0-9]{0,9})?")
_STEPS = re.compile(r"~[0-9]+")


def check_container(name: str) -> str:
    """`name` itself, if it is one for a container: letters, digits, `_`, `-`, `.`; no leading dot except `.main`.

    Raises:
        UsageError: it is not.
    """
    if is_container(name):
        return name
    raise UsageError(
        f"{name!r} is not a container name",
        "use letters, digits, '_', '-' and '.'; only '.main' starts with a dot",
    )


def is_timestamp(name: str) -> bool:
    """Whether a folder of that name can be a revision: `1619780350.588625`, also with the digits rezup 2.x wrote."""
    return _TIMESTAMP.fullmatch(name) is not None


def is_label(name: str) -> bool:
    """Whether `name` may be a label: a letter first, then letters, digits, `_`, `-`; not `latest`."""
    return name != LATEST and _LABEL.fullmatch(name) is not None


def timestamp_order(timestamp: str) -> tuple[int, int]:
    """The key by which timestamps are sorted: seconds, then nanoseconds. Exact, which floats are not."""
    seconds, _, fraction = timestamp.partition(".")
    return int(seconds), int(fraction.ljust(9, "0"))


def format_timestamp(nanoseconds: int) -> str:
    """A moment, in nanoseconds since the epoch, as a folder's name: seconds and six decimals."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{seconds}.{rest // 1000:06d}"


def following_timestamp(now: int, newest: str | None) -> str:
    """The timestamp for a revision made at `now` (nanoseconds): that moment, or one microsecond after `newest` if later.

    Names grow even where the clock is behind, so that the newest revision is always the one that was made last.
    """
    if newest is None:
        return format_timestamp(now)
    seconds, nanoseconds = timestamp_order(newest)
    return format_timestamp(max(now, (seconds * 1_000_000 + nanoseconds // 1000 + 1) * 1000))


def next_timestamp(names: Iterable[str], newest: str | None = None) -> str:
    """The timestamp of a revision that is made now.

    Args:
        names: those of all revisions there are; other names do not count.
        newest: a further timestamp that the new one must be greater than.
    """
    known = [name for name in names if is_timestamp(name)] + ([newest] if newest else [])
    return following_timestamp(time.time_ns(), max(known, key=timestamp_order, default=None))


def newest_first_names(names: Iterable[str]) -> list[str]:
    """The timestamps among some names, the greatest first."""
    return sorted(filter(is_timestamp, names), key=timestamp_order, reverse=True)


def moment(timestamp: str) -> datetime:
    """The aware UTC moment that a timestamp names."""
    seconds, nanoseconds = timestamp_order(timestamp)
    return datetime.fromtimestamp(seconds, tz=timezone.utc).replace(microsecond=nanoseconds // 1000)


@dataclass(frozen=True, slots=True)
class Target:
    """What a command is asked for: a container and, after `@`, which of its revisions (empty: what `use` gives)."""

    container: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.container}@{self.revision}" if self.revision else self.container


def parse_target(text: str) -> Target:
    """Read `NAME` or `NAME@REV`.

    REV is a timestamp, the beginning of one, `latest`, `~N`, or a label.

    Raises:
        UsageError: it is neither.
    """
    name, mark, revision = text.partition("@")
    check_container(name)
    if mark and not (
        revision == LATEST or _PREFIX.fullmatch(revision) or _STEPS.fullmatch(revision) or is_label(revision)
    ):
        raise UsageError(
            f"{revision!r} does not name a revision",
            "after '@' comes a timestamp or its beginning, 'latest', or '~1' for the one before",
        )
    return Target(name, revision)
