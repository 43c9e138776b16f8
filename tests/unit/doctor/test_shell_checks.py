"""The shell that rezup would open, and its completion."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from rezup_api.doctor.shell_checks import COMPLETION, check_completion, check_shell, check_startup_files, startup_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.doctor.scene import Scene

pytestmark = pytest.mark.skipif(os.name == "nt", reason="its shells are others")


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """`program("fish")` is a program of that name."""

    def make(name: str) -> str:
        path = tmp_path / name
        path.write_text("#!/bin/sh\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.mark.parametrize(
    ("name", "level", "text"),
    [("bash", "ok", "rezup opens bash ("), ("nu", "ok", "without a mark"), ("oddsh", "warning", "does not know")],
)
def test_the_shell_is_named(
    scene: Callable[..., Scene], program: Callable[[str], str], name: str, level: str, text: str
) -> None:
    seen = check_shell(scene(REZUP_DEFAULT_SHELL=program(name)))
    assert seen.level == level
    assert text in seen.text


def test_a_shell_that_is_not_there_is_wrong(scene: Callable[..., Scene]) -> None:
    around = scene(REZUP_DEFAULT_SHELL="/nothing/fish")
    seen = check_shell(around)
    assert (seen.level, seen.way_out) == ("wrong", "change REZUP_DEFAULT_SHELL")
    assert check_startup_files(around) == []
    assert check_completion(around) == []


def test_start_up_files_are_looked_at_line_by_line(
    scene: Callable[..., Scene], program: Callable[[str], str], home: Path
) -> None:
    around = scene(REZUP_DEFAULT_SHELL=program("bash"))
    (home / ".bashrc").write_text("alias l=ls\n", encoding="utf-8")
    (seen,) = check_startup_files(around)
    assert (seen.level, f"read: {home}/.bashrc" in seen.text) == ("ok", True)
    (home / ".bashrc").write_text("alias l=ls\nexec fish\nexport PS1=x\n", encoding="utf-8")
    seen, other = check_startup_files(around)
    assert (seen.level, seen.subject) == ("warning", str(home / ".bashrc"))
    assert seen.text.startswith(f"{home}/.bashrc, line 2: bash becomes fish")
    assert "line 3" in other.text


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_way_out_installs_the_completion(
    scene: Callable[..., Scene], program: Callable[[str], str], home: Path, name: str
) -> None:
    around = scene(REZUP_DEFAULT_SHELL=program(name))
    (seen,) = check_completion(around)
    assert seen.level == "warning"
    file, _, line = seen.way_out.removeprefix("add to ").partition(": ")
    path = home / file.removeprefix("~/").partition(",")[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n", encoding="utf-8")
    (seen,) = check_completion(around)
    assert (seen.level, seen.text) == ("ok", f"installed for {name}, in {path}")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("bash", ".local/share/bash-completion/completions/rezup"),
        ("fish", ".config/fish/completions/rezup.fish"),
    ],
)
def test_a_completion_in_a_file_of_its_own_counts(
    scene: Callable[..., Scene], program: Callable[[str], str], home: Path, name: str, file: str
) -> None:
    (home / file).parent.mkdir(parents=True)
    (home / file).touch()
    (seen,) = check_completion(scene(REZUP_DEFAULT_SHELL=program(name)))
    assert (seen.level, seen.text) == ("ok", f"installed for {name}, as {home / file}")


def test_a_shell_without_completion_is_not_asked_for_it(
    scene: Callable[..., Scene], program: Callable[[str], str]
) -> None:
    assert check_completion(scene(REZUP_DEFAULT_SHELL=program("dash"))) == []


def test_the_lines_are_those_of_the_documentation(checkout: Path) -> None:
    page = (checkout / "docs/reference/commands.md").read_text(encoding="utf-8").replace("\\|", "|")
    assert [line for line in COMPLETION.values() if f"`{line}`" not in page] == []
    assert startup_of("powershell") == "$PROFILE"


def test_bash_takes_the_line(need_program: Callable[[str], Path]) -> None:
    line = COMPLETION["bash"].replace("rezup completion bash", "echo true")
    assert subprocess.run([need_program("bash"), "-c", line], check=True).returncode == 0
