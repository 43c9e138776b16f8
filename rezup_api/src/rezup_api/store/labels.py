"""Labels: files that each hold one timestamp, renamed into place, so that who reads one sees the old or the new.

<container>/labels/<label>        a movable name, for `NAME@LABEL`
<container>/labels/.pin           what `use NAME` gives instead of the newest; see `pins`
<container>/labels/.published     under a local root: what the remote root has named last, and what was taken back there
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error, storing, write_whole
from rezup_api.disk.staging import place_file
from rezup_api.errors import StorageError
from rezup_api.store.names import is_label, is_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder

PUBLISHED = ".published"


def label_file(folder: ContainerFolder, label: str) -> Path:
    """The file of a label, which need not exist."""
    return folder.path / "labels" / label


def read_timestamps(folder: ContainerFolder, label: str) -> list[str] | None:
    """The timestamps that a label's file holds, at least one; None where there is no such file.

    Raises:
        StorageError: it cannot be read, or holds something else.
    """
    path = label_file(folder, label)
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_error("cannot read", error) from error
    except ValueError:
        lines = []
    if not lines or not all(is_timestamp(line) for line in lines):
        raise _damaged(path)
    return lines


def read_label(folder: ContainerFolder, label: str) -> str | None:
    """The timestamp that a label holds; None where there is no such label.

    Raises:
        StorageError: its file cannot be read, or holds something else.
    """
    lines = read_timestamps(folder, label)
    if lines is None:
        return None
    if len(lines) > 1:
        raise _damaged(label_file(folder, label))
    return lines[0]


def _damaged(path: Path) -> StorageError:
    return StorageError(f"{path} does not hold a timestamp", "remove it, or set the label anew")


def labels_of(folder: ContainerFolder) -> dict[str, str]:
    """All labels with their timestamps, sorted by name; those that cannot be read are left out."""
    try:
        names = sorted(filter(is_label, os.listdir(folder.path / "labels")))
    except OSError:
        return {}
    held = {name: _holding(folder, name) for name in names}
    return {name: timestamp for name, timestamp in held.items() if timestamp is not None}


def write_label(folder: ContainerFolder, label: str, text: str) -> None:
    """Let a label hold something else, in one step.

    Raises:
        StorageError: it cannot be written there.
    """
    place_file(folder.path, label_file(folder, label), text.encode("utf-8"))


def remove_label(folder: ContainerFolder, label: str) -> bool:
    """Remove a label; False where there is none.

    Raises:
        StorageError: it cannot be removed.
    """
    with storing("cannot remove"):
        try:
            label_file(folder, label).unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def remember_published(folder: ContainerFolder, timestamp: str, withdrawn: Sequence[str] = ()) -> None:
    """Keep in mind what the remote root has named, for the day when it does not answer; a read-only root goes without.

    Args:
        withdrawn: what was taken back there, which nothing is to fall back to.
    """
    lines = [timestamp, *withdrawn]
    with suppress(OSError, StorageError):
        if read_published(folder) != (timestamp, tuple(withdrawn)):
            path = label_file(folder, PUBLISHED)
            os.makedirs(path.parent, exist_ok=True)
            write_whole(path, "".join(f"{line}\n" for line in lines).encode())


def read_published(folder: ContainerFolder) -> tuple[str | None, tuple[str, ...]]:
    """What the remote root has named last, None when nothing is known of that, and what was taken back there."""
    try:
        lines = read_timestamps(folder, PUBLISHED) or []
    except StorageError:
        lines = []
    return (lines[0], tuple(lines[1:])) if lines else (None, ())


def _holding(folder: ContainerFolder, label: str) -> str | None:
    """The timestamp that a label holds, None too where that is none."""
    try:
        return read_label(folder, label)
    except StorageError:
        return None
