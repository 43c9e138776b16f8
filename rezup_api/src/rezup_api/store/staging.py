"""Prepare a folder where nobody looks, then let it appear by one rename; and clear what killed processes left behind.

    <container>/.staging/<token>/        what is being made
    <container>/.staging/<token>.lock    held by its maker and by every process the maker started
    <container>/.staging/<name>.building held by the one that builds a certain revision, so that others wait

Whether a maker lives is told by its lock, never by a PID: roots are shared by hosts. The lock file is there before the folder
and goes after it, so a folder whose lock can be taken is an orphan.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rezup_api.store.files import remove_tree, storing, token
from rezup_api.store.locks import Held, claim, create_claimed, in_turn
from rezup_api.store.names import following_timestamp, timestamp_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from filelock import BaseFileLock

    from rezup_api.store.layout import ContainerFolder

FOLDER = ".staging"
LOCK_SUFFIX = ".lock"
BUILDING_SUFFIX = ".building"


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


def appear_next(stage: Stage, folder: ContainerFolder, newest: str | None = None) -> str:
    """Let `stage` appear as the next revision of a container.

    Args:
        newest: a timestamp that the new one must be greater than, besides all that are there.

    Returns:
        Its timestamp: now, or one microsecond after the greatest where the clock is behind.
    """
    folder.revisions.mkdir(exist_ok=True)
    with in_turn(folder.revisions):
        while True:
            known = [*folder.timestamps()[:1], *([newest] if newest else [])]
            timestamp = following_timestamp(time.time_ns(), max(known, key=timestamp_order, default=None))
            if stage.appear(folder.revisions / timestamp):
                return timestamp


@contextmanager
def staged(container: Path) -> Iterator[Stage]:
    """A new stage for `container`; whatever is still there at the end is removed.

    Raises:
        StorageError: it cannot be written there.
    """
    folder = container / FOLDER
    name = token()
    with storing("cannot write to"):
        lock = _lock_in(folder, name)
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
        remove_if_empty(folder)


def _lock_in(folder: Path, name: str) -> Held:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return create_claimed(folder / (name + LOCK_SUFFIX))
        except FileNotFoundError:
            continue  # the empty folder was tidied away by another process just now


def sweep(container: Path, wait: float = 0.0) -> None:
    """Clear what dead makers left in `container`.

    Args:
        wait: seconds to wait for processes that a dead builder started and that have not noticed yet.
    """
    folder = container / FOLDER
    deadline = time.monotonic() + wait
    while _sweep_once(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    remove_if_empty(folder)


def _sweep_once(folder: Path) -> int:
    """Clear the orphans; how many entries are still held by somebody."""
    try:
        names = os.listdir(folder)
    except OSError:
        return 0
    held = 0
    for name in sorted(names):
        stem = name.removesuffix(LOCK_SUFFIX).removesuffix(BUILDING_SUFFIX)
        if name.endswith(BUILDING_SUFFIX):
            _remove_orphan(folder / name, None)
        elif name.endswith(LOCK_SUFFIX):
            held += not _remove_orphan(folder / name, folder / stem)
        elif stem + LOCK_SUFFIX not in names:
            with suppress(OSError):
                remove_tree(folder / name)
    return held


def _remove_orphan(lock_file: Path, content: Path | None) -> bool:
    """Remove a lock file that nobody holds, and first what it guards; False while somebody holds it."""
    try:
        held = claim(lock_file)
    except OSError:
        return True
    if held is None:
        return not lock_file.exists()
    with held, suppress(OSError):
        if content is not None:
            remove_tree(content)
        lock_file.unlink(missing_ok=True)
    return True


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
    from filelock import (  # 5 times the start of Python: for those that build, not for those that launch
        FileLock,
        Timeout,
    )

    folder = container / FOLDER
    lock_file = folder / (name + BUILDING_SUFFIX)
    lock = FileLock(lock_file, mode=0o666, poll_interval=0.02)
    with storing("cannot lock"):
        try:
            _acquire(lock, folder, 0)
        except Timeout:
            waiting()
            _acquire(lock, folder, -1)
    try:
        yield
    finally:
        lock_file.unlink(
            missing_ok=True
        )  # while it is held: a waiting process sees that its file is gone, and opens anew
        lock.release()
        remove_if_empty(folder)


def _acquire(lock: BaseFileLock, folder: Path, timeout: float) -> None:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=timeout)
        except FileNotFoundError:
            continue  # the empty folder was tidied away by the one who held the lock
        return
