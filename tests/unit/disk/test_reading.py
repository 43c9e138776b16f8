"""Files that others can write: only what is a regular file, and not too large, is read, and nothing waits."""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.reading import UNUSABLE, open_below, read_below, read_file, read_own

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="such files are POSIX")


def make(path: Path, kind: str) -> Path:
    """Something that is no regular file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.with_name("target").write_bytes(b"data")
        path.symlink_to("target")
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    return path


KINDS = {
    "pipe": errno.EINVAL,
    "folder": errno.EISDIR,
    "link": errno.ELOOP,
    "dangling link": errno.ELOOP,
    "socket": errno.ENXIO,
}


@pytest.mark.parametrize("content", [b"", b"data", b"\r\n\x1a\0\xff", b"x" * 100_000])
def test_a_file_is_read_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert read_file(path) == read_file(str(path)) == read_file(path, len(content)) == content


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    path = make(type(tmp_path)("thing"), kind)
    with pytest.raises(OSError, match=r"thing|regular|directory") as caught:
        read_file(path)
    # Some systems have a number of their own for what cannot be opened so.
    assert caught.value.errno == KINDS[kind] or sys.platform != "linux"
    assert caught.value.errno in UNUSABLE or sys.platform != "linux"


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize("kind", [*KINDS, "file"])
def test_nothing_stays_open(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = make(type(tmp_path)("thing"), kind)
    if kind == "file":
        path.write_bytes(b"more than one byte")
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        assert read_own(path, 1) is None
        with pytest.raises(OSError, match=r"thing|regular|more than"):
            read_file(path, 1)
    assert sorted(os.listdir("/proc/self/fd")) == before


@posix
def test_a_device_is_refused() -> None:
    with pytest.raises(OSError, match="regular") as caught:
        read_file("/dev/zero")
    assert caught.value.errno in UNUSABLE


@posix
def test_a_pipe_that_somebody_writes_to_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        os.write(descriptor, b"data")
        with pytest.raises(OSError, match="regular"):
            read_file(tmp_path / "pipe")
    finally:
        os.close(descriptor)


@posix
def test_a_link_on_the_way_is_followed(tmp_path: Path) -> None:
    """Shares are reached through links; only the last part of the path is what others can replace."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(b"data")
    (tmp_path / "link").symlink_to("real")
    assert read_file(tmp_path / "link" / "file") == b"data"


def test_what_does_not_exist_is_not_unusable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError) as caught:
        read_file(tmp_path / "nothing")
    assert caught.value.errno not in UNUSABLE
    if os.name == "posix":
        with pytest.raises(NotADirectoryError):
            read_file(tmp_path / "file" / "inner")


@pytest.mark.parametrize(("size", "limit", "fits"), [(5, 5, True), (6, 5, False), (0, 0, True), (1, 0, False)])
def test_a_file_may_be_as_large_as_the_limit(tmp_path: Path, size: int, limit: int, fits: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    if fits:
        assert read_file(path, limit) == b"x" * size
    else:
        with pytest.raises(OSError, match=f"more than {limit} bytes") as caught:
            read_file(path, limit)
        assert caught.value.errno == errno.EFBIG
        assert errno.EFBIG in UNUSABLE


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_file_that_is_larger_than_it_says_is_refused() -> None:
    """The kernel says that these files are empty, like a file that grows while it is read."""
    assert os.stat("/proc/self/status").st_size == 0
    with pytest.raises(OSError, match="more than 100 bytes"):
        read_file("/proc/self/status", 100)


def test_a_huge_file_costs_nothing(tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(OSError, match="more than"):
        read_file(tmp_path / "file")


def test_a_file_without_permission_is_unusable(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    (open_folder / "file").write_bytes(b"data")
    (open_folder / "file").chmod(0)

    def act() -> None:
        with pytest.raises(PermissionError) as caught:
            read_file(open_folder / "file")
        assert caught.value.errno in UNUSABLE
        assert read_own(open_folder / "file") is None

    unprivileged(act)


@posix
@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOMEM, errno.EMFILE])
def test_what_may_go_better_next_time_is_not_unusable(number: int) -> None:
    assert number not in UNUSABLE


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EFBIG])
def test_what_will_never_be_of_use_is_unusable(number: int) -> None:
    assert number in UNUSABLE


@posix
@pytest.mark.parametrize(("mode", "taken"), [(0o600, True), (0o644, True), (0o620, False), (0o606, False)])
def test_an_own_file_is_one_that_nobody_else_can_write(tmp_path: Path, mode: int, taken: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"data")
    path.chmod(mode)
    assert read_own(path) == (b"data" if taken else None)


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_nobodys_own(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_own(make(type(tmp_path)("thing"), kind)) is None


def test_an_own_file_may_be_missing_or_too_large(tmp_path: Path) -> None:
    assert read_own(tmp_path / "nothing") is None
    (tmp_path / "file").write_bytes(b"data")
    (tmp_path / "file").chmod(0o600)
    assert read_own(tmp_path / "file", 3) is None
    assert read_own(tmp_path / "file", 4) == b"data"


@posix
def test_what_another_user_has_written_is_not_the_users_own(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    path = open_folder / "file"
    path.write_bytes(b"data")
    path.chmod(0o644)
    assert read_own(path) == b"data"

    def act() -> None:
        is_owner = path.stat().st_uid == os.geteuid()  # so it is where an ordinary user runs the tests
        assert read_own(path) == (b"data" if is_owner else None)

    unprivileged(act)


def test_no_link_below_the_upper_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "real" / "inner" / "file").write_bytes(b"data")
    (tmp_path / "real" / "link").symlink_to("inner")
    (tmp_path / "upper").symlink_to("real")
    assert read_below(tmp_path / "upper", "inner/file") == b"data"  # the upper one itself may be a link
    for name in ("link/file", "link"):
        with pytest.raises(OSError, match="link") as caught:
            read_below(tmp_path / "upper", name)
        assert caught.value.errno == errno.ELOOP


def test_what_is_removed_lies_in_the_folder_that_was_opened(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name / "tree" / "deep").mkdir(parents=True)
        (tmp_path / name / "tree" / "deep" / "file").write_bytes(b"data")
    with open_below(tmp_path, "mine") as folder:
        (tmp_path / "mine").rename(tmp_path / "away")
        (tmp_path / "mine").symlink_to("theirs")
        folder.remove("tree")
    assert os.listdir(tmp_path / "away") == []
    assert (tmp_path / "theirs" / "tree" / "deep" / "file").read_bytes() == b"data"


def test_removing_a_link_leaves_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"data")
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "link").symlink_to(tmp_path / "kept")
    with open_below(tmp_path, "place") as folder:
        folder.remove("link")
        folder.remove("nothing")
    assert os.listdir(tmp_path / "place") == []
    assert (tmp_path / "kept" / "file").read_bytes() == b"data"


def test_a_link_takes_the_place_of_an_entry_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "entry").write_bytes(b"data")
    with open_below(tmp_path) as folder:
        folder.link("elsewhere", "entry")
    assert os.readlink(tmp_path / "entry") == "elsewhere"
    assert os.listdir(tmp_path) == ["entry"]
