"""Keep the folders that the revisions of a container share: libraries under `libs/`, data folders under `.data/`.

Such a folder appears whole and never changes. Revisions name it in their metadata. A process that builds a revision with it holds
a lease on its record until the revision has appeared. So nobody needs a folder that no process holds and no revision names.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.files import write_whole
from rezup_api.disk.flock import Held, claim, lease_at_last
from rezup_api.disk.reading import open_below
from rezup_api.disk.staging import refuse_link, remove_if_empty, staged
from rezup_api.errors import StorageError
from rezup_api.store.layout import METADATA_FILE
from rezup_api.store.metadata import read_metadata

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from rezup_api.disk.staging import Stage
    from rezup_api.store.layout import ContainerFolder

# The file on which every process that uses the folder holds a lease.
RECORD = "shared.json"
# The digests of the folder's files, except this one and the record.
LISTING = "files.json"


def hold_shared(path: Path) -> Held | None:
    """Hold a shared folder, so that nobody removes it; None if it does not exist, or another process is removing it.

    Raises:
        OSError: its record cannot be opened.
    """
    with suppress(FileNotFoundError):
        return lease_at_last(path / RECORD)
    return None


def appear_shared(stage: Stage, target: Path, listing: str, record: str) -> Held:
    """Let a stage appear as a shared folder, and hold that. If the folder exists, hold it instead: its content is the same.

    Args:
        target: the path of the shared folder.
        listing: the digests of its files, as text.
        record: the text of its record.

    Raises:
        OSError: the folder cannot be written there.
    """
    write_whole(stage.path / LISTING, listing.encode("utf-8"))
    write_whole(stage.path / RECORD, record.encode("utf-8"))
    # The lease comes before the rename: a cleanup may remove a visible folder that nobody holds and no revision names yet.
    held = lease_at_last(stage.path / RECORD)
    target.parent.mkdir(exist_ok=True)
    refuse_link(target.parent)
    while not stage.appear(target):
        # The folder exists, but a cleanup may be removing it at this moment. Then it cannot be held, and ours may appear.
        theirs = hold_shared(target)
        if theirs is not None:
            held.release()
            return theirs
    return held


def shared_folders(folder: ContainerFolder) -> list[Path]:
    """The paths of everything in the folders `libs/` and `.data/` of a container."""
    found = []
    for place in (folder.libraries, folder.data):
        with suppress(OSError), open_below(folder.root, place.relative_to(folder.root).as_posix()) as listed:
            found += [place / name for name in sorted(listed.names())]
    return found


def needed(folder: ContainerFolder, without: Collection[str] = ()) -> set[Path]:
    """The paths of the shared folders that revisions name, whether those are ready on this machine or not.

    Args:
        without: the timestamps of revisions that do not count.

    Raises:
        StorageError: the metadata of a revision cannot be read, so nobody can say which folders it needs.
    """
    found: set[Path] = set()
    for timestamp in folder.timestamps():
        if timestamp in without:
            continue
        metadata = read_metadata(folder.revisions / timestamp / METADATA_FILE, folder.root)
        if metadata is not None:
            found |= {folder.libraries / name for name in metadata.libraries}
            found |= {folder.data / name for name in metadata.data}
    return found


def remove_unneeded(folder: ContainerFolder, path: Path) -> bool:
    """Remove a shared folder if nobody holds it and no revision names it.

    Returns:
        False if the folder stays.

    Raises:
        StorageError: the metadata of a revision cannot be read; see `needed`.
        OSError: the folder cannot be removed.
    """
    # First the lock, then the question whether a revision names the folder. A builder releases its lease only when its revision
    # is visible, so a builder that this lock does not meet is one whose revision the question finds.
    try:
        held = claim(path / RECORD)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if held is None:
        return False
    with held:
        if path in needed(folder):
            return False
        with staged(folder.path) as stage, open_below(folder.path, path.parent.name) as place:
            place.give(path.name, stage.path / path.name)
    remove_if_empty(path.parent)
    return True


def withdraw(folder: ContainerFolder, path: Path, made_for: Path) -> None:
    """Remove a shared folder that was made for a revision which has not appeared, unless somebody else needs the folder.

    Args:
        path: the shared folder.
        made_for: the folder of the revision's stage, which no longer exists when the revision has appeared.
    """
    if made_for.exists():
        with suppress(OSError, StorageError):
            remove_unneeded(folder, path)
