"""Labels: what their files may hold, and what is kept in mind of a remote root."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import StorageError
from rezup_api.store.labels import LABELS, PIN, PUBLISHED
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder

FIRST, SECOND = "1700000001.000000", "1700000002.5"


def write(folder: ContainerFolder, label: str, content: bytes) -> Path:
    """Write the file of a label, whatever it is to hold."""
    path = folder.path / LABELS / label
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_where_labels_lie(folder: ContainerFolder) -> None:
    assert (folder.path / LABELS / "staging") == folder.path / "labels" / "staging"
    assert (PIN, PUBLISHED) == (".pin", ".published")


@pytest.mark.parametrize("content", [b"1700000002.5", b"1700000002.5\n", b" 1700000002.5\r\n\n"])
def test_a_label_holds_a_timestamp(folder: ContainerFolder, content: bytes) -> None:
    write(folder, "staging", content)
    assert local_root(folder).label("staging") == SECOND


@pytest.mark.parametrize(
    "content", [b"", b"latest", b"dev@1700000002.5", b"1700000001.0 1700000002.0", b"\xff\xfe", b"../x"]
)
def test_what_holds_something_else_is_refused(folder: ContainerFolder, content: bytes) -> None:
    path = write(folder, "staging", content)
    with pytest.raises(StorageError) as error:
        local_root(folder).label("staging")
    assert error.value.message == f"{path} is damaged: it does not hold a timestamp"
    assert error.value.hint


def test_there_need_be_no_label(folder: ContainerFolder) -> None:
    assert local_root(folder).label(PIN) is None
    folder.path.mkdir(parents=True)
    (folder.path / "labels").touch()
    assert local_root(folder).label(PIN) is None


def test_a_label_that_cannot_be_read_is_an_error(folder: ContainerFolder) -> None:
    (folder.path / LABELS / "staging").mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot read"):
        local_root(folder).label("staging")


def test_what_was_published_is_written_only_when_it_changes(folder: ContainerFolder) -> None:
    local_root(folder).remember_published(FIRST)
    path = folder.path / LABELS / PUBLISHED
    assert path.read_bytes() == f"{FIRST}\n".encode()
    before = path.stat()
    local_root(folder).remember_published(FIRST)
    assert path.stat() == before
    local_root(folder).remember_published(SECOND)
    assert local_root(folder).label(PUBLISHED) == SECOND
    assert path.stat().st_ino != before.st_ino, "it was replaced, not rewritten"
    assert os.listdir(path.parent) == [PUBLISHED]


def test_damage_is_mended(folder: ContainerFolder) -> None:
    write(folder, PUBLISHED, b"nonsense")
    local_root(folder).remember_published(FIRST)
    assert local_root(folder).label(PUBLISHED) == FIRST


def test_where_nothing_can_be_written_nothing_is_said(
    folder: ContainerFolder, open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    place = type(folder)(open_folder / "root", "dev")
    place.path.mkdir(parents=True)
    unprivileged(lambda: local_root(place).remember_published(FIRST))
    assert os.listdir(place.path) == []
