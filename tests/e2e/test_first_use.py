"""From an empty home folder to a Rez that works, also after its root was moved; and what it shows on the way."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine, tree_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.terminal import Terminal

PACKAGE = """\
name = "demo"
version = "1.0"
tools = ["demo-tool"]
def commands():
    env.PATH.append("{root}/bin")
    env.DEMO_GREETING = "from a context"
    env.PYTHONHOME = "/nonsense"
    env.PYTHONPATH = "/nonsense"
"""
posix = pytest.mark.skipif(os.name == "nt", reason="a POSIX system's")


@pytest.fixture
def package(home: Path) -> Path:
    """A Rez package in the user's own repository, which sets what breaks a Python that heeds it."""
    folder = home / "packages" / "demo" / "1.0"
    (folder / "bin").mkdir(parents=True)
    (folder / "package.py").write_text(PACKAGE, encoding="utf-8")
    (folder / "bin" / "demo-tool").write_text('#!/bin/sh\necho "tool $DEMO_GREETING"\n', encoding="utf-8")
    (folder / "bin" / "demo-tool").chmod(0o755)
    return folder


def said(machine: Machine, *words: str, container: str = ".main") -> str:
    """What a command in a container prints; fails where Rez finds that it is no production install."""
    done = machine.run("use", container, "--", *words)
    assert "pip-based" not in done.stdout + done.stderr
    return done.stdout


def check_rez(machine: Machine, container: str = ".main") -> None:
    """All of Rez that a first user meets works."""
    assert re.match(r"Rez 3\.\d+\.\d+ from ", said(machine, "rez", "--version", container=container))
    asked = "import rez.system as s; print(s.system.is_production_rez_install, s.system.rez_bin_path)"
    production, _, folder = said(machine, "rez-python", "-c", asked, container=container).strip().partition(" ")
    revision = machine.revisions(container)[-1]
    assert (production, Path(folder)) == ("True", revision / "venv" / "rez" / "bin" / "rez")
    inner = "rez-env demo -- demo-tool; rez-env -c 'rez-env demo -- rez --version'"
    nested = said(machine, "rez-env", "demo", "-c", inner, container=container)
    assert nested.startswith("tool from a context\nRez 3.")
    machine.run("use", container, "--", "sh", "-c", "exit 7", status=7)


@posix
def test_an_empty_home(cold_machine: Machine, package: Path) -> None:
    first = cold_machine.run("use", "--", "rez", "--version")
    assert first.stdout.startswith("Rez 3.")
    assert "pip-based" not in first.stdout + first.stderr
    (revision,) = cold_machine.revisions()
    before = tree_digest(revision)
    check_rez(cold_machine)
    cold_machine.run("add")
    check_rez(cold_machine)
    old, new = cold_machine.revisions()
    assert old == revision
    assert tree_digest(old) == before, "neither a further revision nor the use of one changes a revision"
    assert said(cold_machine, "printenv", "REZUP_REVISION").strip() == str(new)
    assert cold_machine.leftovers() == []


@posix
@pytest.mark.parametrize("place", ["moved", "Räume für Künstler (neu) & 'alt'"])
def test_a_root_that_was_moved(cold_machine: Machine, package: Path, place: str) -> None:
    cold_machine.run("add")
    digest = tree_digest(cold_machine.revisions()[0])
    moved = cold_machine.home / place / "root"
    moved.parent.mkdir()
    (cold_machine.home / ".rezup").rename(moved)
    cold_machine.variables["REZUP_ROOT_LOCAL"] = str(moved)
    check_rez(cold_machine)
    cold_machine.run("add", "dev")
    check_rez(cold_machine, "dev")
    (revision,) = cold_machine.revisions()
    assert tree_digest(revision) == digest
    assert not (cold_machine.home / ".rezup").exists(), "nothing goes back to where the root was"


@posix
def test_a_root_that_was_moved_still_makes_a_further_revision_from_what_it_has(cold_machine: Machine) -> None:
    cold_machine.run("add")
    moved = cold_machine.home / "moved"
    (cold_machine.home / ".rezup").rename(moved)
    cold_machine.variables["REZUP_ROOT_LOCAL"] = str(moved)
    done = cold_machine.run("add")
    assert "Installed" not in done.stderr
    assert len(cold_machine.revisions()) == 2


@posix
def test_a_local_root_whose_path_has_blanks_and_umlauts(machine: Machine, package: Path, warm_caches: Path) -> None:
    root = machine.home / "Größe ändern" / "re zup"
    root.mkdir(parents=True)
    (root / ".cache").symlink_to(warm_caches, target_is_directory=True)
    machine.recipe('[root]\nlocal = "~/Größe ändern/re zup"\n')
    machine.variables["REZUP_ROOT_LOCAL"] = str(root)
    machine.run("add")
    check_rez(machine)


