"""Which shell is opened, and how."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import LaunchError
from rezup_api.session import shells
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
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


ALL = ("bash", "zsh", "fish", "tcsh", "csh", "ksh", "mksh", "dash", "sh", "xonsh", "pwsh", "powershell", "cmd")


def opened(
    name: str, session: dict[str, str] | None = None, mark: str = "dev", *, login: bool = False
) -> shells.Opening:
    shell = shells.Shell(name, f"/bin/{name}", login)
    return shells.interactive(shell, {"HOME": "/h", **(session or {})}, "/tools", mark)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("login", [False, True])
def test_start_up_files_exist_and_are_told_tools_and_mark(name: str, login: bool) -> None:
    opening = opened(name, login=login)
    assert opening.command[0] == f"/bin/{name}"
    assert opening.environ["REZUP_TOOLS"] == "/tools"
    assert opening.environ["REZUP_MARK"] == ("$Cdev$F " if name == "cmd" else "(dev) ")
    named = [word.strip('"') for word in (*opening.command, *opening.environ.values()) if str(shells.STARTUP) in word]
    assert named
    assert all(os.path.exists(word) for word in named)
    for variable in opening.environ:
        taken_away = variable in {"HOME", "ENV", "ZDOTDIR"} or any(
            variable in path.read_text(encoding="utf-8") for path in shells.STARTUP.rglob("*") if path.is_file()
        )
        assert taken_away, variable


@pytest.mark.parametrize("name", [*ALL, "elvish"])
def test_what_it_depends_on_is_named(name: str) -> None:
    class Watched(dict[str, str]):
        asked: set[str] = set()  # noqa: RUF012

        def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
            self.asked.add(key)
            return super().get(key, default)

        def __getitem__(self, key: str) -> str:
            self.asked.add(key)
            return super().__getitem__(key)

        def __contains__(self, key: object) -> bool:
            self.asked.add(str(key))
            return super().__contains__(key)

    session = Watched(HOME="/h", ENV="e", ZDOTDIR="z", REZUP_PROMPT="p")
    session.asked.clear()
    opening = shells.interactive(shells.Shell(name, f"/bin/{name}"), session, "/tools", "dev")
    assert session.asked <= set(opening.consulted)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("bash", "(a\\\\$ \\\\`%!{\\\\\\\\*) "),
        ("zsh", "(a$ `%%!{\\*) "),
        ("fish", "(a$ `%!{\\*) "),
        ("tcsh", "(a$ `%%\\!{\\\\*) "),
        ("csh", "(a$ `%\\!{\\*) "),
        ("dash", "(a\\$ \\`%!{\\\\*) "),
        ("ksh", "(a\\$ \\`%!!{\\\\*) "),
        ("xonsh", "(a$ `%!{{\\*) "),
        ("pwsh", "(a$ `%!{\\*) "),
        ("cmd", "$Ca$$ `%!{\\*$F "),
    ],
)
def test_the_prompt_is_written_as_the_shell_wants_it(name: str, shown: str) -> None:
    assert opened(name, {"REZUP_PROMPT": "a$ `%!{\\"}, "dev*").environ["REZUP_MARK"] == shown


@pytest.mark.parametrize("name", ALL)
def test_the_prompt_can_be_left_alone(name: str) -> None:
    assert "REZUP_MARK" not in opened(name, {"REZUP_DISABLE_PROMPT": "1", "REZUP_PROMPT": "x"}).environ


def test_a_shell_that_is_not_known_is_opened_as_it_is() -> None:
    assert opened("elvish").command == ("/bin/elvish",)
    assert opened("elvish").environ == {}


def test_the_users_variables_are_handed_on() -> None:
    assert opened("zsh", {"ZDOTDIR": "/z"}).environ["REZUP_ZDOTDIR"] == "/z"
    assert opened("dash", {"ENV": ""}).environ["REZUP_ENV"] == ""
    assert "REZUP_ENV" not in opened("dash").environ
    assert opened("tcsh").environ["REZUP_HOME"] == "/h"
    assert opened("bash", {"POSIXLY_CORRECT": ""}).environ["ENV"] == "${REZUP_STARTUP}"


def test_powershell_reads_its_file_whatever_the_execution_policy() -> None:
    opening = opened("pwsh", login=True)
    assert opening.command[1] == "-Login", "it is only understood there"
    assert opening.command[-2] == "-Command"
    assert "$env:REZUP_STARTUP" in opening.command[-1]
    assert "'" not in opening.command[-1]
    assert '"' not in opening.command[-1], "which Windows would escape"
    text = (shells.STARTUP / "powershell.ps1").read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    assert text.index("$theirs = $function:prompt") < text.index("$function:global:prompt =")
    assert text.index("& $theirs") < text.index('"$mark$shown"')
    assert all(f"'{name}'" in text for name in opening.environ)


def test_cmd_gets_its_quotes_by_a_variable() -> None:
    opening = opened("cmd")
    assert subprocess.list2cmdline(opening.command) == "/bin/cmd /K %REZUP_STARTUP%"
    assert opening.environ["REZUP_STARTUP"] == f'"{shells.STARTUP / "cmd.bat"}"'
    lines = (shells.STARTUP / "cmd.bat").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("@") for line in lines), "nothing is shown of it"
    assert '@set "PATH=%REZUP_TOOLS%;%PATH%"' in lines
    for name in opening.environ:
        assert lines.index(f'@set "{name}="') > max(i for i, line in enumerate(lines) if f"%{name}%" in line or i == 0)


def test_a_real_powershell(need_program: Callable[[str], Path], tmp_path: Path) -> None:
    if not shutil.which("pwsh"):
        pytest.skip("pwsh is not installed")
    opening = shells.interactive(shells.Shell("pwsh", "pwsh"), {"HOME": str(tmp_path)}, "/tools", "dev")
    command = [
        *opening.command[:1],
        "-NoProfile",
        "-Command",
        f"{opening.command[-1]}; prompt; $env:PATH; $env:REZUP_TOOLS",
    ]
    environ = {**os.environ, "HOME": str(tmp_path), **opening.environ}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("(dev) PS ")
    assert "\n/tools" in done.stdout


def test_scripts_are_given_to_the_shell_with_their_arguments() -> None:
    assert shells.script_command(shells.Shell("bash", "/bin/bash"), "/s", ("a", "b")) == ("/bin/bash", "/s", "a", "b")
    assert shells.script_command(shells.Shell("cmd", "cmd.exe"), "s.bat", ()) == ("cmd.exe", "/Q", "/C", "s.bat")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "dash", "tcsh"])
def test_the_mark_does_not_steer_the_terminal(name: str) -> None:
    mark = opened(name, {"REZUP_PROMPT": "a\x1b]0;b\x07\x9b\u202e\nc"}).environ["REZUP_MARK"]
    assert mark.isprintable()
    assert mark.startswith("(a")
    assert mark.endswith(" c) ")
