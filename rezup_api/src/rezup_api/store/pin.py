"""Read and decide pins and rollbacks, by which `use NAME` gives another revision than the newest: the file `labels/.pin`.

A pin is one line, the timestamp of the revision, and holds until a user removes it. A rollback has a second line, the newest
revision at the moment of the rollback: it ends as soon as there is a newer revision, without a change to the file. Further lines
name the *withdrawn* revisions, those that users have gone back from. rezup never chooses one of them by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass
from rezup_api.store.labels import parse_timestamps
from rezup_api.store.names import timestamp_order

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin or a rollback.

    Args:
        timestamp: the timestamp of the revision that `use` gives.
        until: for a rollback, the timestamp of the newest revision at the moment of the rollback; empty for a pin.
        withdrawn: the timestamps of the revisions that users have gone back from, oldest first.
    """

    timestamp: str
    until: str = ""
    withdrawn: tuple[str, ...] = ()

    @property
    def is_rollback(self) -> bool:
        """Whether it ends by itself, with the next revision."""
        return bool(self.until)

    def holds(self, newest: str | None) -> bool:
        """Whether the pin still decides what `use` gives; a rollback does so until there is a newer revision.

        Args:
            newest: the timestamp of the newest ready revision under the root that has the pin; None if that is not known.
        """
        return not self.until or newest is None or timestamp_order(newest) <= timestamp_order(self.until)

    def to_text(self) -> str:
        """The text of the pin's file."""
        lines = [self.timestamp, self.until, *self.withdrawn] if self.until else [self.timestamp]
        return "".join(f"{line}\n" for line in lines)


def parse_pin(data: bytes) -> Pin:
    """Read the bytes of the file of a pin or rollback.

    Raises:
        ValueError: the bytes hold something else.
    """
    lines = parse_timestamps(data)
    timestamp, until, *withdrawn = [*lines, ""] if len(lines) == 1 else lines
    return Pin(timestamp, until, tuple(withdrawn))


def rolled_back(pin: Pin | None, target: str, known: list[str]) -> Pin | None:
    """Decide what takes the place of the present pin when a user goes back to a revision. This only computes.

    Args:
        pin: the present pin or rollback; None if there is none. A pin becomes a pin to `target`, not a rollback, because the
            user wanted it to hold until `unpin`.
        target: the timestamp of the revision to go back to.
        known: the timestamps of the ready revisions from the newest down to `target`, newest first; not empty.

    Returns:
        The new pin or rollback; None if `target` is the newest revision, which `use` gives without either.
    """
    newest = known[0]
    if pin is not None and not pin.is_rollback:
        return Pin(target)
    if target == newest:
        return None
    order = timestamp_order(target)
    before = set(pin.withdrawn) if pin is not None else set()
    after = {one for one in known if timestamp_order(one) > order}
    withdrawn = sorted({one for one in before if timestamp_order(one) < order} | after, key=timestamp_order)
    return Pin(target, newest, tuple(withdrawn))


def is_step_back(timestamp: str, current: str, withdrawn: Collection[str]) -> bool:
    """Whether a rollback may choose this revision: it is older than `current`, and users have not gone back from it."""
    return bool(current) and timestamp_order(timestamp) < timestamp_order(current) and timestamp not in withdrawn