def test_the_first_container_is_made_from_the_users_recipe(machine: Machine) -> None:
    machine.recipe('[rez]\nlib = ["six==1.16.0"]\n')
    done = machine.run("use", "--", "rez-python", "-c", "import six, rez; print(six.__version__)")
    assert done.stdout == "1.16.0\n"


@pytest.mark.parametrize("words", [("use", "dev", "--", "rez", "--version"), ("use", "dev")])
def test_only_main_is_made_unasked(machine: Machine, words: tuple[str, ...]) -> None:
    done = machine.run(*words, status=125)
    assert "there is no container dev" in done.stderr
    assert "rezup add dev" in done.stderr
    assert not (machine.root / "dev").exists()


@posix
def test_a_bare_rezup_without_a_terminal_reads_commands(machine: Machine) -> None:
    done = machine.run(stdin="rez --version\nexit 9\n", status=9, REZUP_DEFAULT_SHELL="sh")
    assert done.stdout.startswith("Rez 3.")


@posix
def test_plain_lines_where_there_is_no_terminal(cold_machine: Machine) -> None:
    done = cold_machine.run("add", "-m", "for a try")
    lines = done.stderr.splitlines()
    assert done.stdout == ""
    steps = [line.rpartition(" (")[0] for line in lines if re.search(r" \(\d+\.\d s\)$", line)]
    assert steps == [
        f"Resolved rez for Python {version(cold_machine, 'python')}",
        f"Installed rez {version(cold_machine, 'rez')}",
        "Compiled the byte code",
        "Tested: rez-env works, also inside another one",
    ]
    assert lines[0] == "Making a revision of .main from the built-in recipe"
    assert lines[-1].startswith(f"Added .main@{cold_machine.revisions()[0].name} (rez 3.")
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", done.stderr)


def version(machine: Machine, what: str) -> str:
    """The version of Rez, or of Python, in the newest revision, by the environment itself."""
    python = machine.revisions()[-1] / "venv" / "rez" / "bin" / "python"
    asked = {
        "rez": "import importlib.metadata as m; print(m.version('rez'))",
        "python": "import platform; print(platform.python_version())",
    }[what]
    return subprocess.run([python, "-E", "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def test_quiet(machine: Machine) -> None:
    assert machine.run("-q", "add").stderr == ""
    assert machine.run("add", "--quiet").stderr == ""
    assert machine.run("-q", "pull", status=7).stderr.startswith("rezup: .main has no remote root"), "errors are said"


@posix
def test_debug_shows_the_commands(cold_machine: Machine) -> None:
    lines = cold_machine.run("-D", "add").stderr.splitlines()
    commands = [line for line in lines if line.startswith("+ ")]
    assert any(re.match(r"\+ \S*uv\S* pip compile ", line) for line in commands)
    assert any(re.match(r"\+ \S*uv\S* pip install ", line) for line in commands)
    assert any(line.endswith("/bin/rez/rez --version") for line in commands)
    assert not any(line.startswith("+ ") for line in cold_machine.run("add", "dev").stderr.splitlines())


@posix
def test_live_progress_on_a_terminal_then_the_shell(
    cold_machine: Machine, need_program: Callable[[str], Path], terminal: Callable[..., Terminal]
) -> None:
    cold_machine.variables["REZUP_DEFAULT_SHELL"] = str(need_program("bash"))
    with terminal(cold_machine, "add") as screen:
        screen.expect(r"Added \.main@[\d.]+ \(rez 3\.")
        screen.expect(r"\(\.main\) ")
        progress = screen.raw
        screen.type("echo in-$REZUP_CONTAINER; rez --version")
        screen.expect(r"in-\.main\n")
        screen.expect(r"Rez 3\.")
        screen.type("exit 4")
        assert screen.wait() == 4
    assert "Installing rez" in progress, "a step shows while it runs"
    assert "Installed rez 3." in progress, "and the line that stays when it is done"
    assert "\x1b[" in progress
    assert progress.count("\x1b[?25l") == progress.count("\x1b[?25h"), "the cursor is given back"


@posix
def test_add_can_leave_the_shell_out(machine: Machine, terminal: Callable[..., Terminal]) -> None:
    with terminal(machine, "add", "--skip-use") as screen:
        screen.expect(r"Added \.main@")
        assert screen.wait() == 0


@posix
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours_where_they_are_not_wanted(
    machine: Machine, terminal: Callable[..., Terminal], name: str, value: str
) -> None:
    machine.recipe('[dotenv]\na = "gone.env"\n')
    with terminal(machine, "add", "--skip-use", **{name: value}) as screen:
        screen.expect(r"Added \.main@")
        assert screen.wait() == 0
    with terminal(machine, "use", "--", "true", **{name: value}) as warned:
        warned.expect("warning: .*gone.env is not there")
        assert warned.wait() == 0
    for shown in (screen.raw, warned.raw):
        assert not re.search(r"\x1b\[[0-9;]*[34][0-7][0-9;]*m", shown)
    if name == "TERM":
        assert "\x1b" not in screen.raw
