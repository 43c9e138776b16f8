"""Prepare a folder where nobody looks, then let it appear by one rename; and clear what killed processes left behind.

    <container>/.staging/<token>@<host>/        what is being made
    <container>/.staging/<token>@<host>.lock    held by its maker and by every process the maker started
    <container>/.staging/<name>.building        held by the one that builds a certain revision, so that others wait

Whether a maker lives is told by its lock, never by a PID: roots are shared by hosts. The lock file is there before the folder
and goes after it, so a folder whose lock can be taken is an orphan. Some network file systems grant each host its own locks
(flock(2)), so what another host makes is left alone for a day.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from rezup_api.disk.files import host_name, remove_tree, storing, token
from rezup_api.disk.flock import Held, claim, create_claimed, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


STAGING = ".staging"
LOCK_SUFFIX = ".lock"
BUILDING_SUFFIX = ".building"
ATTEMPTS = 100
# Seconds; a sweep that passes by holds a lock for less, and is nobody to wait for.
GRACE = 0.1

# Seconds; no build takes longer.
ABANDONED_ELSEWHERE = 86400.0

Result = TypeVar("Result")


class Stage:
    """A folder in the making.

    Args:
        path: the folder.
        lock: held while anybody writes into it; pass its descriptor to the processes that do.
    """

    def __init__(self, path: Path, lock: Held) -> None:
        self.path = path
        self.lock = lock

    def appear(self, target: Path) -> bool:
        """Rename the folder to `target`. False if that exists already: somebody else was first, and theirs stands."""
        try:
            os.rename(self.path, target)
        except OSError:
            if target.exists():
                return False
            raise
        return True

    def appear_in(self, series: Path, follow: Callable[[list[str]], str]) -> str:
        """Rename the folder into a folder of many, which is made if it is new.

        Args:
            follow: gives the name from those that are there; called again where another process was faster.

        Returns:
            The name.
        """
        series.mkdir(exist_ok=True)
        # Without taking turns, a slow writer could appear after another one whose name is greater.
        with in_turn(series):
            while True:
                name = follow(os.listdir(series))
                if self.appear(series / name):
                    return name


@contextmanager
def staged(container: Path) -> Iterator[Stage]:
    """A new stage for `container`; whatever is still there at the end is removed, the container too if it is new and empty.

    Raises:
        StorageError: it cannot be written there.
    """
    folder = container / STAGING
    name = f"{token()}@{host_name()}"
    is_new = not container.exists()
    with storing("cannot write to"):
        lock = _inside(folder, lambda: create_claimed(folder / (name + LOCK_SUFFIX)))
    try:
        path = folder / name
        with storing("cannot write to"):
            path.mkdir()
        yield Stage(path, lock)
    finally:
        with suppress(OSError):
            remove_tree(folder / name)
            (folder / (name + LOCK_SUFFIX)).unlink(missing_ok=True)
        lock.release()
        _tidy(container, is_new=is_new)


def place_file(container: Path, target: Path, data: bytes) -> None:
    """Let a file of a container be this, in one step; what a kill leaves is swept away with all other stages.

    Raises:
        StorageError: it cannot be written there.
    """
    with staged(container) as stage, storing("cannot write"):
        prepared = stage.path / target.name
        prepared.write_bytes(data)
        target.parent.mkdir(exist_ok=True)
        os.replace(prepared, target)


def _inside(folder: Path, act: Callable[[], Result]) -> Result:
    """Make a folder and do something in it; again where others tidied it away in between, because it was empty.

    `mkdir` itself fails with "File exists" when that happens between its two looks at the folder.
    """
    for _ in range(ATTEMPTS):
        with suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
            return act()
    folder.mkdir(parents=True, exist_ok=True)  # it is something else: a dangling link, a file where the folder belongs
    return act()


def _tidy(container: Path, *, is_new: bool) -> None:
    """Leave no more behind than there was: not the empty staging folder, nor the container that was only made for it.

    The children of a killed builder may live a moment longer than its lock, so that who takes over finds their stage still
    held; what they left is cleared now.
    """
    sweep(container)
    if is_new:
        remove_if_empty(container)


def sweep(container: Path) -> None:
    """Clear what dead makers left in `container`."""
    folder = container / STAGING
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in sorted(names):
        if _made_elsewhere(folder, name):
            continue
        if name.endswith(BUILDING_SUFFIX):
            _remove_orphan(folder / name, None)
        elif name.endswith(LOCK_SUFFIX):
            _remove_orphan(folder / name, folder / name.removesuffix(LOCK_SUFFIX))
        elif not (folder / (name + LOCK_SUFFIX)).exists():  # asked anew: a listing is not the picture of one moment
            with suppress(OSError):
                remove_tree(folder / name)
    remove_if_empty(folder)


def _made_elsewhere(folder: Path, name: str) -> bool:
    """Whether another host is making this, or was less than a day ago."""
    _, mark, host = name.removesuffix(LOCK_SUFFIX).partition("@")
    if not mark or host == host_name():
        return False
    try:
        return time.time() - (folder / name).stat().st_mtime < ABANDONED_ELSEWHERE
    except OSError:
        return True


def _remove_orphan(lock_file: Path, content: Path | None) -> None:
    """Remove a lock file that nobody holds, and first what it guards."""
    with suppress(OSError):
        held = claim(lock_file)
        if held is not None:
            with held:
                if content is not None:
                    remove_tree(content)
                lock_file.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing; others may be filling it, which is fine."""
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def building(container: Path, name: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Be the only one on this machine that builds `name` in `container`; wait while somebody else does.

    This only avoids doing the work twice: that a revision appears whole rests on the rename. The lock goes when its
    holder dies, so that a waiting process takes over.

    Args:
        name: what is built, a timestamp or a word.
        waiting: called once if there is somebody to wait for.
    """
    from filelock import FileLock, Timeout  # 5 times the start of Python: for those that build, not for a launch

    folder = container / STAGING
    lock_file = folder / (name + BUILDING_SUFFIX)
    lock = FileLock(lock_file, mode=0o666, poll_interval=0.02)
    is_new = not container.exists()
    with storing("cannot lock"):
        try:
            _inside(folder, lambda: lock.acquire(timeout=GRACE))
        except Timeout:
            waiting()
            _inside(folder, lock.acquire)
    try:
        yield
    finally:
        with suppress(OSError):  # while it is held: a waiting process sees that its file is gone, and opens anew
            lock_file.unlink()
        lock.release()
        _tidy(container, is_new=is_new)
