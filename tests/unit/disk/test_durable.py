"""What must survive a power loss: what is asked of the disk, which refusals count, and which are passed over."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk import durable
from rezup_api.disk.durable import FEW, flush_file, flush_folder, flush_tree
from rezup_api.disk.files import write_whole
from rezup_api.disk.staging import place_file, staged
from rezup_api.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders cannot be flushed on Windows")


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are flushed one by one, in order."""
    paths: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return paths


def refuse(monkeypatch: pytest.MonkeyPatch, number: int, kind: str = "") -> None:
    """Let the disk refuse to be flushed; `kind` is "file" or "folder" if only these are."""

    def fsync(descriptor: int) -> None:
        is_folder = os.path.isdir(f"/proc/self/fd/{descriptor}")
        if kind in ("", "folder" if is_folder else "file"):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)


def tree(top: Path, count: int) -> Path:
    """A folder with so many files in a folder of it, and a link that leads to nothing."""
    (top / "deep").mkdir(parents=True)
    for number in range(count):
        (top / "deep" / str(number)).write_text("x")
    (top / "link").symlink_to("nowhere")
    return top


def test_a_small_tree_is_flushed_file_by_file_and_folders_last(tmp_path: Path, flushed: list[str]) -> None:
    top = tree(tmp_path / "top", 3)
    flush_tree(top)
    files = [str(top / "deep" / name) for name in "012"]
    assert sorted(flushed[:3]) == files
    assert flushed[3:] == [str(top / "deep"), str(top)]


def test_a_large_tree_is_flushed_at_once(tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    top = tree(tmp_path / "top", FEW)
    asked: list[str] = []
    flush = durable._flush_file_system

    def note(path: Path) -> bool:
        asked.append(str(path))
        return flush(path)

    monkeypatch.setattr(durable, "_flush_file_system", note)
    flush_tree(top)
    assert asked == [str(top)]
    assert flushed == [] or len(flushed) == FEW + 2, "where the system cannot, each file is flushed"


def test_where_the_whole_file_system_cannot_be_flushed_each_file_is(
    tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tree(tmp_path / "top", FEW)
    monkeypatch.setattr(durable, "_flush_file_system", lambda _: False)
    flush_tree(top)
    assert len(flushed) == FEW + 2


@pytest.mark.parametrize("number", sorted(durable.CANNOT))
def test_a_file_system_that_cannot_flush_is_no_error(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, number)
    write_whole(tmp_path / "file", b"data", durable=True)
    flush_tree(tree(tmp_path / "top", 3))
    assert (tmp_path / "file").read_bytes() == b"data"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_what_the_disk_could_not_write_does_not_appear(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = tmp_path / "dev"
    place_file(container, container / "file", b"old")
    refuse(monkeypatch, number, "file")
    with pytest.raises(OSError, match="target"):
        flush_tree(tree(tmp_path / "target", 1))
    with pytest.raises(OSError, match="file"):
        write_whole(tmp_path / "file", b"data", durable=True)
    with pytest.raises(StorageError, match=os.strerror(number)):
        place_file(container, container / "file", b"new")
    with staged(container) as stage:
        (stage.path / "file").write_text("new")
        with pytest.raises(OSError, match="file"):
            stage.appear(container / "folder")
    assert sorted(os.listdir(tmp_path)) == ["dev", "target"]
    assert os.listdir(container) == ["file"]
    assert (container / "file").read_bytes() == b"old"


def test_what_has_its_name_is_done_even_if_the_folder_cannot_be_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = tmp_path / "dev"
    container.mkdir()
    with staged(container) as stage:
        (stage.path / "file").write_text("x")
        refused: list[int] = []

        def fsync(descriptor: int) -> None:
            if os.path.samestat(os.fstat(descriptor), container.stat()):
                refused.append(descriptor)
                raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "fsync", fsync)
        assert stage.appear(container / "folder")
    place_file(container, container / "file", b"data")
    flush_folder(container)
    flush_folder(container / "missing")
    assert len(refused) == 3
    assert sorted(os.listdir(container)) == ["file", "folder"]


def test_a_file_that_is_missing_cannot_be_flushed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flush_file(tmp_path / "missing")
