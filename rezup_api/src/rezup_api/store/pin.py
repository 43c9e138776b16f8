"""What `use NAME` gives instead of the newest revision: `labels/.pin`, a pin or a rollback.

A pin is one line, the revision's timestamp, and holds until it is removed. A rollback has a second line, the newest revision at
the moment it was made: it is over as soon as there is a newer one, without anybody writing anything. Further lines name the
revisions that were taken back, which nothing may choose by itself any more.
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
        timestamp: the revision that `use` gives.
        until: the newest revision when it was rolled back; empty for a pin.
        withdrawn: the revisions that were taken back, oldest first.
    """

    timestamp: str
    until: str = ""
    withdrawn: tuple[str, ...] = ()

    @property
    def is_rollback(self) -> bool:
        """Whether it ends by itself."""
        return bool(self.until)

    def holds(self, newest: str | None) -> bool:
        """Whether it decides, `newest` being the newest ready revision where it was set, None when none is known."""
        return not self.until or newest is None or timestamp_order(newest) <= timestamp_order(self.until)

    def to_text(self) -> str:
        """What the file holds."""
        lines = [self.timestamp, self.until, *self.withdrawn] if self.until else [self.timestamp]
        return "".join(f"{line}\n" for line in lines)


def parse_pin(data: bytes) -> Pin:
    """The pin or rollback in the bytes of its file.

    Raises:
        ValueError: they hold something else.
    """
    lines = parse_timestamps(data)
    timestamp, until, *withdrawn = [*lines, ""] if len(lines) == 1 else lines
    return Pin(timestamp, until, tuple(withdrawn))


def rolled_back(pin: Pin | None, target: str, known: list[str]) -> Pin | None:
    """What a rollback to `target` makes of the present pin: a pure decision.

    Args:
        pin: the present one, None without any; a pin that holds is moved, for it is not to end with the next revision.
        known: the ready revisions from the newest to `target`, newest first.

    Returns:
        The new one; None where the newest revision is gone back to, so that nothing is needed.
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
    """Whether a revision is one to go back to: it is before `current`, and was not taken back itself."""
    return bool(current) and timestamp_order(timestamp) < timestamp_order(current) and timestamp not in withdrawn
