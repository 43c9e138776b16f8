"""Locks that the kernel lets go when their last holder ends, killed or not.

A *lease* is a shared lock on a file that exists as long as what it stands for; who wants to remove that takes the exclusive
lock first. It is held by an open descriptor, so it survives `exec` and is inherited by children (flock(2)); nothing has to be
cleaned up, and a read-only file is enough. On Windows an open file cannot be renamed or removed, which serves as the lease.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

# Shell scripts open and close the low numbers themselves (`exec 3>file`).
LOWEST_DESCRIPTOR = 100


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that is held; `release` lets it go before the process ends."""

    descriptor: int

    def release(self) -> None:
        """Let it go."""
        os.close(self.descriptor)

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def lease(path: Path) -> Held | None:
    """Hold the file at `path` with others, on a descriptor that is inherited across `exec`; None if somebody removes it.

    The file may be replaced between open and lock: what is locked must still be what the path names, else the answer is None
    and the caller looks again.

    Raises:
        OSError: the file cannot be opened.
    """
    return _take(path, exclusive=False)


def claim(path: Path) -> Held | None:
    """Hold the file at `path` alone, without waiting; None while anybody else holds it.

    Raises:
        OSError: the file cannot be opened.
    """
    return _take(path, exclusive=True)


def create_claimed(path: Path) -> Held:
    """Make a lock file and hold it alone. The path must be one that nobody else would choose."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        os.close(descriptor)
        try:
            held = claim(path)
        except FileNotFoundError:
            continue  # swept away between the two lines above
        if held is not None:
            return held


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Let the processes that change the names in `folder` do so one after the other, by a lock on the folder itself.

    Where a folder cannot be locked (Windows, some network file systems) nothing waits: it orders names, it protects nothing.
    """
    descriptor = -1
    try:
        if fcntl is not None:
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        pass
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _take(path: Path, *, exclusive: bool) -> Held | None:
    if fcntl is None and exclusive and not _closed_by_all(path):
        return None
    descriptor = os.open(path, _mode(path, exclusive=exclusive) | getattr(os, "O_CLOEXEC", 0))
    if fcntl is None:
        return Held(descriptor)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        if not _still_there(descriptor, path):
            return None
        inheritable = fcntl.fcntl(descriptor, fcntl.F_DUPFD, LOWEST_DESCRIPTOR)
    except BlockingIOError:
        return None
    finally:
        os.close(descriptor)
    return Held(inheritable)


def _closed_by_all(path: Path) -> bool:
    """Whether nobody has the file open, on Windows: only then may it be renamed, be it to its own name."""
    try:
        os.rename(path, path)
    except PermissionError:
        return False
    return True


def _mode(path: Path, *, exclusive: bool) -> int:
    # Network file systems grant an exclusive lock only on a descriptor opened for writing (flock(2), NFS details).
    return os.O_RDWR if exclusive and os.access(path, os.W_OK) else os.O_RDONLY


def _still_there(descriptor: int, path: Path) -> bool:
    held = os.fstat(descriptor)
    try:
        named = os.stat(path)
    except FileNotFoundError:
        return False
    return (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)
