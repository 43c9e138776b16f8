"""Take the stamps of the files on which an answer depends, and tell whether they can be those of the content that was read."""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.fastpath import EXISTS, stamp
from rezup_api.netfs import ask, marker_of, may_hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.fastpath.record import Stamp, Stamps

# Seconds: five ticks of the slowest kernel clock (CONFIG_HZ=100), by which file systems date a change.
TICK = 0.05
SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stamped:
    """Stamps that can be trusted once those in `slow` have been the same for `prepare.SLOW` seconds.

    Args:
        local: the stamps of files on this machine, and of files without which no launch can do.
        shared: the stamps of files on file systems that may hang.
        slow: those of all stamps that may show a change late: on network file systems, and where times are whole seconds.
    """

    local: Stamps
    shared: Stamps
    slow: Mapping[str, Stamp]

    @property
    def by_share(self) -> tuple[tuple[str, Stamps], ...]:
        """The stamps in `shared`, grouped by the marker file of their share, because each share may hang by itself."""
        by_marker: dict[str, Stamps] = {}
        for item in self.shared:
            marker = marker_of(item[0])
            by_marker[marker] = (*by_marker.get(marker, ()), item)
        return tuple(by_marker.items())


class Files:
    """Collects files, then takes their stamps.

    Args:
        started: the moment before the computation of the answer read its first file, in seconds since the epoch.
        own: folders and files without which no launch can do; they are read directly, even if they are on a share.
    """

    def __init__(self, started: float, own: Iterable[Path]) -> None:
        self._newest = (started - TICK) * SECOND
        self._own = tuple(own)
        self._sought: dict[str, bool] = {}
        self._present: list[str] = []

    def seek(self, *paths: Path) -> None:
        """Add files that were looked for, whether they exist or not."""
        for path in paths:
            self._sought.setdefault(str(path), False)

    def read(self, *paths: Path) -> None:
        """Add files that were read."""
        self._sought.update((str(path), True) for path in paths)

    def meet(self, *paths: Path) -> None:
        """Add files and folders that must exist, whatever they contain."""
        self._present += map(str, paths)

    def stamped(self) -> Stamped | None:
        """Take all stamps.

        Returns:
            The stamps; None if a file may have changed since it was read, or if it is gone.

        Raises:
            OSError: a share does not answer.
        """
        hanging = [path for path in self._sought if self.may_hang(Path(path))]
        found = {path: stamp(path) for path in self._sought if path not in hanging}
        found.update(_stamps_elsewhere(hanging))
        slow = {path: one for path, one in found.items() if isinstance(one, tuple) and self._is_slow(path, one)}
        for path, one in found.items():
            if isinstance(one, tuple):
                # A file that was changed as late as this may have been read before the change, within the same tick.
                if path not in slow and max(one[:2]) > self._newest:
                    return None
            elif self._sought[path]:
                return None
        present = [(path, EXISTS) for path in self._present]
        everything = [*found.items(), *present]
        shared = tuple(item for item in everything if self.may_hang(Path(item[0])))
        return Stamped(tuple(item for item in everything if item not in shared), shared, slow)

    def may_hang(self, path: Path) -> bool:
        """Whether a file lies on a file system that may hang, and is none of `own`: it is then read with a time limit."""
        return not any(path.is_relative_to(folder) for folder in self._own) and may_hang(str(path))

    def _is_slow(self, path: str, found: tuple[int, int, int, int]) -> bool:
        return found[1] % SECOND == 0 or may_hang(path)


def _stamps_elsewhere(paths: list[str]) -> dict[str, Stamp]:
    """Take the stamps of files on shares, with a time limit for each share."""
    found: dict[str, Stamp] = {}
    for marker in sorted({marker_of(path) for path in paths}):
        there = [path for path in paths if marker_of(path) == marker]
        taken = ask(lambda names=there: marshal.dumps([stamp(path) for path in names]), marker)  # type: ignore[misc]
        found.update(zip(there, marshal.loads(taken), strict=True))
    return found
