"""What an ordinary launch leaves for the next one: a record that gives the same answer, or none."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup import fastpath
from rezup.fastpath import load, record_path
from rezup.fastpath.prepare import KEPT, owned

if TYPE_CHECKING:
    from tests.unit.command.conftest import Rezup

    from rezup.fastpath.record import Record

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")

COMMAND = ("use", "dev", "--", "true")


def path_of() -> str:
    """Where the record of the command line is kept."""
    request = fastpath.scan(list(COMMAND))
    assert request is not None
    return record_path(request, os.environ)


def launch(rezup: Rezup) -> Record:
    """Launch until there is a record: file systems with a clock of their own take their time."""
    deadline = time.monotonic() + 60
    while (found := load(path_of())) is None:
        assert time.monotonic() < deadline, "no launch leaves a record"
        time.sleep(0.02)
        rezup.run(*COMMAND)
    return found


@pytest.fixture
def ready(rezup: Rezup, monkeypatch: pytest.MonkeyPatch) -> Rezup:
    """A machine with a revision of `dev`."""
    monkeypatch.setenv("SITE", "berlin")
    rezup.office.recipe('[env]\nSTUDIO = "${SITE}"\n')
    rezup.run("add", "dev", "--skip-use")
    launch(rezup)
    os.unlink(path_of())
    return rezup


def test_a_launch_leaves_what_it_has_come_to(ready: Rezup) -> None:
    found = launch(ready)
    assert found.revision.endswith("/revision.json")
    assert found.values["STUDIO"] == "berlin"
    assert dict(found.variables)["SITE"] == "berlin"
    named = {path for path, _ in found.stamps}
    assert str(ready.office.home / "rezup.dev.toml") in named
    assert found.prefix.endswith("/venv/rez/bin/rez")


@pytest.mark.parametrize(
    "words",
    [
        ("use", "dev@~0", "--no-wait", "--", "true"),
        ("status", "dev"),
    ],
)
def test_other_command_lines_leave_nothing(
    ready: Rezup, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(ready.office.home.rglob("*"))
    monkeypatch.setattr("rezup_api.session.launch.detach", lambda command, environ, lease: lease.release() or 0)
    ready.run(*words)
    new = [path for path in set(ready.office.home.rglob("*")) - before if "rezup" in path.parts and path.is_file()]
    assert [path for path in new if load(str(path)) is not None] == []


def test_what_depends_on_the_working_folder_is_not_kept(ready: Rezup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ready.office.home)
    monkeypatch.setenv("REZUP_ROOT_LOCAL", ".rezup")
    ready.run(*COMMAND)
    assert load(path_of()) is None


def test_what_was_remarked_is_told_again(ready: Rezup) -> None:
    """A launch that told a warning is no answer for the next one."""
    ready.office.recipe('[dotenv]\n1 = "/nowhere/x.env"\n')
    ready.run("add", "dev", "--skip-use")
    time.sleep(0.02)
    ready.run(*COMMAND)
    assert load(path_of()) is None


def test_only_so_many_are_kept(ready: Rezup) -> None:
    path = Path(path_of())
    for number in range(KEPT + 5):
        old = path.with_name(f"old{number}")
        old.touch()
        os.utime(old, (0, number))
    launch(ready)
    names = {one.name for one in path.parent.iterdir()}
    assert len(names) == KEPT
    assert path.name in names
    assert "old0" not in names


def test_nothing_is_left_in_the_homes_of_others(tmp_path: Path) -> None:
    assert owned(str(tmp_path / "not" / "there"))
    if os.getuid() == 0:
        (tmp_path / "theirs").mkdir()
        os.chown(tmp_path / "theirs", 65534, 65534)
        assert not owned(str(tmp_path / "theirs" / "below"))
