"""The text of launchers: what it says, and that Python runs what it says."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import UsageError
from rezup_api.session.launcher import (
    DEEPEST,
    Launcher,
    launcher_name,
    launcher_text,
    parse_launcher,
    requested_packages,
)
from rezup_api.session.launchers import list_launchers, read_launcher, write_launchers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no launchers on Windows")

PLAIN = Launcher("maya", "prod@staging", "maya", (), sys.executable)
IN_REZ = Launcher("maya-show", "prod", "maya", ("maya-2024", "~nuke", "a b"), sys.executable)
# A rezup that says with what it was started.
STAND_IN = (
    "import json, os\ndef main(words):\n    print(json.dumps([words, os.environ['REZUP_LAUNCHERS']]))\n    return 7\n"
)


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A folder with a package `rezup`, for PYTHONPATH."""
    folder = tmp_path / "libraries" / "rezup"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "__main__.py").write_text(STAND_IN, encoding="utf-8")
    return folder.parent


def run(path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([path, *words], env={**os.environ, **variables}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("launcher", "words"),
    [
        (PLAIN, ("use", "prod@staging", "--", "maya")),
        (IN_REZ, ("use", "prod", "--", "rez-env", "maya-2024", "~nuke", "a b", "--", "maya")),
    ],
)
def test_it_stands_for_a_command_line(launcher: Launcher, words: tuple[str, ...]) -> None:
    assert launcher.words == words


@pytest.mark.parametrize(
    "launcher", [PLAIN, IN_REZ, replace(PLAIN, interpreter="/a folder/python3"), replace(IN_REZ, name="m")]
)
def test_what_is_written_is_read_back(launcher: Launcher, tmp_path: Path) -> None:
    write_launchers(tmp_path, [launcher])
    assert read_launcher(tmp_path / launcher.name) == launcher
    assert list_launchers(tmp_path) == [launcher]
    assert os.listdir(tmp_path) == [launcher.name]
    assert (tmp_path / launcher.name).stat().st_mode & stat.S_IXUSR
    compile((tmp_path / launcher.name).read_text(encoding="utf-8"), launcher.name, "exec")


def test_it_passes_all_words_on_and_gives_the_status_back(tmp_path: Path, stand_in: Path) -> None:
    write_launchers(tmp_path, [IN_REZ])
    done = run(tmp_path / "maya-show", "a b", "--", "", "-h", PYTHONPATH=str(stand_in), REZUP_LAUNCHERS="nuke")
    words = '["use", "prod", "--", "rez-env", "maya-2024", "~nuke", "a b", "--", "maya", "a b", "--", "", "-h"]'
    assert (done.stdout, done.stderr, done.returncode) == (f'[{words}, "nuke:maya-show"]\n', "", 7)


@pytest.mark.parametrize("folder", ["a folder", "d" * 150])
def test_an_interpreter_that_the_kernel_cannot_name_is_found_by_sh(tmp_path: Path, stand_in: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    python = tmp_path / folder / "python"
    python.symlink_to(sys.executable)
    write_launchers(tmp_path, [replace(PLAIN, interpreter=str(python))])
    assert run(tmp_path / "maya", "x y", PYTHONPATH=str(stand_in)).stdout.startswith(
        '[["use", "prod@staging", "--", "maya", "x y"]'
    )


@pytest.mark.parametrize(
    "path", ["/a' b/python", '/a "b/python', "/a$b c/python", "/a `b/python", "/a\nb/python", "/a \\b"]
)
def test_an_interpreter_that_no_script_can_name_is_refused(tmp_path: Path, path: str) -> None:
    plain = "".join(path.split())  # the kernel takes it as it is
    assert launcher_text(replace(PLAIN, interpreter=plain)).startswith(f"#!{plain}\n")
    with pytest.raises(UsageError, match="no launcher can name"):
        write_launchers(tmp_path, [replace(PLAIN, interpreter=path)])
    assert os.listdir(tmp_path) == []


def test_modules_beside_it_are_not_taken_for_those_of_rezup(tmp_path: Path, stand_in: Path) -> None:
    write_launchers(tmp_path, [PLAIN])
    (tmp_path / "rezup.py").write_text("raise SystemExit('foreign')", encoding="utf-8")
    (tmp_path / "json.py").write_text("raise SystemExit('foreign')", encoding="utf-8")
    assert run(tmp_path / "maya", PYTHONPATH=str(stand_in)).returncode == 7


def test_a_launcher_that_reaches_itself_ends(tmp_path: Path, stand_in: Path) -> None:
    write_launchers(tmp_path, [PLAIN])
    passed = ":".join(["maya"] * DEEPEST)
    done = run(tmp_path / "maya", PYTHONPATH=str(stand_in), REZUP_LAUNCHERS=passed)
    assert done.returncode == 127
    assert done.stdout == ""
    assert "there is no maya but this launcher" in done.stderr
    assert "rezup unexpose maya" in done.stderr
    others = run(tmp_path / "maya", PYTHONPATH=str(stand_in), REZUP_LAUNCHERS=passed.replace("maya", "nuke"))
    assert others.returncode == 7


def test_a_python_without_rezup_is_said(tmp_path: Path) -> None:
    write_launchers(tmp_path, [replace(IN_REZ, interpreter="/usr/bin/env -S python3")])
    text = (
        (tmp_path / "maya-show").read_text(encoding="utf-8").replace("from rezup.__main__", "from rezup_that_is_gone")
    )
    (tmp_path / "maya-show").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, tmp_path / "maya-show"], capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "has no rezup any more" in done.stderr
    assert (
        "rezup expose prod maya --request 'maya-2024 '\"'\"'~nuke'\"'\"' '\"'\"'a b'\"'\"'' --as maya-show"
        in done.stderr
    )


@pytest.mark.parametrize(
    "told", ["", "{", "[]", '{"target": 1}', '{"target": "a", "tool": "b", "interpreter": "c", "packages": [1]}']
)
def test_a_launcher_whose_line_is_damaged_is_still_one_of_ours(told: str) -> None:
    found = parse_launcher("maya", f"#!/usr/bin/python\n# rezup launcher: {told}\n")
    assert found == Launcher("maya", "", "", (), "")
    assert found.broken


@pytest.mark.parametrize(
    "text", ["", "#!/bin/sh\n", "# rezup launcher: {}\n", "#!/bin/sh\n" + "\n" * 9 + "# rezup launcher: {}\n"]
)
def test_other_texts_are_no_launchers(text: str) -> None:
    assert parse_launcher("maya", text) is None


@pytest.mark.parametrize("name", ["", ".maya", "-maya", "a/b", "..", "a b", "a:b", "rezup", "ä", "a\n"])
def test_names_that_no_launcher_can_have(name: str) -> None:
    with pytest.raises(UsageError):
        launcher_name(name)


@pytest.mark.parametrize("name", ["maya", "rez-env", "python3.11", "_rez_fwd", "g++", "3de"])
def test_names_that_a_launcher_can_have(name: str) -> None:
    assert launcher_name(name) == name


@pytest.mark.parametrize(
    ("text", "packages"), [("", ()), ("maya-2024  show", ("maya-2024", "show")), ("'a b' ~c !d", ("a b", "~c", "!d"))]
)
def test_a_request_is_split_as_by_a_shell(text: str, packages: tuple[str, ...]) -> None:
    assert requested_packages(text) == packages


@pytest.mark.parametrize("text", ["'maya", "--time 1 maya"])
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        requested_packages(text)
    assert "maya show" in caught.value.hint
