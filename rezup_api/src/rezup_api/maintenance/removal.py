"""Remove a container: not while anybody uses it, and whole or not at all."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.disk.flock import claim
from rezup_api.disk.staging import LOCK_SUFFIX, STAGING, staged, sweep
from rezup_api.errors import BusyError, NotFoundError
from rezup_api.maintenance.holders import holders
from rezup_api.store.revision import newest_first

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder


def drop_container(folder: ContainerFolder, *, force: bool = False) -> bool:
    """Remove a container under a root.

    It is renamed away in one step and then deleted, so that nobody ever sees half of it.

    Args:
        force: also while it is used.

    Returns:
        Whether all its files are gone; else they lie in a stage of the root, and are cleared when that can be.

    Raises:
        NotFoundError: there is none.
        BusyError: processes use a revision of it, or build one.
        StorageError: it cannot be removed.
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
            os.rename(folder.path, stage.path / folder.name)
            locks.close()
    return not stage.path.exists()


def _claim_all(folder: ContainerFolder, locks: ExitStack) -> None:
    """Take every lock that a user or a builder of the container would hold.

    From then on nobody can enter a revision; who tries finds the container gone.
    """
    used = [revision for revision in newest_first(folder) if not _claimed(revision.lock_file, locks)]
    entered = holders(newest_first(folder))
    if used or entered:
        named = [str(holder) for holder in entered]
        known = {holder.revision for holder in entered}
        named += [
            f"a process that cannot be looked at uses {revision}" for revision in used if str(revision) not in known
        ]
        raise BusyError(
            f"{folder.name} is in use:\n  " + "\n  ".join(named),
            "end these first, or remove it all the same with --force",
            named,
        )
    for lock_file in _stage_locks(folder):
        if not _claimed(lock_file, locks):
            raise BusyError(f"a revision of {folder.name} is being built", "wait for that, or use --force")


def _claimed(lock_file: Path, locks: ExitStack) -> bool:
    """Hold a lock alone; False while somebody else does. One that is gone, or never was, stands for nobody."""
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
        return [path for path in (folder.path / STAGING).iterdir() if path.name.endswith(LOCK_SUFFIX)]
    except OSError:
        return []


BLOCK = 512


def freed(folders: Iterable[Path]) -> int:
    """The bytes on the disk of which all names lie within the folders."""
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
