"""Which shell the user is in."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import LaunchError
from rezup_api.session import detection
from rezup_api.session.detection import Shell
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    for name in ("zsh", "bash", "fish", "tcsh", "xonsh", "nologin"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "bash").write_text("#!/bin/sh\n")
    (tmp_path / "other" / "bash").chmod(0o755)
    return tmp_path


def choose(environ: dict[str, str]) -> Shell:
    return detection.choose_shell(Settings.from_environ(environ), environ)


@pytest.mark.parametrize(
    ("line", "name", "program", "login"),
    [
        ("bash", "bash", "bash", False),
        ("-bash", "bash", "other/bash", True),
        ("{}/zsh -i", "zsh", "zsh", False),
        ("{}/zsh -il", "zsh", "zsh", True),
        ("-zsh", "zsh", "zsh", True),
        ("fish --login", "fish", "fish", True),
        ("fish --init-command -l", "fish", "fish", False),
        ("bash -o vi -l", "bash", "other/bash", True),
        ("bash -c ls -l", "bash", "bash", False),
        ("bash script -l", "bash", "bash", False),
        ("bash --noprofile", "bash", "bash", False),
        ("bash --rcfile /x/bash-login.sh -i", "bash", "bash", True),
        ("bash --rcfile /x/bash.sh -i", "bash", "bash", False),
        ("tcsh -l", "tcsh", "tcsh", True),
        ("/usr/bin/python3.11 {}/xonsh -i", "xonsh", "xonsh", False),
    ],
)
def test_the_shell_of_a_command_line(tools: Path, line: str, name: str, program: str, login: bool) -> None:
    words = line.format(tools).split(" ")
    environ = {"PATH": str(tools), "SHELL": str(tools / "other" / "bash")}
    expected = tools / ("bash" if line.startswith("bash") else program)
    assert detection.shell_of(words, environ) == Shell(name, str(expected), login)


@pytest.mark.parametrize("line", ["", "make all", "/usr/bin/python3 script.py", "python3 xonsh", "sudo bash", "-ls"])
def test_what_is_no_shell(tools: Path, line: str) -> None:
    assert detection.shell_of(line.split(), {"PATH": str(tools)}) is None


def test_a_shell_that_is_not_to_be_found(tools: Path) -> None:
    assert detection.shell_of(["dash"], {"PATH": str(tools)}) is None


@pytest.mark.parametrize("ancestors", [(), ((), ("make",)), (("dash",),)])
def test_else_it_is_the_login_shell(tools: Path, monkeypatch: pytest.MonkeyPatch, ancestors: object) -> None:
    monkeypatch.setattr(detection, "_ancestors", lambda: ancestors)
    variable = "COMSPEC" if os.name == "nt" else "SHELL"
    environ = {"PATH": str(tools), "HOME": "/h", variable: str(tools / "zsh")}
    assert choose(environ) == Shell("zsh", str(tools / "zsh"))
    for value in ("", "/not/there", str(tools / "nologin")):
        with pytest.raises(LaunchError) as caught:
            choose({**environ, variable: value})
        assert "REZUP_DEFAULT_SHELL" in caught.value.hint


def test_the_nearest_one_is_taken(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_ancestors", lambda: iter([("make",), ("fish",), ("zsh",)]))
    environ = {"PATH": str(tools), "HOME": "/h", "SHELL": str(tools / "bash")}
    assert choose(environ) == Shell("fish", str(tools / "fish"))
    named = choose({**environ, "REZUP_DEFAULT_SHELL": "zsh"})
    assert named == Shell("zsh", str(tools / "zsh"))


@linux
@pytest.mark.parametrize(
    "between", [[], [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]]
)
@pytest.mark.parametrize("login", [False, True])
def test_real_processes(need_program: Callable[[str], Path], between: list[str], login: bool) -> None:
    bash = need_program("bash")
    code = (
        "from rezup_api.session import detection as d\nfrom rezup_api.settings import Settings\nimport os\n"
        "print(d.choose_shell(Settings.from_environ(os.environ), os.environ))"
    )
    line = shlex.join([*between, sys.executable, "-c", code]) + "; true"
    environ = {**os.environ, "SHELL": "/bin/sh"}
    words = ["-bash" if login else "bash", "-c", line]
    done = subprocess.run(words, executable=bash, env=environ, capture_output=True, text=True, check=True)
    expected = Shell("bash", str(need_program("bash")), login)
    assert done.stdout.splitlines()[-1] == str(expected)


@pytest.mark.skipif(os.name == "nt", reason="there is no ps")
def test_a_ps_that_hangs_is_not_waited_for(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_ancestors", detection._detected)
    monkeypatch.setattr(detection, "PATIENCE", 0.5)
    (tools / "ps").write_text("#!/bin/sh\nexec sleep 60\n")
    (tools / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    began = time.monotonic()
    assert choose({"PATH": str(tools), "HOME": "/h", "SHELL": str(tools / "zsh")}) == Shell("zsh", str(tools / "zsh"))
    assert time.monotonic() - began < 60


@pytest.mark.skipif(os.name == "nt", reason="there is no ps")
def test_where_there_is_no_proc_ps_is_asked(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_ancestors", detection._detected)
    (tools / "ps").write_text(f"#!/bin/sh\necho {os.getppid()} 1 -zsh\n")
    (tools / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    assert choose({"PATH": str(tools), "HOME": "/h"}) == Shell("zsh", str(tools / "zsh"), login=True)
