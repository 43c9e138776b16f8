"""Folders as storages: where they differ, one of this machine and one that many machines see."""

from __future__ import annotations

import errno
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.files import NO_LINKS
from rezup_api.errors import RemoteError, StorageError
from rezup_api.storage.folder import FolderStorage, SharedFolder
from rezup_api.storage.interface import Witness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Other

posix = pytest.mark.skipif(os.name == "nt", reason="such files are POSIX")
CREATOR = """
import errno
from rezup_api.storage.folder import FolderStorage
storage = FolderStorage(Path(sys.argv[1]))
if sys.argv[3] == "rename":
    def refuse(source, target):
        raise OSError(errno.EPERM, "Operation not permitted", str(target))
    os.link = refuse
wait()
won = sum(storage.put_if_absent(f"dev/log/{number}.json", str(os.getpid()).encode()) for number in range(50))
Path(sys.argv[2]).write_text(str(won))
"""


def test_a_folder_of_this_machine_is_made_by_the_first_write(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "new" / "root")
    assert storage.names("") == []
    storage.put("dev/labels/a", b"1")
    assert storage.get("dev/labels/a") == b"1"


def test_a_share_that_is_not_mounted_is_never_made(tmp_path: Path) -> None:
    storage = SharedFolder(tmp_path / "away")
    acts: tuple[Callable[[], object], ...] = (
        lambda: storage.get("a"),
        lambda: storage.names(""),
        lambda: storage.put("a/b", b"1"),
        lambda: storage.append("a/b", {}, lambda names: "1"),
        lambda: storage.delete("a/b"),
    )
    for act in acts:
        with pytest.raises(RemoteError, match="is not there"):
            act()
    assert os.listdir(tmp_path) == []


def test_where_the_share_may_hang_another_process_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = SharedFolder(tmp_path)
    storage.put("dev/a", b"1")
    monkeypatch.setattr("rezup_api.storage.folder.may_hang", lambda path: True)
    assert storage.get("dev/a") == b"1"
    assert storage.get_many(["dev/a", "dev/b"]) == {"dev/a": b"1"}
    assert storage.names("dev") == ["a"]
    (tmp_path / "file").touch()
    with pytest.raises(RemoteError, match=f"cannot list the remote root {tmp_path}: Not a directory"):
        storage.names("file")


def test_one_file_that_cannot_be_read_spoils_only_the_question_about_itself(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    storage = FolderStorage(open_folder)
    storage.put("dev/a", b"1")
    storage.put("dev/b", b"2")
    (open_folder / "dev" / "c").mkdir()
    (open_folder / "dev" / "a").chmod(0)

    def act() -> None:
        assert storage.get_many(["dev/a", "dev/b", "dev/c"]) == {"dev/a": None, "dev/b": b"2", "dev/c": None}
        with pytest.raises(StorageError, match="cannot read"):
            storage.get("dev/a")

    unprivileged(act)


@posix
@pytest.mark.parametrize("kind", ["pipe", "link", "dangling link", "device"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    storage = SharedFolder(tmp_path)
    storage.put("dev/a", b"1")
    path = tmp_path / "dev" / "b"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"link": "a", "dangling link": "nowhere", "device": "/dev/zero"}[kind])
    assert storage.get_many(["dev/a", "dev/b", "dev/c"]) == {"dev/a": b"1", "dev/b": None}
    with pytest.raises(RemoteError, match="cannot read the remote root"):
        storage.get("dev/b")


WAYS = [
    "link",
    pytest.param("rename", marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a rename")),
]


@pytest.mark.parametrize("way", WAYS)
def test_of_many_creators_of_a_name_one_succeeds(tmp_path: Path, other: Callable[..., Other], way: str) -> None:
    creators = [other(CREATOR, tmp_path / "root", tmp_path / f"won{number}", way) for number in range(4)]
    threads = [threading.Thread(target=creator.finish) for creator in creators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(int((tmp_path / f"won{number}").read_text()) for number in range(4)) == 50
    storage = FolderStorage(tmp_path / "root")
    pids = {str(creator.pid).encode() for creator in creators}
    assert {storage.get(f"dev/log/{number}.json") for number in range(50)} <= pids
    assert os.listdir(tmp_path / "root" / "dev") == ["log"]


def refuse_links(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have no hard links."""

    def refuse(source: object, target: object) -> None:
        raise OSError(number, os.strerror(number), str(target))

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a rename")
@pytest.mark.parametrize("number", sorted(NO_LINKS), ids=errno.errorcode.get)
def test_without_hard_links_a_name_is_still_created_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse_links(monkeypatch, number)
    storage = FolderStorage(tmp_path)
    storage.check_writable("dev/log")
    assert storage.put_if_absent("dev/log/1.json", b"first")
    assert not storage.put_if_absent("dev/log/1.json", b"second")
    assert storage.get("dev/log/1.json") == b"first"
    assert os.listdir(tmp_path / "dev") == ["log"]


def test_a_folder_that_can_create_nothing_once_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> bool:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    refuse_links(monkeypatch, errno.EPERM)
    monkeypatch.setattr("rezup_api.storage.folder.rename_if_absent", refuse)
    for storage in (FolderStorage(tmp_path), SharedFolder(tmp_path)):
        for act in (lambda: storage.check_writable("dev/log"), lambda: storage.put_if_absent("dev/log/1", b"")):  # noqa: B023
            with pytest.raises(storage.failure, match="neither hard links nor a rename that replaces nothing"):
                act()
    assert storage.names("dev/log") == []


def test_another_refusal_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_links(monkeypatch, errno.EROFS)
    with pytest.raises(StorageError, match=os.strerror(errno.EROFS)):
        FolderStorage(tmp_path).put_if_absent("dev/log/1", b"")


def test_the_witnesses_of_names_are_their_files(tmp_path: Path) -> None:
    found = FolderStorage(tmp_path).witness(["dev/labels/a", "dev/revisions"])
    assert found == Witness((tmp_path / "dev" / "labels" / "a", tmp_path / "dev" / "revisions"))


def test_a_share_is_also_known_by_where_it_is_mounted(tmp_path: Path) -> None:
    storage = SharedFolder(tmp_path)
    assert storage.witness(["a"]) == Witness((tmp_path / "a",), (), (tmp_path,))
    assert storage.witness(["a"], complete=False) == Witness((tmp_path / "a",), (tmp_path,), (tmp_path,))
