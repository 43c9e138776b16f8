"""Lines of the pages that differ from shell to shell, typed into each of them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.pages import blocks_of
from tests.e2e.shells import KINDS, Person
from tests.e2e.studio import make_revision
from tests.e2e.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the shells of Linux")
TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")
SCRIPTS = (TOP / "docs" / "how-to" / "scripts-and-ides.md").read_text(encoding="utf-8")
PROMPTS = (TOP / "docs" / "how-to" / "prompts.md").read_text(encoding="utf-8")
# In which of its start-up files a line is; zsh has to have loaded its completion.
COMPLETION = re.compile(r"^(?P<line>.*rezup completion (?P<shell>\w+)\S*.*?) +# ~/(?P<file>[\w./]+)", re.MULTILINE)
BEFORE = {"zsh": "autoload -Uz compinit; compinit -u\n"}
ROW = re.compile(r"^\| (?P<shells>[\w, ]+) \| `(?P<line>[^`]*rezup env dev.*)` \|$", re.MULTILINE)
NOT_HERE = {
    "PowerShell": "tests/unit/session/test_formats.py holds its text; no system of these tests has it in its packages"
}


def lines_for_shells() -> list[tuple[str, str]]:
    """Each shell of the table "In a shell", and its line."""
    rows = [(match["shells"], match["line"].replace("\\|", "|")) for match in ROW.finditer(SCRIPTS)]
    return [(shell, line) for shells, line in rows for shell in shells.split(", ")]


def put_on_path(machine: Machine, folder: Path) -> str:
    """A folder with the `rezup` that is tested, in front of PATH."""
    path = folder / "rezup"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(machine.command())} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return f"{folder}:{machine.environ['PATH']}"


def test_the_pages_have_lines_for_shells() -> None:
    assert {shell for shell, _ in lines_for_shells()} == {
        "bash",
        "zsh",
        "ksh",
        "dash",
        "fish",
        "csh",
        "tcsh",
        *NOT_HERE,
    }
    assert [match["shell"] for match in COMPLETION.finditer(README)] == ["bash", "zsh", "fish"]


@pytest.mark.parametrize(("shell", "line"), [each for each in lines_for_shells() if each[0] not in NOT_HERE])
def test_a_shell_takes_on_a_session(
    cold_machine: Machine, tmp_path: Path, need_program: Callable[[str], Path], shell: str, line: str
) -> None:
    make_revision(cold_machine.root / "dev", recipe='[env]\nSTUDIO = "here"\n', tool="told")
    script = tmp_path / "script"
    script.write_text(f"{line}\necho $STUDIO; told\n", encoding="utf-8")
    program = need_program(KINDS[shell].program or shell)
    environ = {**cold_machine.environ, "PATH": put_on_path(cold_machine, tmp_path)}
    done = subprocess.run([program, script], env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("here\nthe tool\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_after_the_line_of_the_readme(
    cold_machine: Machine, tmp_path: Path, need_program: Callable[[str], Path], shell: str
) -> None:
    (match,) = [found for found in COMPLETION.finditer(README) if found["shell"] == shell]
    person = Person(cold_machine.home, shell, need_program(shell))
    person.write_start_up()
    start = cold_machine.home / match["file"]
    text = start.read_text(encoding="utf-8") + BEFORE.get(shell, "") + match["line"] + "\n"
    start.write_text(text, encoding="utf-8")
    environ = {**cold_machine.environ, "TERM": "xterm", "PATH": put_on_path(cold_machine, tmp_path)}
    with Terminal([person.program, "-i"], environ, cold_machine.home) as terminal:
        terminal.expect("mine> ")
        terminal.press("rezup stat\t")
        terminal.expect("us")
        terminal.type("")
        terminal.expect("There are no containers yet")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_shows_the_container_as_the_page_says(
    cold_machine: Machine, tmp_path: Path, need_program: Callable[[str], Path], shell: str
) -> None:
    make_revision(cold_machine.root / "dev", tool="told")
    person = Person(cold_machine.home, shell, need_program(shell))
    person.write_start_up()
    blocks = {block.kind: block.text.rstrip() for block in blocks_of(PROMPTS) if block.kind in {"sh", "fish"}}
    environ = {**cold_machine.environ, "TERM": "xterm", "PATH": put_on_path(cold_machine, tmp_path)}
    with Terminal([person.program, "-i"], environ, cold_machine.home) as terminal:
        terminal.expect("mine> ")
        for line, mark in (("", "dev"), (blocks.get(shell, blocks["sh"]), "studio")):
            terminal.type(line)
            terminal.expect("mine> ")
            terminal.type("rezup use dev")
            terminal.expect(rf"\({mark}\) mine> ")
            terminal.type("told")
            terminal.expect("the tool")
            terminal.type("exit")
            terminal.expect("mine> ")
