"""Check and make the names of containers, labels and revisions, and read how users name a revision: `NAME`, `NAME@REV`."""

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
# What `use NAME` gives; and the newest of those that `use NAME` chooses among.
CURRENT = "current"
LATEST = "latest"

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# Eleven digits reach the year 5138. Twelve would allow moments that Python's `datetime` cannot hold (datetime.MAXYEAR).
_TIMESTAMP = re.compile(r"[0-9]{1,11}\.[0-9]{1,9}")
_PREFIX = re.compile(r"[0-9]{1,11}(\.[0-9]{0,9})?")
_STEPS = re.compile(r"~[0-9]+")


def check_container(name: str) -> str:
    """Return `name` if a container can have it: letters, digits, `_`, `-`, `.`, and no leading dot except in `.main`.

    Raises:
        UsageError: no container can have that name.
    """
    if is_container(name):
        return name
    raise UsageError(
        f"{name!r} is not a container name",
        "use letters, digits, '_', '-' and '.'; only '.main' starts with a dot",
    )


def is_timestamp(name: str) -> bool:
    """Whether a folder of that name can be a revision: `1619780350.588625`, or with fewer decimals, as rezup 2.x wrote it."""
    return _TIMESTAMP.fullmatch(name) is not None


def is_label(name: str) -> bool:
    """Whether `name` can be a label: a letter first, then letters, digits, `_` and `-`; but not `current` or `latest`."""
    return name not in (CURRENT, LATEST) and _LABEL.fullmatch(name) is not None


def timestamp_order(timestamp: str) -> tuple[int, int]:
    """The key by which timestamps are sorted: seconds, then nanoseconds."""
    # Integers, because a float cannot hold both the seconds of today and nanoseconds exactly.
    seconds, _, fraction = timestamp.partition(".")
    return int(seconds), int(fraction.ljust(9, "0"))


def format_timestamp(nanoseconds: int) -> str:
    """The timestamp of a moment, which is given in nanoseconds since the epoch: seconds with six decimals."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{seconds}.{rest // 1000:06d}"


def following_timestamp(now: int, newest: str | None) -> str:
    """The timestamp of a revision that is made after another one.

    Timestamps grow even if the clock of this machine is behind, so the newest revision is always the one that was made last.

    Args:
        now: the present moment, in nanoseconds since the epoch.
        newest: the greatest timestamp so far; None if there is none.

    Returns:
        The timestamp of `now`, or the one a microsecond after `newest`, whichever is greater.
    """
    if newest is None:
        return format_timestamp(now)
    seconds, nanoseconds = timestamp_order(newest)
    return format_timestamp(max(now, (seconds * 1_000_000 + nanoseconds // 1000 + 1) * 1000))


def next_timestamp(names: Iterable[str], newest: str | None = None) -> str:
    """The timestamp of a revision that is made now.

    Args:
        names: the names in the folder of the revisions; those that are not timestamps do not count.
        newest: a further timestamp that the new one must be greater than.
    """
    known = [name for name in names if is_timestamp(name)] + ([newest] if newest else [])
    return following_timestamp(time.time_ns(), max(known, key=timestamp_order, default=None))


def newest_first_names(names: Iterable[str]) -> list[str]:
    """Those of the names that are timestamps, the greatest first."""
    return sorted(filter(is_timestamp, names), key=timestamp_order, reverse=True)


def moment(timestamp: str) -> datetime:
    """The moment that a timestamp stands for, as an aware `datetime` in UTC."""
    seconds, nanoseconds = timestamp_order(timestamp)
    return datetime.fromtimestamp(seconds, tz=timezone.utc).replace(microsecond=nanoseconds // 1000)


@dataclass(frozen=True, slots=True)
class Target:
    """The revision that a user names on the command line.

    Args:
        container: the container's name.
        revision: the text after `@`; empty for the revision that `use` gives.
    """

    container: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.container}@{self.revision}" if self.revision else self.container


def parse_target(text: str) -> Target:
    """Read `NAME` or `NAME@REV`.

    REV is a timestamp, the beginning of one, `current`, `latest`, `~N` for the Nth revision before, or a label.

    Raises:
        UsageError: the text has another form.
    """
    name, mark, revision = text.partition("@")
    check_container(name)
    if mark and not (
        revision in (CURRENT, LATEST) or _PREFIX.fullmatch(revision) or _STEPS.fullmatch(revision) or is_label(revision)
    ):
        raise UsageError(
            f"{revision!r} does not name a revision",
            "after '@' comes a timestamp or its beginning, 'current', 'latest', '~1' for the one before, or a label",
        )
    return Target(name, revision)
