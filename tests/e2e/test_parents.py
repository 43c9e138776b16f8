"""What the parent process passes on: signals that it ignores, and how many files may be open."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the signals of a process are read from /proc")

# A parent that ignores SIGCHLD, as some job schedulers do; shells would not pass it on.
IGNORING = (
    "import os, signal, sys\n"
    "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    "for number in (signal.SIGPIPE, signal.SIGXFSZ): signal.signal(number, signal.SIG_DFL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
ONLY_SIGCHLD = f"{1 << (signal.SIGCHLD - 1):016x}"


@pytest.fixture
def ignoring(machine: Machine) -> Machine:
    """A machine whose user starts everything from such a parent."""
    machine.prefix = (sys.executable, "-c", IGNORING)
    return machine


def test_builds_know_how_their_programs_ended(ignoring: Machine) -> None:
    ignoring.run("add", "dev", "--skip-use")
    ignoring.recipe('[rez]\nurl = "rez==99.0"\n', "unknown")
    assert "cannot be resolved" in ignoring.run("add", "unknown", "--skip-use", status=6).stderr
    ignoring.recipe('[rez]\nurl = "rez==3.4.0"\n[[check]]\ncommand = "exit 3"\n', "failing")
    assert "exit status 3" in ignoring.run("add", "failing", "--skip-use", status=6).stderr
    assert ignoring.revisions("unknown") == ignoring.revisions("failing") == []
    ignoring.run("verify", "dev")


def test_the_command_gets_the_signals_of_the_parent(
    ignoring: Machine, need_program: Callable[[str], Path], tmp_path: Path
) -> None:
    ignoring.run("add", "--skip-use")
    for _ in range(3):  # by the ordinary path, then by a record
        told = ignoring.run("use", "--", "grep", "SigIgn", "/proc/self/status").stdout
        assert told.split()[-1] == ONLY_SIGCHLD
        ignoring.run("use", "--", sys.executable, "-c", "raise SystemExit(7)", status=7)
    child = tmp_path / "csh"  # what is called so runs as a child of rezup
    child.symlink_to(need_program("grep"))
    assert ignoring.run("use", "--", str(child), "SigIgn", "/proc/self/status").stdout.split()[-1] == ONLY_SIGCHLD
    ignoring.run("use", "--", str(child), "nothing like it", "/proc/self/status", status=1)


@pytest.mark.parametrize("limit", [64, 100])
def test_few_files_may_be_open(machine: Machine, limit: int) -> None:
    machine.prefix = ("sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh")
    machine.run("add", "--skip-use")
    for _ in range(3):
        done = machine.run("use", "--", "sh", "-c", "ls -l /proc/$$/fd; exit 7", status=7)
        (lease,) = (line.split()[-3] for line in done.stdout.splitlines() if line.endswith("revision.json"))
        assert int(lease) >= 50, "a script's own `exec 3>file` must not close it"
    machine.run("verify")
    machine.run("gc")
    assert machine.leftovers() == []


def test_a_launch_takes_even_fewer(machine: Machine) -> None:
    machine.run("add", "--skip-use")
    words = shlex.join(machine.command("use", "--", "sh", "-c", "exit 7"))
    assert subprocess.call(["sh", "-c", f"ulimit -n 16; {words}"], env=machine.environ) == 7
