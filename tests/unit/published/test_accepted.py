"""What a user has accepted of a log: kept in a folder of that user's own, and believed only if nobody else can write it."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.published.entries import following

from rezup_api.published.accepted import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE = "/studio/rezup"
DIGEST = hashlib.sha256(PLACE.encode()).hexdigest()[:32]
FIRST = following(None)
SECOND = following(FIRST)

posix = pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")


@pytest.fixture
def accepted(tmp_path: Path) -> Accepted:
    """What a user has accepted, who has accepted nothing yet."""
    return Accepted({"XDG_STATE_HOME": str(tmp_path / "state")}, PLACE, "dev")


@pytest.mark.skipif(os.name == "nt", reason="the paths are POSIX")
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/ana"}, "/state"),
        ({"HOME": "/home/ana"}, "/home/ana/.local/state"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/ana"}, "/home/ana/.local/state"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/ana"}, "/home/ana/.local/state"),
        ({"XDG_STATE_HOME": "state", "HOME": "home"}, ""),
        ({"HOME": ""}, ""),
        ({}, ""),
    ],
)
def test_where_it_is_kept(environ: dict[str, str], expected: str) -> None:
    path = Accepted(environ, PLACE, "dev").path
    assert path == (Path(expected, "rezup", "accepted", DIGEST, "dev.json") if expected else None)


def test_each_root_and_container_has_a_file_of_its_own() -> None:
    pairs = [(PLACE, "dev"), (PLACE, "prod"), ("/other", "dev"), ("/odd/\udcff", "dev")]
    assert len({Accepted({"HOME": "/home/ana"}, *pair).path for pair in pairs}) == len(pairs)


def test_what_is_kept_is_read_again(accepted: Accepted) -> None:
    assert accepted.read() is None
    for entry in (FIRST, SECOND):
        accepted.write(entry)
        assert accepted.read() == entry
    assert accepted.path is not None
    assert os.listdir(accepted.path.parent) == ["dev.json"]


@posix
def test_it_is_the_users_own(accepted: Accepted) -> None:
    before = os.umask(0)
    try:
        accepted.write(FIRST)
    finally:
        os.umask(before)
    assert accepted.path is not None
    assert stat.S_IMODE(accepted.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(accepted.path.parent.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize(("mode", "believed"), [(0o600, True), (0o644, True), (0o664, False), (0o602, False)])
def test_what_others_can_write_is_not_believed(accepted: Accepted, mode: int, believed: bool) -> None:
    accepted.write(FIRST)
    assert accepted.path is not None
    accepted.path.chmod(mode)
    assert (accepted.read() is not None) is believed


@posix
def test_what_belongs_to_somebody_else_is_not_believed(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    kept = Accepted({"XDG_STATE_HOME": str(open_folder)}, PLACE, "dev")
    kept.write(FIRST)
    assert kept.path is not None
    for path in kept.path.parents:
        if path.is_relative_to(open_folder / "rezup"):
            path.chmod(0o777)
    kept.path.chmod(0o644)
    assert kept.read() == FIRST

    def act() -> None:
        if os.geteuid() == kept.path.stat().st_uid:  # type: ignore[union-attr]
            return  # permissions apply to whoever runs the tests, so there is nobody else
        assert kept.read() is None
        kept.write(SECOND)
        assert kept.read() == SECOND

    unprivileged(act)
    assert kept.path.exists()


@pytest.mark.parametrize("content", [b"", b"garbage", FIRST.data[:-5], b"[" * 100_000, FIRST.data + b" " * (64 << 10)])
def test_what_is_damaged_is_as_good_as_nothing(accepted: Accepted, content: bytes) -> None:
    accepted.write(FIRST)
    assert accepted.path is not None
    accepted.path.write_bytes(content)
    assert accepted.read() is None
    accepted.write(SECOND)
    assert accepted.read() == SECOND


@posix
def test_a_link_is_not_followed(accepted: Accepted, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(FIRST.data)
    (tmp_path / "elsewhere").chmod(0o600)
    assert accepted.path is not None
    accepted.path.parent.mkdir(parents=True)
    accepted.path.symlink_to(tmp_path / "elsewhere")
    assert accepted.read() is None
    accepted.write(SECOND)
    assert accepted.read() == SECOND
    assert (tmp_path / "elsewhere").read_bytes() == FIRST.data


def test_where_nothing_can_be_kept_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for environ in ({}, {"XDG_STATE_HOME": str(tmp_path / "file")}):
        accepted = Accepted(environ, PLACE, "dev")
        accepted.write(FIRST)
        assert accepted.read() is None
    assert os.listdir(tmp_path) == ["file"]
