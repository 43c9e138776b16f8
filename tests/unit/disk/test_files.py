"""The store's way to the disk: whole or not at all, in words that tell what to do."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.files import (
    NO_LINKS,
    give_name,
    remove_tree,
    rename_if_absent,
    storage_error,
    storing,
    token,
    write_whole,
)
from rezup_api.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Other

WRITER = """
from rezup_api.disk.files import write_whole
path = Path(sys.argv[1])
wait()
for number in range(300):
    write_whole(path, bytes([number % 256]) * 100_000)
"""
RENAMER = """
from rezup_api.disk.files import rename_if_absent
folder = Path(sys.argv[1])
wait()
won = 0
for number in range(100):
    own = folder / str(os.getpid())
    own.write_text(str(os.getpid()))
    won += rename_if_absent(own, folder / f"{number}.json")
(folder / f"{os.getpid()}.won").write_text(str(won))
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this rename")


def test_tokens_differ() -> None:
    found = {token() for _ in range(1000)}
    assert len(found) == 1000
    assert all(len(name) == 16 and name.isalnum() for name in found)


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"one")
    first = path.stat().st_ino
    with path.open("rb") as reader:
        write_whole(path, b"two")
        assert reader.read() == b"one", "who has it open keeps what he opened"
    assert path.read_bytes() == b"two"
    assert path.stat().st_ino != first
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
@pytest.mark.parametrize(
    ("mode", "mask", "expected"), [(0o666, 0o022, 0o644), (0o600, 0o022, 0o600), (0o666, 0o077, 0o600)]
)
def test_the_mode_is_narrowed_by_the_umask(tmp_path: Path, mode: int, mask: int, expected: int) -> None:
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "file", b"", mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == expected


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "target" / "in it").mkdir(parents=True)
    with pytest.raises(OSError, match="target"):
        write_whole(tmp_path / "target", b"data")
    assert os.listdir(tmp_path) == ["target"]


def test_readers_never_see_half_a_file(tmp_path: Path, other: Callable[..., Other]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    writer = other(WRITER, path)
    assert writer.popen.stdin is not None
    writer.popen.stdin.write("\n")
    writer.popen.stdin.flush()
    seen = set()
    while writer.popen.poll() is None:
        content = path.read_bytes()
        assert content == content[:1] * 100_000
        seen.add(content[0])
    assert writer.finish() == 0
    assert len(seen) > 3, "nothing was read while it was written"


@linux
def test_a_rename_replaces_nothing(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    assert rename_if_absent(tmp_path / "first", tmp_path / "tärget")
    assert not rename_if_absent(tmp_path / "second", tmp_path / "tärget")
    assert (tmp_path / "tärget").read_text() == "first"
    assert sorted(os.listdir(tmp_path)) == ["second", "tärget"]


@linux
@pytest.mark.parametrize("kind", ["folder", "link", "dangling link"])
def test_a_rename_replaces_nothing_whatever_has_the_name(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("new")
    (tmp_path / "there").mkdir()
    target = tmp_path / "target"
    if kind == "folder":
        target.mkdir()
    else:
        target.symlink_to("there" if kind == "link" else "nowhere")
    assert not rename_if_absent(tmp_path / "file", target)
    assert (tmp_path / "file").read_text() == "new"
    assert target.is_dir() or target.is_symlink()
    assert os.listdir(tmp_path / "there") == []


@pytest.mark.skipif(os.name == "nt", reason="Windows renames instead")
@pytest.mark.parametrize("links", [True, False])
def test_a_name_is_given_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "mine").chmod(0o755)
    give_name(tmp_path / "mine", tmp_path / "name")
    assert (tmp_path / "name").read_text() == "mine"
    assert stat.S_IMODE((tmp_path / "name").stat().st_mode) == 0o755
    (tmp_path / "other").write_text("other")
    with pytest.raises(FileExistsError):
        give_name(tmp_path / "other", tmp_path / "name")
    assert (tmp_path / "name").read_text() == "mine"
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        give_name(tmp_path / "other", tmp_path / "free")
    assert not (tmp_path / "free").exists()


@linux
@pytest.mark.parametrize(("path", "target"), [("nothing", "target"), ("file", "no folder/target")])
def test_a_rename_that_fails_says_where(tmp_path: Path, path: str, target: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError) as caught:
        rename_if_absent(tmp_path / path, tmp_path / target)
    assert caught.value.filename == str(tmp_path / target)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(sys.platform == "linux", reason="Linux has this rename")
def test_a_system_without_such_a_rename_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)) as caught:
        rename_if_absent(tmp_path / "file", tmp_path / "target")
    assert caught.value.errno in NO_LINKS


@linux
def test_of_many_who_rename_to_one_name_one_succeeds(tmp_path: Path, other: Callable[..., Other]) -> None:
    renamers = [other(RENAMER, tmp_path) for _ in range(3)]
    threads = [threading.Thread(target=renamer.finish) for renamer in renamers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = {renamer.pid: int((tmp_path / f"{renamer.pid}.won").read_text()) for renamer in renamers}
    assert sum(won.values()) == 100
    found = [int((tmp_path / f"{number}.json").read_text()) for number in range(100)]
    assert {pid: found.count(pid) for pid in won} == won


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "write permission"),
        (errno.EPERM, "write permission"),
        (errno.EROFS, "read-only"),
        (errno.EFBIG, "ulimit -f"),
        (errno.ENOTDIR, "a file is where a folder belongs"),
        (errno.EIO, ""),
    ],
)
def test_a_refusal_says_where_why_and_what_to_do(number: int, hint: str) -> None:
    error = storage_error("cannot write", OSError(number, os.strerror(number), "/some/place"))
    assert error.message == f"cannot write /some/place: {os.strerror(number)}"
    assert hint in error.hint
    assert bool(error.hint) is bool(hint)


def test_only_what_the_system_refuses_is_put_into_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot look at .*nothing") as caught, storing("cannot look at"):
        os.stat(tmp_path / "nothing")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(ValueError, match="other"), storing("cannot look at"):
        raise ValueError("other")


def test_a_tree_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    tree = tmp_path / "tree"
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "deep" / "link").symlink_to(outside)
    (tree / "dangling").symlink_to("nowhere")
    remove_tree(tree)
    remove_tree(tree)  # what is gone is fine
    assert not tree.exists()
    assert (outside / "kept").read_text() == "kept"


def test_write_protected_folders_are_removed_too(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    def act() -> None:
        tree = open_folder / "tree"
        (tree / "protected" / "deeper").mkdir(parents=True)
        (tree / "protected" / "deeper" / "file").write_text("x")
        (tree / "protected" / "deeper").chmod(0o555)
        (tree / "protected").chmod(0o555)
        with pytest.raises(PermissionError):
            (tree / "protected" / "deeper" / "file").unlink()
        remove_tree(tree)
        assert not tree.exists()

    unprivileged(act)
