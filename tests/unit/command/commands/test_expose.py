"""Launchers by the command line: what `expose` and its companions say, and that a launcher is the line that it stands for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.command.commands.test_commands import stamp

from rezup.__main__ import DEEPEST
from rezup.commands.expose import path_line

if TYPE_CHECKING:
    from tests.unit.command.conftest import Rezup


def test_tools_are_exposed_listed_and_taken_back(rezup: Rezup, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(rezup)
    folder = rezup.office.home / ".local" / "bin"
    out = rezup.run("expose", "dev", "rez-env", "rez")[0].splitlines()
    assert out[0] == f"Exposed rez-env of dev: {folder}/rez-env"
    assert out[2] == f"{folder} is not on PATH; to put it there:"
    assert rezup.run("expose", "dev", "rez", "--as", "r", "--to", str(rezup.office.home))[0].startswith(
        "Exposed rez of dev"
    )
    assert (rezup.office.home / "r").is_file()
    monkeypatch.setenv("PATH", str(rezup.office.home / "bin"), prepend=os.pathsep)
    (rezup.office.home / "bin").mkdir()
    (rezup.office.home / "bin" / "rez").touch(0o755)
    assert f"on PATH, {rezup.office.home}/bin/rez comes first" in rezup.run("expose", "dev", "rez")[1]
    found = rezup.json("exposed")
    assert (found["folder"], found["on_path"]) == (str(folder), False)
    assert [(one["launcher"], one["target"], one["tool"]) for one in found["launchers"]] == [
        ("rez", "dev", "rez"),
        ("rez-env", "dev", "rez-env"),
    ]
    assert rezup.run("exposed")[0].split() == [
        "LAUNCHER",
        "CONTAINER",
        "TOOL",
        "rez",
        "dev",
        "rez",
        "rez-env",
        "dev",
        "rez-env",
    ]
    assert rezup.json("unexpose", "rez")["launchers"][0]["path"] == f"{folder}/rez"
    assert "there are: rez-env" in rezup.run("unexpose", "rez", status=4)[1]
    assert "did you mean rez-env?" in rezup.run("expose", "dev", "rez-evn", status=4)[1]
    assert [path.name for path in folder.iterdir()] == ["rez-env"]


def test_a_launcher_is_the_command_line_that_it_stands_for(
    rezup: Rezup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REZUP_LAUNCHERS", "nuke")
    revision = stamp(rezup)
    rezup.run("expose", "dev", "rez", "--to", str(tmp_path))
    path = str(tmp_path / "rez")
    rezup.run(path, "a b", "--json", "--", "")
    command, environ = rezup.became[-1]
    assert command == ["rez", "a b", "--json", "--", ""]
    assert environ["REZUP_REVISION"].endswith(revision)
    assert environ["REZUP_LAUNCHERS"] == "nuke:rez"
    monkeypatch.setenv("REZUP_LAUNCHERS", ":".join(["rez"] * DEEPEST))
    assert "rez runs itself over and over" in rezup.run(path, status=127)[1]
    assert "there is no command" in rezup.run(str(tmp_path / "gone"), status=2)[1]
    (tmp_path / "mine").write_text("#!/bin/sh\n# mine\n", encoding="utf-8")
    assert "there is no command" in rezup.run(str(tmp_path / "mine"), status=2)[1]


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("/bin/bash", "export PATH='/a b':\"$PATH\""),
        ("", "export PATH='/a b':\"$PATH\""),
        ("/usr/bin/fish", "fish_add_path '/a b'"),
        ("/bin/tcsh", "setenv PATH '/a b':$PATH:q"),
    ],
)
def test_the_line_for_path_is_that_of_the_users_shell(shell: str, line: str) -> None:
    assert path_line(Path("/a b"), {"SHELL": shell}) == line
