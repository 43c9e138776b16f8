"""Labels: files that each hold one timestamp, renamed into place, so that who reads one sees the old or the new.

<container>/labels/<label>        a movable name, for `NAME@LABEL`
<container>/labels/.pin           what `use NAME` gives instead of the newest
<container>/labels/.published     under a local root: what the remote root named when it was last asked
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.errors import StorageError
from rezup_api.store.files import storage_error, write_whole
from rezup_api.store.names import is_timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder

PIN = ".pin"
PUBLISHED = ".published"


def label_file(folder: ContainerFolder, label: str) -> Path:
    """The file of a label, which need not exist."""
    return folder.path / "labels" / label


def read_label(folder: ContainerFolder, label: str) -> str | None:
    """The timestamp that a label holds; None where there is no such label.

    Raises:
        StorageError: its file cannot be read, or holds something else.
    """
    path = label_file(folder, label)
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_error("cannot read", error) from error
    except ValueError:
        text = ""
    if not is_timestamp(text):
        raise StorageError(f"{path} does not hold a timestamp", "remove it, or set the label anew")
    return text


def remember_published(folder: ContainerFolder, timestamp: str) -> None:
    """Keep in mind what the remote root has named, for the day when it does not answer; a read-only root goes without."""
    with suppress(OSError, StorageError):
        if _holding(folder, PUBLISHED) != timestamp:
            path = label_file(folder, PUBLISHED)
            os.makedirs(path.parent, exist_ok=True)
            write_whole(path, f"{timestamp}\n".encode())


def _holding(folder: ContainerFolder, label: str) -> str | None:
    """The timestamp that a label holds, None too where that is none."""
    try:
        return read_label(folder, label)
    except StorageError:
        return None
