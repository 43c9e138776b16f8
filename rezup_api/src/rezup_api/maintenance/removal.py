"""Remove a container, or a revision that is good for nothing: whole or not at all, and only if no process uses it."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error, storing
from rezup_api.disk.flock import claim
from rezup_api.disk.reading import open_below
from rezup_api.disk.staging import LOCK_SUFFIX, STAGING, building, staged, sweep
from rezup_api.errors import BusyError, NotFoundError, StorageError
from rezup_api.maintenance.holders import holders
from rezup_api.store.revision import INCOMPLETE, load_revision, newest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.revision import Revision


# Seconds without a change after which nobody is writing an unfinished revision any more.
QUIET = 3600.0


def drop_container(folder: ContainerFolder, *, force: bool = False) -> bool:
    """Remove a container: rename it away in one step, then delete its files, so that no other process sees a part of it.

    Args:
        folder: the container's folder.
        force: remove it even while processes use it.

    Returns:
        Whether all files are deleted. If not, they lie in a stage of the root, and a later command deletes them.

    Raises:
        NotFoundError: there is no such container.
        BusyError: a process uses a revision of the container, or builds one.
        StorageError: the container cannot be renamed.
    """
    if not folder.path.is_dir():
        raise NotFoundError(
            f"there is no container {folder.name} under {folder.root}", "see what there is: rezup status"
        )
    sweep(folder.path)
    sweep(folder.root)
    with ExitStack() as locks:
        if not force:
            _claim_all(folder, locks)
        try:
            with storing("cannot remove"), staged(folder.root) as stage:
                with open_below(folder.root) as root:
                    root.give(folder.name, stage.path / folder.name)
                # The locks end only after the rename. An earlier release would let a process enter a revision that is
                # about to go.
                locks.close()
        except StorageError:
            if folder.path.is_dir():
                raise
            return False  # the container is gone, and only clearing up after it has failed
    return not stage.path.exists()


def _claim_all(folder: ContainerFolder, locks: ExitStack) -> None:
    """Take every lock that a process in the container, or one that builds in it, would hold.

    From then on no process can enter a revision: one that tries finds the container gone.

    Raises:
        BusyError: another process holds one of the locks, or /proc shows one that uses a revision.
        StorageError: a lock cannot be opened.
    """
    used = [revision for revision in newest_first(folder) if not _claimed(revision.lock_file, locks)]
    entered = holders(newest_first(folder))
    if used or entered:
        named = [str(holder) for holder in entered]
        known = {holder.revision for holder in entered}
        named += [
            f"a process that this user may not see uses {revision}" for revision in used if str(revision) not in known
        ]
        raise BusyError(
            f"{folder.name} is in use:\n  " + "\n  ".join(named),
            "end these first, or remove it all the same with --force",
            named,
        )
    for lock_file in _stage_locks(folder):
        if not _claimed(lock_file, locks):
            raise BusyError(f"a revision of {folder.name} is being built", "wait until that has ended, or use --force")


def _claimed(lock_file: Path, locks: ExitStack) -> bool:
    """Take a lock exclusively, until `locks` ends; False if another process holds it. A missing lock file has no holder."""
    try:
        held = claim(lock_file)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise storage_error("cannot hold", error) from error
    if held is None:
        return not lock_file.exists()
    locks.enter_context(held)
    return True


def _stage_locks(folder: ContainerFolder) -> list[Path]:
    try:
        with open_below(folder.path, STAGING) as stages:
            return [folder.path / STAGING / name for name in stages.names() if name.endswith(LOCK_SUFFIX)]
    except OSError:
        return []


def make_way(folder: ContainerFolder, timestamp: str, waiting: Callable[[], None]) -> None:
    """Remove a revision that is damaged or was never finished, so that it can be built anew.

    A revision that is good, and one that another rezup may still be writing, stays.

    Args:
        folder: the container's folder.
        timestamp: the revision's name.
        waiting: called once if another process builds the revision, for which this one then waits.

    Raises:
        BusyError: processes use it.
        StorageError: it cannot be removed.
    """
    if not load_revision(folder, timestamp).fault:
        return
    with building(folder.path, timestamp, waiting), ExitStack() as locks:
        # Look again: the process that this one waited for may have built it.
        revision = load_revision(folder, timestamp)
        # rezup 2.x builds a revision in its place, and writes the metadata at the end.
        if not revision.fault or (revision.fault == INCOMPLETE and time.time() - changed_last(revision) < QUIET):
            return
        with storing("cannot hold"):
            free = _claimed(revision.lock_file, locks)
        entered = [str(holder) for holder in holders([revision])]
        if entered or not free:
            why = "\n  ".join(entered or ["a process that this user may not see uses it"])
            raise BusyError(
                f"{revision} is {revision.fault}, and in use:\n  {why}", "end these, then try again", entered
            )
        with storing("cannot remove"), staged(folder.path) as stage:
            os.rename(revision.path, stage.path / timestamp)


def changed_last(revision: Revision) -> float:
    """When anything in the folder of a revision was changed last, in seconds since the epoch."""
    newest = 0.0
    for place, folders, files in os.walk(revision.path):
        for name in (".", *folders, *files):
            with suppress(OSError):
                newest = max(newest, os.lstat(os.path.join(place, name)).st_ctime)
    return newest


BLOCK = 512


def freed(folders: Iterable[Path]) -> int:
    """How many bytes on the disk are freed if the folders are deleted: a file with a hard link elsewhere frees nothing."""
    seen: dict[tuple[int, int], int] = {}
    total = 0
    for folder in folders:
        for place, _, files in os.walk(folder):
            with suppress(OSError):
                total += os.lstat(place).st_blocks * BLOCK
            for name in files:
                with suppress(OSError):
                    status = os.lstat(os.path.join(place, name))
                    inode = (status.st_dev, status.st_ino)
                    seen[inode] = seen.get(inode, 0) + 1
                    if seen[inode] == status.st_nlink:
                        total += status.st_blocks * BLOCK
    return total
