"""Remove a container under a local root, whole or not at all, and only if no process uses it."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.disk.flock import claim
from rezup_api.disk.reading import open_below
from rezup_api.disk.staging import LOCK_SUFFIX, STAGING, staged, sweep
from rezup_api.errors import BusyError, NotFoundError
from rezup_api.maintenance.holders import holders
from rezup_api.store.revision import newest_first

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder


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
        with storing("cannot remove"), staged(folder.root) as stage:
            with open_below(folder.root) as root:
                root.give(folder.name, stage.path / folder.name)
            # The locks end only after the rename. An earlier release would let a process enter a revision that is about to go.
            locks.close()
    return not stage.path.exists()


def _claim_all(folder: ContainerFolder, locks: ExitStack) -> None:
    """Take every lock that a process in the container, or one that builds in it, would hold.

    From then on no process can enter a revision: one that tries finds the container gone.

    Raises:
        BusyError: another process holds one of the locks, or /proc shows one that uses a revision.
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
