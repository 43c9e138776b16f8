"""What the revisions of a container share beside them: libraries under `libs/`, data folders under `.data/`.

Each is a folder that appears whole, never changes, and is named by revisions in their metadata. Who builds a revision with one
holds a lease on its record until the revision has appeared, so that what nobody holds and no revision names is not needed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.files import write_whole
from rezup_api.disk.flock import Held, claim, lease
from rezup_api.disk.staging import remove_if_empty, staged
from rezup_api.errors import StorageError
from rezup_api.store.layout import METADATA_FILE
from rezup_api.store.metadata import read_metadata

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from rezup_api.disk.staging import Stage
    from rezup_api.store.layout import ContainerFolder

# The file on which those who use the folder hold a lease.
RECORD = "shared.json"
# The digests of its files; not listed itself, nor is the record.
LISTING = "files.json"


def hold_shared(path: Path) -> Held | None:
    """Hold a shared folder, so that nobody removes it; None where there is none."""
    with suppress(FileNotFoundError):
        return lease(path / RECORD)
    return None


def appear_shared(stage: Stage, target: Path, listing: str, record: str) -> Held:
    """Let a stage appear as a shared folder, and hold it; one that is there already is the same.

    Args:
        listing: the digests of its files, as text.
        record: what else is to be known of it.

    Raises:
        OSError: it cannot be written there.
    """
    write_whole(stage.path / LISTING, listing.encode("utf-8"))
    write_whole(stage.path / RECORD, record.encode("utf-8"))
    held = None
    while held is None:
        held = lease(stage.path / RECORD)  # before it appears, for what nobody holds may be removed
    target.parent.mkdir(exist_ok=True)
    while not stage.appear(target):
        theirs = hold_shared(target)
        if theirs is not None:
            held.release()
            return theirs
    return held


def shared_folders(folder: ContainerFolder) -> list[Path]:
    """All that lies under `libs/` and `.data/` of a container."""
    found = []
    for place in (folder.libraries, folder.data):
        with suppress(OSError):
            found += [place / name for name in sorted(os.listdir(place))]
    return found


def needed(folder: ContainerFolder, without: Collection[str] = ()) -> set[Path]:
    """The shared folders that revisions name, ready here or not.

    Args:
        without: revisions that do not count.

    Raises:
        StorageError: the metadata of one cannot be read, so that it cannot be said what is needed.
    """
    found: set[Path] = set()
    for timestamp in folder.timestamps():
        if timestamp in without:
            continue
        metadata = read_metadata(folder.revisions / timestamp / METADATA_FILE)
        if metadata is not None:
            found |= {folder.libraries / name for name in metadata.libraries}
            found |= {folder.data / name for name in metadata.data}
    return found


def remove_unneeded(folder: ContainerFolder, path: Path) -> bool:
    """Remove a shared folder that nobody holds and no revision names; False where it stays.

    What is asked first is whether somebody holds it: a builder lets go of it only when its revision can be seen.

    Raises:
        StorageError: it cannot be said whether it is needed.
        OSError: it cannot be removed.
    """
    try:
        held = claim(path / RECORD)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if held is None:
        return False
    with held:
        if path in needed(folder):
            return False
        with staged(folder.path) as stage:
            os.rename(path, stage.path / path.name)
    remove_if_empty(path.parent)
    return True


def withdraw(folder: ContainerFolder, path: Path, made_for: Path) -> None:
    """Remove what was made for a revision that has not appeared, if nobody else needs it.

    Args:
        made_for: the stage of the revision, which is gone when that has appeared.
    """
    if made_for.exists():
        with suppress(OSError, StorageError):
            remove_unneeded(folder, path)
