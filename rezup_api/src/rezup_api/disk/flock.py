"""Lock files and folders so that the kernel releases each lock when its last holder ends, killed or not.

A *lease* is a shared lock. It is taken on a file that exists as long as the thing that it stands for, and a process that wants to
remove that thing takes the exclusive lock first. An open descriptor holds the lock, so the lock survives `exec`, and children
inherit it (flock(2)). Nothing has to be cleaned up, and a read-only file is enough. On Windows nobody can rename or remove a file
while it is open, so there the open file itself is the lease.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

# Seconds. A cleanup holds a file alone only while it looks around and renames. Whoever holds it for longer keeps others out,
# which anybody can do who may read the file.
PATIENCE = 5.0
# Shell scripts open and close the low numbers themselves (`exec 3>file`).
LOWEST_DESCRIPTOR = 100
# Others may put a link, which must not be followed, or a pipe, whose opening would wait for ever, where a lock file belongs.
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that this process holds on an open `descriptor`; `release` ends it before the process ends.

    A child that has inherited the descriptor still holds the lock after that.

    Args:
        descriptor: the descriptor.
        locked: False if the file is only open, because somebody else kept it locked; see `lease_at_last`.
    """

    descriptor: int
    locked: bool = True

    def release(self) -> None:
        """Close the descriptor."""
        # No content can be lost here, and the system closes a descriptor whatever it answers. An error would come after the act,
        # and deny it.
        with suppress(OSError):
            os.close(self.descriptor)

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def lease(path: Path) -> Held | None:
    """Hold the file at `path` together with others, on a descriptor that is inherited across `exec`.

    Returns:
        The lock; None if another process holds the file alone (it is about to remove it), or has replaced it between our
        opening and our locking. The caller then looks again at what the path names.

    Raises:
        OSError: the file cannot be opened.
    """
    return _take(path, exclusive=False)


def lease_at_last(path: Path) -> Held:
    """Hold the file at `path` together with others; if another process holds it alone for too long, only keep it open.

    Cleanups find an open file in /proc, so it protects too, where there is one.

    Raises:
        OSError: the file cannot be opened; FileNotFoundError if the other process has removed it.
    """
    end = time.monotonic() + PATIENCE
    while (held := lease(path)) is None:
        if time.monotonic() > end:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            if fcntl is None:
                return Held(descriptor, locked=False)
            try:
                return Held(_inheritable(descriptor), locked=False)
            finally:
                os.close(descriptor)
        time.sleep(0.02)
    return held


def claim(path: Path) -> Held | None:
    """Hold the file at `path` alone, without waiting.

    Returns:
        The lock; None while another process holds the file, or when the path no longer names the file that was locked.

    Raises:
        OSError: the file cannot be opened.
    """
    return _take(path, exclusive=True)


def create_claimed(path: Path) -> Held:
    """Create a lock file and hold it alone.

    Args:
        path: a path that no other process would choose; only a sweep may look at it meanwhile.

    Raises:
        OSError: the file cannot be created.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _SAFELY, 0o666)
        os.close(descriptor)
        # No system call creates and locks a file at once. In between, the file looks like one that a dead process left,
        # and a sweep may hold it for a moment (None) or remove it (FileNotFoundError). In both cases we begin again.
        try:
            held = claim(path)
        except FileNotFoundError:
            continue
        if held is not None:
            return held


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Let the processes that change the names in `folder` do so one after the other, by a lock on the folder itself.

    Where a folder cannot be locked (Windows, some network file systems), nobody waits, and nowhere does anybody wait for long,
    because whoever may read the folder can lock it. So callers may use it to keep names in a sensible order, but never to protect
    data.
    """
    descriptor = -1
    end = time.monotonic() + PATIENCE
    try:
        if fcntl is not None:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            while time.monotonic() < end:
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(0.005)
    except OSError:
        pass  # the folder cannot be locked; see above
    try:
        yield
    finally:
        if descriptor >= 0:
            with suppress(OSError):  # see `Held.release`
                os.close(descriptor)


def _take(path: Path, *, exclusive: bool) -> Held | None:
    if fcntl is None and exclusive and not _closed_by_all(path):
        return None
    # Close-on-exec until the lock is certain: a child that another thread starts meanwhile must not inherit half a lock.
    descriptor = os.open(path, _mode(path, exclusive=exclusive) | _SAFELY)
    if fcntl is None:
        return Held(descriptor)
    try:
        # LOCK_NB, because a launch must never wait for a process that removes a revision.
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        # Between `open` and `flock` another process may have removed or replaced the file. Then we hold a lock on a file
        # without a name, which protects nothing. This check must come after the lock: from here on nobody can remove it.
        if not _still_there(descriptor, path):
            return None
        inheritable = _inheritable(descriptor)
    except BlockingIOError:
        return None
    finally:
        # The lock belongs to the open file, which the copy shares, so it stays. With POSIX locks (`lockf`) it would not:
        # closing any descriptor of the file releases those.
        os.close(descriptor)
    return Held(inheritable)


def _inheritable(descriptor: int) -> int:
    """A copy of a descriptor that survives `exec`, with a number that scripts leave alone.

    Raises:
        OSError: this process has as many open files as it may have.
    """
    # A process that may have few open files (`ulimit -n 64`) gets the highest of these numbers that it may use, and that is free.
    for lowest in (LOWEST_DESCRIPTOR, LOWEST_DESCRIPTOR // 2, 10):
        with suppress(OSError):
            return fcntl.fcntl(descriptor, fcntl.F_DUPFD, lowest)
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 3)


def _closed_by_all(path: Path) -> bool:
    """Whether no process has the file open, on Windows: only then can it be renamed, even to its own name."""
    try:
        os.rename(path, path)
    except PermissionError:
        return False
    return True


def _mode(path: Path, *, exclusive: bool) -> int:
    # Network file systems grant an exclusive lock only on a descriptor opened for writing (flock(2), NFS details).
    return os.O_RDWR if exclusive and os.access(path, os.W_OK) else os.O_RDONLY


def _still_there(descriptor: int, path: Path) -> bool:
    """Whether the path still names the file that is open."""
    held = os.fstat(descriptor)
    try:
        named = os.stat(path)
    except FileNotFoundError:
        return False
    return (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)
