"""The interactive shell of a session: the user's own, with the revision's Rez first on PATH and the container in its prompt."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.terminal import Terminal

from rezup_api.session.shells import STARTUP

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells of POSIX systems")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")


@dataclass(frozen=True)
class Kind:
    """A shell: its start-up file, and how to set up in it a prompt, a variable, and a folder before all others on PATH."""

    file: str
    text: str


KINDS = {
    "bash": Kind(".bashrc", "PATH=$HOME/front:$PATH\nMINE=read\nPS1='mine> '\n"),
    "zsh": Kind(".zshrc", "PATH=$HOME/front:$PATH\nMINE=read\nPROMPT='mine> '\nunsetopt prompt_sp\n"),
    "fish": Kind(
        ".config/fish/config.fish",
        "set -gx PATH $HOME/front $PATH\nset -g MINE read\nset -g fish_greeting\nfunction fish_prompt; echo -n 'mine> '; end\n",
    ),
}
# What has its value put in by the shell shows that the line was run, not only echoed by the terminal.
ASK = 'echo "<$REZUP_CONTAINER|$MINE|$REZUP_TOOLS$REZUP_MARK$REZUP_ZDOTDIR$ZDOTDIR>"'


@pytest.fixture(scope="module")
def built(session_machine: Callable[[], Machine]) -> Machine:
    """A machine with the container `dev`, which the tests of this module only enter."""
    machine = session_machine()
    machine.run("add", "dev")
    return machine


@pytest.fixture
def user(built: Machine, home: Path, need_program: Callable[[str], Path]) -> Callable[[str], Machine]:
    """`user("zsh")` is somebody with an empty home folder, that shell, and the container `dev`."""

    def make(shell: str) -> Machine:
        variables = {"REZUP_ROOT_LOCAL": str(built.root), "REZUP_DEFAULT_SHELL": str(need_program(shell))}
        return Machine(home, variables)

    return make


def write_start_up(machine: Machine, shell: str) -> None:
    """Give the user a start-up file, and a `rez` of his own that comes first in it."""
    kind = KINDS[shell]
    path = machine.home / kind.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(kind.text, encoding="utf-8")
    (machine.home / "front").mkdir()
    for name in ("rez", "own-tool"):
        (machine.home / "front" / name).write_text("#!/bin/sh\necho the users own\n", encoding="utf-8")
        (machine.home / "front" / name).chmod(0o755)


@pytest.mark.parametrize("shell", KINDS)
def test_the_users_own_shell(user: Callable[[str], Machine], terminal: Callable[..., Terminal], shell: str) -> None:
    machine = user(shell)
    write_start_up(machine, shell)
    with terminal(machine, "use", "dev") as screen:
        screen.expect(re.escape("(dev) mine> "))
        screen.type(ASK)
        screen.expect(re.escape("<dev|read|>\n"))
        screen.type("rez --version")
        screen.expect(r"\nRez 3\.")
        screen.type("own-tool")
        screen.expect("the users own")
        screen.type("exit 5")
        assert screen.wait() == 5
    assert "warning" not in screen.shown


@linux
@pytest.mark.parametrize("shell", [*KINDS, "dash", "ksh", "mksh"])
def test_rezup_becomes_the_shell_which_holds_the_lease(
    user: Callable[[str], Machine], terminal: Callable[..., Terminal], shell: str
) -> None:
    machine = user(shell)
    write_start_up(machine, shell) if shell in KINDS else None
    process = "$fish_pid" if shell == "fish" else "$$"
    with terminal(machine, "use", "dev") as screen:
        screen.expect(r"\(dev\) mine> " if shell in KINDS else r"\(dev\) [#$] ")
        screen.type(f'echo "<{process}>"; ls -l /proc/{process}/fd; echo "<end>"')
        screen.expect(f"<{screen.process.pid}>\n")
        screen.expect(r"\n<end>\n")
        assert re.search(r" \d{3,} -> \S*/dev/revisions/[\d.]+/revision\.json", screen.shown)
        refused = machine.run("drop", "dev", "--yes", status=5)
        assert f"{shell} (process {screen.process.pid}" in refused.stderr
        screen.type("exit 5")
        assert screen.wait() == 5


@pytest.mark.parametrize("place", ["in the environment", "in .zshenv"])
def test_a_zsh_user_whose_files_lie_elsewhere(
    user: Callable[[str], Machine], terminal: Callable[..., Terminal], place: str
) -> None:
    machine = user("zsh")
    write_start_up(machine, "zsh")
    (machine.home / "my zsh").mkdir()
    (machine.home / ".zshrc").rename(machine.home / "my zsh" / ".zshrc")
    folder = f"{machine.home}/my zsh"
    variables = {"ZDOTDIR": folder} if place == "in the environment" else {}
    if not variables:
        (machine.home / ".zshenv").write_text('ZDOTDIR="$HOME/my zsh"\n', encoding="utf-8")
    with terminal(machine, "use", "dev", **variables) as screen:
        screen.expect(re.escape("(dev) mine> "))
        screen.type(ASK)
        screen.expect(re.escape(f"<dev|read|{folder}>\n"))
        screen.type("exit 5")
        assert screen.wait() == 5


def test_what_zsh_reads_of_the_system_finds_the_users_zdotdir(home: Path, need_program: Callable[[str], Path]) -> None:
    (home / "etc").mkdir()
    (home / "etc" / "zshrc").write_text('HISTFILE="${ZDOTDIR:-$HOME}/.zsh_history"\n', encoding="utf-8")
    told = {"ZDOTDIR": str(STARTUP / "zsh"), "REZUP_TOOLS": "/tools", "HOME": str(home), "PATH": "/bin"}
    line = f"__rezup_etc='{home}/etc'; . $__rezup_startup/.zshrc; print -r -- $HISTFILE ${{ZDOTDIR-unset}} $PATH"
    done = subprocess.run(
        [need_program("zsh"), "-c", line], env=told, capture_output=True, text=True, check=True, cwd=home
    )
    assert done.stdout == f"{home}/.zsh_history unset /tools:/bin\n"


def test_a_shell_inside_a_container_with_a_blank_in_its_path(
    machine: Machine, terminal: Callable[..., Terminal], need_program: Callable[[str], Path], warm_caches: Path
) -> None:
    root = machine.home / "mit Umläuten $x 'y'"
    root.mkdir()
    (root / ".cache").symlink_to(warm_caches, target_is_directory=True)
    machine.variables["REZUP_ROOT_LOCAL"] = str(root)
    machine.run("add", "dev")
    for shell in KINDS:
        machine.variables["REZUP_DEFAULT_SHELL"] = str(need_program(shell))
        with terminal(machine, "use", "dev", LC_ALL="C.UTF-8") as screen:
            screen.expect(re.escape("(dev) "))
            screen.type("rez --version")
            screen.expect(r"\nRez 3\.")
            screen.type("exit 5")
            assert screen.wait() == 5


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_login_shell_stays_one(
    user: Callable[[str], Machine], need_program: Callable[[str], Path], shell: str
) -> None:
    machine = user(shell)
    del machine.variables["REZUP_DEFAULT_SHELL"]
    name = ".bash_profile" if shell == "bash" else ".zprofile"
    (machine.home / name).write_text("MINE=logged-in\n", encoding="utf-8")
    words = shlex.join(machine.command("use", "dev"))
    code = f"import os; os.execv({str(need_program(shell))!r}, ['-{shell}', '-c', {words + '; true'!r}])"
    with Terminal([sys.executable, "-c", code], {**machine.environ, "TERM": "xterm"}, machine.home) as screen:
        screen.expect(re.escape("(dev) "))
        screen.type('echo "<$MINE>"; exit 6')
        screen.expect("<logged-in>\n")
        assert screen.wait() == 0


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shell_is_the_one_that_the_user_is_in(
    built: Machine, need_program: Callable[[str], Path], shell: str
) -> None:
    words = shlex.join(built.command("use", "dev"))
    with Terminal(
        [str(need_program(shell)), "-f", "-c", f'{words}; echo "<left $?>"'],
        {**built.environ, "TERM": "xterm"},
        built.home,
    ) as screen:
        screen.expect(re.escape("(dev) "))
        screen.type('echo "<${BASH_VERSION:+bash}${ZSH_VERSION:+zsh}>"; exit 6')
        screen.expect(f"<{shell}>\n")
        screen.expect("<left 6>\n")
        assert screen.wait() == 0


@linux
def test_tcsh_has_a_parent_that_holds_the_lease(
    user: Callable[[str], Machine], terminal: Callable[..., Terminal]
) -> None:
    machine = user("tcsh")
    (machine.home / ".tcshrc").write_text("set prompt = 'mine> '\nsetenv MINE read\n", encoding="utf-8")
    with terminal(machine, "use", "dev") as screen:
        screen.expect(re.escape("(dev) mine> "))
        screen.type('echo "<$REZUP_CONTAINER|$MINE>"; rez --version')
        screen.expect(re.escape("<dev|read>\n"))
        screen.expect(r"Rez 3\.")
        assert "dev is in use" in machine.run("drop", "dev", "--yes", status=5).stderr
        held = [path.readlink().name for path in Path(f"/proc/{screen.process.pid}/fd").iterdir()]
        assert "revision.json" in held
        screen.type("sh -c 'echo begun; sleep 60'")
        screen.expect("\nbegun\n")
        screen.interrupt_until("mine> ")  # tcsh loses what comes while it starts a command
        screen.type('echo "<still here>"')
        screen.expect("<still here>\n")
        assert "dev is in use" in machine.run("drop", "dev", "--yes", status=5).stderr
        screen.type("exit 5")
        assert screen.wait() == 5


@pytest.mark.parametrize("shell", ["tcsh", "csh"])
def test_a_csh_that_runs_a_command(user: Callable[[str], Machine], shell: str) -> None:
    machine = user(shell)
    assert (
        machine.run("use", "dev", "--", shell, "-f", "-c", "echo $REZUP_CONTAINER; exit 3", status=3).stdout == "dev\n"
    )
    machine.run("use", "dev", "--", shell, "-f", "-c", "kill -9 $$", status=128 + signal.SIGKILL)


@linux
def test_a_script_for_csh_has_a_parent_that_holds_the_lease(user: Callable[[str], Machine]) -> None:
    machine = user("sh")
    script = machine.home / "tool"
    script.write_text(
        f"#!/usr/bin/env -S tcsh -f\necho ready; {sys.executable} -c 'input()'; exit 4\n", encoding="utf-8"
    )
    script.chmod(0o755)
    running = machine.start("use", "dev", "--", str(script), stdin=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    assert "revision.json" in [path.readlink().name for path in Path(f"/proc/{running.pid}/fd").iterdir()]
    running.communicate("\n", timeout=30)
    assert running.returncode == 4


def test_a_signal_reaches_a_csh_through_its_parent(user: Callable[[str], Machine]) -> None:
    machine = user("tcsh")
    text = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(9)); print('ready', flush=True); time.sleep(60)"
    running = machine.start("use", "dev", "--", "tcsh", "-f", "-c", f"exec {shlex.join([sys.executable, '-c', text])}")
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.terminate()
    running.communicate(timeout=30)
    assert running.returncode == 9


def test_without_a_terminal_the_shell_reads_commands(user: Callable[[str], Machine]) -> None:
    for shell in ("bash", "zsh", "fish", "dash", "tcsh"):
        done = user(shell).run("use", "dev", stdin="echo in-$REZUP_CONTAINER\nrez --version\nexit 8\n", status=8)
        assert done.stdout.startswith("in-dev\nRez 3."), shell
        assert done.stderr == ""
    assert user("sh").run("use", "dev").stdout == "", "and at their end it ends"
