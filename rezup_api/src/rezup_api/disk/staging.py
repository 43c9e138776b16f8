"""Prepare a folder where no other process looks, let it appear by one rename, and remove what killed processes left.

    <container>/.staging/<token>@<host>/        the stage: a folder that a process is filling
    <container>/.staging/<token>@<host>.lock    held by the process that fills the stage and by every process it started
    <container>/.staging/<name>.building        held by the process that builds a certain revision, so that others wait

A process that fills a stage is alive as long as its lock is held. A PID would prove nothing, because several hosts share a root.
The lock file exists before its folder and is removed after it, so a folder whose lock can be taken is an orphan. Some network
file systems grant each host its own locks (flock(2)), so a sweep leaves the stages of another host alone for a day.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from rezup_api.disk.files import host_name, storing, token
from rezup_api.disk.flock import Held, claim, create_claimed, in_turn
from rezup_api.disk.reading import Folder, open_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


STAGING = ".staging"
LOCK_SUFFIX = ".lock"
BUILDING_SUFFIX = ".building"
ATTEMPTS = 100
# Seconds. A sweep holds a lock for less than that, and the user need not be told to wait for a sweep.
GRACE = 0.1

# Seconds. No build takes longer, so what another host has left for longer is an orphan.
ABANDONED_ELSEWHERE = 86400.0
# Seconds for which a process waits while another one builds the same.
LONGEST = 1800.0

Result = TypeVar("Result")


class Stage:
    """A folder that a process is filling.

    Args:
        path: the folder.
        lock: held while a process writes into the folder; pass its descriptor to every process that does.
    """

    def __init__(self, path: Path, lock: Held) -> None:
        self.path = path
        self.lock = lock
        self._is_flushed = False

    def appear(self, target: Path) -> bool:
        """Rename the folder to `target` once it is on the disk; False if another process was first, whose folder then stays.

        Raises:
            OSError: the folder cannot be written to the disk, or cannot be renamed for any other reason.
        """
        self.flush()
        return self._rename(target)

    def flush(self) -> None:
        """Bring all that is in the folder to the disk, once; nothing may be written into it afterwards.

        Raises:
            OSError: the disk refuses.
        """
        from rezup_api.disk.durable import flush_tree  # launches do without

        if not self._is_flushed:
            flush_tree(self.path)
        self._is_flushed = True

    def _rename(self, target: Path) -> bool:
        from rezup_api.disk.durable import flush_folder

        # Do not ask whether `target` exists before renaming: another process may create it in between. The rename itself
        # decides, because rename(2) never replaces a folder that holds something, and a finished one always does.
        try:
            os.rename(self.path, target)
        except OSError:
            if target.exists():
                return False
            raise
        flush_folder(target.parent)
        return True

    def appear_in(self, series: Path, follow: Callable[[list[str]], str]) -> str:
        """Rename the folder into a folder of many, which is made if it is new.

        Args:
            follow: gives the name from those that are there; called again where another process was faster.

        Returns:
            The name.
        """
        self.flush()  # now, because others wait while this process has its turn
        series.mkdir(exist_ok=True)
        refuse_link(series)
        # Without taking turns, a slow writer could appear after another one whose name is greater.
        with in_turn(series):
            while True:
                name = follow(os.listdir(series))
                if self._rename(series / name):
                    return name


@contextmanager
def staged(container: Path) -> Iterator[Stage]:
    """A new stage for `container`. The end of the body removes what is left of it, and the container if it is new and empty.

    Raises:
        StorageError: nothing can be written there.
    """
    folder = container / STAGING
    name = f"{token()}@{host_name()}"
    is_new = not os.path.exists(container)  # False also where the folder above it cannot be searched
    # The lock comes first. A folder without a lock file is an orphan to every sweep, which would remove it at once.
    with storing("cannot write to"):
        lock = _inside(folder, lambda: create_claimed(folder / (name + LOCK_SUFFIX)))
    path = folder / name
    stages = None
    try:
        with storing("cannot write to"):
            # Opened once: what is removed at the end lies in this very folder, whatever its path leads to by then.
            stages = open_below(container, STAGING)
            stages.make(name)
        yield Stage(path, lock)
    finally:
        # This order must stay: folder, lock file, lock. A kill in between then leaves at most a lock file, or a folder with
        # its lock file, and the next sweep can tell both from a living stage.
        if stages is not None:
            with suppress(OSError), stages:
                stages.remove(name)
                stages.remove(name + LOCK_SUFFIX)
        lock.release()
        _tidy(container, is_new=is_new)


def place_file(container: Path, target: Path, data: bytes) -> None:
    """Give a file of a container this content, in one step.

    Args:
        container: the folder of the container, whose staging folder is used: if the process is killed, a later sweep removes
            the unfinished file.
        target: the file, in the container or in a folder of it.
        data: the new content.

    Raises:
        StorageError: nothing can be written there.
    """
    from rezup_api.disk.durable import flush_file, flush_folder  # launches do without

    with staged(container) as stage, storing("cannot write"):
        prepared = stage.path / target.name
        prepared.write_bytes(data)
        flush_file(prepared)
        target.parent.mkdir(exist_ok=True)
        with open_below(container, "/".join(target.parent.relative_to(container).parts)) as place:
            place.take(prepared, target.name)
        flush_folder(target.parent)


def _inside(folder: Path, act: Callable[[], Result]) -> Result:
    """Make a folder and do something in it; once more whenever another process removes the empty folder in between."""
    for _ in range(ATTEMPTS):
        # `Path.mkdir` looks at the folder twice. It raises FileExistsError when the folder vanishes between the two looks.
        with suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
            refuse_link(folder)
            return act()
    # A hundred times is no accident: there is a dangling link, or a file where the folder belongs. Let that error through.
    folder.mkdir(parents=True, exist_ok=True)
    return act()


def _tidy(container: Path, *, is_new: bool) -> None:
    """Remove the staging folder if it is empty, and a container that was created only for it.

    The children of a killed builder may live a moment longer than the builder. The process that takes over then finds their stage
    still held when it begins, so it sweeps once more at the end.
    """
    sweep(container)
    if is_new:
        remove_if_empty(container)


def sweep(container: Path) -> None:
    """Remove the stages and lock files in `container` whose processes have ended."""
    try:
        stages = open_below(container, STAGING)
    except OSError:
        return  # there is none; or it is a link, and what that leads to is nobody's staging folder
    with stages, suppress(OSError):
        for name in sorted(stages.names()):
            _sweep_entry(stages, container / STAGING, name)
    remove_if_empty(container / STAGING)


def refuse_link(folder: Path) -> None:
    """Raise an OSError if a folder is a symbolic link, through which rezup would write somewhere else."""
    open_below(folder.parent, folder.name).__exit__()


def _sweep_entry(stages: Folder, folder: Path, name: str) -> None:
    if _made_elsewhere(stages, name):
        return
    if name.endswith(BUILDING_SUFFIX):
        _remove_orphan(stages, folder / name, "")
    elif name.endswith(LOCK_SUFFIX):
        _remove_orphan(stages, folder / name, name.removesuffix(LOCK_SUFFIX))
    else:
        with suppress(OSError):
            # Ask the disk again instead of looking into the list: a folder that was created while it was read may be in the
            # list without its lock file, which is older than the folder.
            try:
                stages.lstat(name + LOCK_SUFFIX)
            except FileNotFoundError:
                stages.remove(name)


def _made_elsewhere(stages: Folder, name: str) -> bool:
    """Whether this belongs to another host, which may still be writing: it is less than a day old."""
    _, mark, host = name.removesuffix(LOCK_SUFFIX).partition("@")
    if not mark or host == host_name():
        return False
    try:
        return time.time() - stages.lstat(name).st_mtime < ABANDONED_ELSEWHERE
    except OSError:
        return True  # the other host has just removed it


def _remove_orphan(stages: Folder, lock_file: Path, content: str) -> None:
    """Remove a lock file that no process holds, and before it the folder `content` that it guards, if that is not empty."""
    with suppress(OSError):
        held = claim(lock_file)
        if held is not None:
            # Keep the lock until its file is gone: two sweeps would otherwise remove the same folder, and a waiting
            # builder would lock a file that is removed a moment later.
            with held:
                if content:
                    stages.remove(content)
                stages.remove(lock_file.name)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder if it holds nothing."""
    # `rmdir` fails for a folder that another process has just put something into. Never list first and remove then.
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def building(container: Path, name: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Be the only process on this machine that builds `name` in `container`; wait while another one does.

    This only avoids that two processes do the same work; that a revision appears whole is ensured by the rename. The kernel
    releases the lock when its holder dies, so that a waiting process takes over. After `LONGEST` the caller goes on without the
    lock, because everybody who may read the file can hold it for ever.

    Args:
        container: the folder of the container.
        name: what is built, a timestamp or a word.
        waiting: called once if there is another process to wait for.

    Raises:
        StorageError: the lock file cannot be created.
    """
    from filelock import FileLock, Timeout  # takes 5 times as long as Python's start: too slow for a launch

    folder = container / STAGING
    lock_file = folder / (name + BUILDING_SUFFIX)
    lock = FileLock(lock_file, mode=0o666, poll_interval=0.02)
    is_new = not os.path.exists(container)
    with storing("cannot lock"):
        try:
            _inside(folder, lambda: lock.acquire(timeout=GRACE))
        except Timeout:
            waiting()
            with suppress(Timeout):
                _inside(folder, lambda: lock.acquire(timeout=LONGEST))
    try:
        yield
    finally:
        # Remove the file while the lock is held. A waiting process then sees that its file is gone, and opens a new one; the
        # other way round, two processes could hold locks on two files of the same name.
        with suppress(OSError):
            lock_file.unlink()
        lock.release()
        _tidy(container, is_new=is_new)
