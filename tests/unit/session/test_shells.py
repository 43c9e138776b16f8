"""Which shell is opened, and how."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import LaunchError
from rezup_api.session import shells
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    for name in ("zsh", "bash", "fish", "tcsh", "pwsh"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def choose(environ: dict[str, str]) -> shells.Shell:
    return shells.choose_shell(Settings.from_environ(environ), environ)


def test_the_default_may_be_a_name_or_a_path(tools: Path) -> None:
    environ = {"PATH": str(tools), "HOME": "/h"}
    assert choose({**environ, "REZUP_DEFAULT_SHELL": "zsh"}) == shells.Shell("zsh", str(tools / "zsh"))
    path = str(tools / "fish")
    assert choose({**environ, "REZUP_DEFAULT_SHELL": path}) == shells.Shell("fish", path)


def test_a_default_that_is_not_there_is_an_error(tools: Path) -> None:
    with pytest.raises(LaunchError, match="nosh"):
        choose({"PATH": str(tools), "HOME": "/h", "REZUP_DEFAULT_SHELL": "nosh"})


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_start_up_files_exist_and_are_told_tools_and_mark(name: str) -> None:
    opening = shells.interactive(shells.Shell(name, f"/bin/{name}"), {}, "/tools", "dev")
    assert opening.environ["REZUP_TOOLS"] == "/tools"
    assert opening.environ["REZUP_MARK"] == "dev"
    named = [word for word in (*opening.command, *opening.environ.values()) if str(shells.STARTUP) in word]
    assert named
    assert all(os.path.exists(word.removeprefix("source '").rstrip("'")) for word in named)


def test_the_prompt_can_be_chosen_or_left_alone() -> None:
    bash = shells.Shell("bash", "/bin/bash")
    assert shells.interactive(bash, {"REZUP_PROMPT": "mine"}, "/t", "dev").environ["REZUP_MARK"] == "mine"
    assert "REZUP_MARK" not in shells.interactive(bash, {"REZUP_DISABLE_PROMPT": "1"}, "/t", "dev").environ


def test_scripts_are_given_to_the_shell_with_their_arguments() -> None:
    assert shells.script(shells.Shell("bash", "/bin/bash"), "/s", ("a", "b")) == ("/bin/bash", "/s", "a", "b")
    assert shells.script(shells.Shell("cmd", "cmd.exe"), "s.bat", ()) == ("cmd.exe", "/Q", "/C", "s.bat")
