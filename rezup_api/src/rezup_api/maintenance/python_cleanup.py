"""Remove the interpreters that rezup has provided and that no revision needs any more."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.flock import claim
from rezup_api.disk.reading import open_below
from rezup_api.disk.staging import staged
from rezup_api.pythons.provided import ABOUT, FOLDER, provided, provided_by, pythons_folder
from rezup_api.storage.folder import FolderStorage
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.revision import newest_first
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.store.revision import Revision

# Seconds. A younger one may have been installed for a revision that is yet to be made.
YOUNG = 86400.0


def made_with(root: Path) -> dict[str, list[str]]:
    """The revisions of a local root that were made with each interpreter, by the path of its program."""
    found: dict[str, list[str]] = {}
    for revision in _revisions(root):
        metadata = revision.metadata
        for path in {one.interpreter for one in metadata.environments} if metadata is not None else ():
            found.setdefault(path, []).append(str(revision))
    return found


def prune_pythons(root: Path, now: float | None = None) -> list[str]:
    """Remove the interpreters of a local root that are older than a day and that nobody needs.

    Args:
        now: seconds since the epoch; None for this moment.

    Returns:
        The keys of those that were removed.

    Raises:
        StorageError: the root cannot be written.
    """
    there = provided(root)
    # A revision that cannot be read may need any of them.
    if not there or any(one.metadata is None for one in _revisions(root)):
        return []
    needed = _needed(root)
    moment = time.time() if now is None else now
    return [one.key for one in there if one.key not in needed and _remove(root, one.key, moment)]


def _needed(root: Path) -> set[str]:
    return {provided_by(root, path) for path in made_with(root)}


def _revisions(root: Path) -> list[Revision]:
    return [one for name in list_containers(FolderStorage(root)) for one in newest_first(ContainerFolder(root, name))]


def _remove(root: Path, key: str, moment: float) -> bool:
    """Remove one, unless it is young or a build holds it; whether it was removed."""
    path = pythons_folder(root) / key
    with suppress(OSError):
        if moment - os.lstat(path / ABOUT).st_mtime < YOUNG:
            return False
        held = claim(path / ABOUT)
        if held is None:
            return False
        try:
            if key in _needed(root):  # a revision may have appeared before the lock was had
                return False
            with staged(pythons_folder(root)) as stage, open_below(root, FOLDER) as pythons:
                pythons.give(key, stage.path / key)
        finally:
            held.release()
        return True
    return False
