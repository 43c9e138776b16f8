"""Launchers as scripts write them, through `Studio`: what is checked before anything is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.office import Office

COMMAND = ("/bin/rezup",)


@pytest.fixture
def dev(here: Office) -> Office:
    """A machine with a revision of `dev`."""
    here.container().add()
    return here


def test_the_launchers_of_several_tools_are_written_found_and_removed(dev: Office) -> None:
    folder = dev.home / ".local" / "bin"
    made = dev.studio.expose("dev", ["rez", "rez-env"], command=COMMAND)
    assert made.folder == folder
    assert not made.on_path
    assert [one.words for one in made.launchers] == [("use", "dev", "--", "rez"), ("use", "dev", "--", "rez-env")]
    assert dev.studio.exposed().launchers == made.launchers
    dev.variables["PATH"] = f"{folder}:{os.environ['PATH']}"
    assert dev.studio.exposed().on_path
    assert dev.studio.unexpose(["rez"]).launchers == made.launchers[:1]
    assert os.listdir(folder) == ["rez-env"]


def test_a_launcher_keeps_the_words_by_which_a_revision_was_named(dev: Office) -> None:
    (one,) = dev.studio.expose("dev@~0", ["rez"], command=COMMAND, name="old-rez").launchers
    assert (one.name, one.target, one.tool) == ("old-rez", "dev@~0", "rez")
    with pytest.raises(NotFoundError):
        dev.studio.expose("dev@~1", ["rez"], command=COMMAND)


@pytest.mark.parametrize(
    ("tools", "name", "told"),
    [
        (["rez", "rez-evn"], "", "no tool 'rez-evn'"),
        (["rez", "rez-env"], "x", "one name is for one tool"),
        (["rez"], "a/b", "cannot be the name of a launcher"),
        (["sh"], "", "no tool 'sh'"),
    ],
)
def test_nothing_is_written_unless_all_of_it_can_be(dev: Office, tools: list[str], name: str, told: str) -> None:
    with pytest.raises((NotFoundError, UsageError), match=told):
        dev.studio.expose("dev", tools, command=COMMAND, name=name)
    assert dev.studio.exposed().launchers == ()


def test_a_tool_that_another_program_hides_is_told_of(dev: Office, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rez").touch(0o755)
    dev.variables["PATH"] = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    dev.studio.expose("dev", ["rez"], command=COMMAND)
    assert f"on PATH, {tmp_path / 'bin' / 'rez'} comes first" in dev.told()
