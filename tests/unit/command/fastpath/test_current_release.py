"""Which release runs: one that was taken for what is installed, is nobody else's, and when the next look is due."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rezup
from rezup.fastpath import current_release, unseal
from rezup.fastpath.seal import seal

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes and places of POSIX")

NAME, BEFORE = "3.1-abc", "3.0-def"


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """The environment of a user in whose folders a release was taken."""
    found = {"HOME": str(home)}
    Path(current_release.release_folder(NAME, found)).mkdir(parents=True, mode=0o700)
    path = Path(current_release.current_file(found))
    path.parent.mkdir(parents=True)
    path.write_bytes(current_release.release_record(NAME, BEFORE))
    path.chmod(0o600)
    return found


def test_what_was_taken_runs(environ: dict[str, str]) -> None:
    assert current_release.current(environ) == (NAME, BEFORE)


def rewritten(record: bytes, **changes: object) -> bytes:
    """A record that is for another one."""
    own, name, previous = unseal(record)
    keys = ("format", "python", "installed", "stamp")
    other: Any = tuple(changes.get(key, value) for key, value in zip(keys, own, strict=True))
    return seal((other, name, previous))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(seal(("x",))),
        lambda path: path.chmod(0o622),
        lambda path: path.write_bytes(rewritten(path.read_bytes(), format=0)),
        lambda path: path.write_bytes(rewritten(path.read_bytes(), python="3.9")),
        lambda path: path.write_bytes(rewritten(path.read_bytes(), installed="/other")),
        lambda path: path.write_bytes(rewritten(path.read_bytes(), stamp=(1, 2, 3, 4))),
        lambda path: path.write_bytes(current_release.release_record("", BEFORE)),
        lambda path: path.write_bytes(current_release.release_record("3.9-gone", BEFORE)),
        lambda path: (path.parent.parent / "releases" / NAME).chmod(0o777),
        lambda path: (path.parent.parent / "releases").chmod(0o777),
        lambda path: (path.rename(path.with_name("x")), path.symlink_to(path.with_name("x"))),
    ],
    ids=[
        "gone", "empty", "nonsense", "others may write it", "another format", "another Python", "another installation",
        "installed anew", "taken back", "its folder gone", "others may write there", "or beside it", "a link",
    ],
)  # fmt: skip
def test_what_does_not_hold_is_none(environ: dict[str, str], damage: Callable[[Path], object]) -> None:
    damage(Path(current_release.current_file(environ)))
    assert current_release.current(environ) is None


@pytest.mark.parametrize("variables", [{}, {"HOME": "here"}, {"HOME": "/h", "XDG_DATA_HOME": "here"}])
def test_without_a_home_there_is_no_place(variables: dict[str, str]) -> None:
    assert current_release.current_file(variables) == ""
    assert current_release.current(variables) is None


@pytest.mark.parametrize(
    ("age", "variables", "due"),
    [
        (None, {}, True),
        (10, {}, False),
        (current_release.PAUSE + 10, {}, True),
        (-3600, {}, True),
        (10, {"REZUP_UPGRADE_PAUSE": "5"}, True),
        (10, {"REZUP_UPGRADE_PAUSE": "nonsense"}, False),
        (None, {"REZUP_NO_UPGRADE": "1"}, False),
        (None, {"REZUP_UPGRADE_SOURCE": ""}, False),
        (None, {"HOME": ""}, False),
    ],
    ids=[
        "never",
        "just now",
        "yesterday",
        "the future",
        "a short pause",
        "no number",
        "not wanted",
        "no source",
        "no home",
    ],
)
def test_when_the_next_look_is_due(home: Path, age: float | None, variables: dict[str, str], due: bool) -> None:
    environ = {"HOME": str(home), "REZUP_UPGRADE_SOURCE": "/wheels", **variables}
    if age is not None:
        path = Path(current_release.checked_file(environ))
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (0, time.time() - age))
    assert current_release.is_due(environ) is due


@pytest.mark.parametrize(
    ("variables", "built_in", "source"),
    [({}, "", ""), ({}, "/built/in", "/built/in"), ({"REZUP_UPGRADE_SOURCE": "/x"}, "/built/in", "/x")],
)
def test_where_newer_ones_come_from(
    variables: dict[str, str], built_in: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rezup, "SOURCE", built_in)
    assert current_release.source(variables) == source


def test_what_runs_here_is_installed() -> None:
    assert not current_release.is_release()
    assert current_release.key() == current_release.key()
