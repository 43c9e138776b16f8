"""The stamps of the files that an answer depended on, and whether they can be those of what was read."""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.fastpath import EXISTS, stamp
from rezup_api.netfs import ask, marker_of, may_hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.fastpath import Stamp
    from rezup.fastpath.record import Stamps

# Seconds. Five ticks of the slowest kernel clock (CONFIG_HZ=100).
TICK = 0.05
SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stamped:
    """Stamps that can be trusted, if those of `slow` have been as they are for some time.

    Args:
        local: of files on this machine, and of those that are looked into without asking whether they answer.
        shared: of files on file systems that may hang.
        slow: those of them all that are slow to show a change: on network file systems, or where times are whole seconds.
    """

    local: Stamps
    shared: Stamps
    slow: Mapping[str, Stamp]

    @property
    def by_share(self) -> tuple[tuple[str, Stamps], ...]:
        """The stamps of files on shares, for each share with its marker: one that hangs says nothing of another."""
        by_marker: dict[str, Stamps] = {}
        for item in self.shared:
            marker = marker_of(item[0])
            by_marker[marker] = (*by_marker.get(marker, ()), item)
        return tuple(by_marker.items())


class Files:
    """Collects files, then takes their stamps.

    Args:
        started: when the answer began to be computed, in seconds since the epoch.
        own: folders and files that no launch can do without: whether they answer is not asked first.
    """

    def __init__(self, started: float, own: Iterable[Path]) -> None:
        self._newest = (started - TICK) * SECOND
        self._own = tuple(own)
        self._sought: dict[str, bool] = {}
        self._present: list[str] = []

    def seek(self, *paths: Path) -> None:
        """Add files that were looked for, whether they were there or not."""
        for path in paths:
            self._sought.setdefault(str(path), False)

    def read(self, *paths: Path) -> None:
        """Add files that were read."""
        self._sought.update((str(path), True) for path in paths)

    def meet(self, *paths: Path) -> None:
        """Add files and folders that only have to be there."""
        self._present += map(str, paths)

    def stamped(self) -> Stamped | None:
        """All stamps; None if one is too young, or the file is gone that was read.

        Raises:
            OSError: a share does not answer.
        """
        hanging = [path for path in self._sought if self.may_hang(Path(path))]
        found = {path: stamp(path) for path in self._sought if path not in hanging}
        found.update(_stamps_elsewhere(hanging))
        slow = {path: one for path, one in found.items() if isinstance(one, tuple) and self._is_slow(path, one)}
        for path, one in found.items():
            if isinstance(one, tuple):
                if path not in slow and max(one[:2]) > self._newest:
                    return None
            elif self._sought[path]:
                return None
        present = [(path, EXISTS) for path in self._present]
        everything = [*found.items(), *present]
        shared = tuple(item for item in everything if self.may_hang(Path(item[0])))
        return Stamped(tuple(item for item in everything if item not in shared), shared, slow)

    def may_hang(self, path: Path) -> bool:
        """Whether a file is asked for with a time limit."""
        return not any(path.is_relative_to(folder) for folder in self._own) and may_hang(str(path))

    def _is_slow(self, path: str, found: tuple[int, int, int, int]) -> bool:
        return found[1] % SECOND == 0 or may_hang(path)


def _stamps_elsewhere(paths: list[str]) -> dict[str, Stamp]:
    """The stamps of files on shares, taken with a time limit."""
    found: dict[str, Stamp] = {}
    for marker in sorted({marker_of(path) for path in paths}):
        there = [path for path in paths if marker_of(path) == marker]
        taken = ask(lambda names=there: marshal.dumps([stamp(path) for path in names]), marker)  # type: ignore[misc]
        found.update(zip(there, marshal.loads(taken), strict=True))
    return found
