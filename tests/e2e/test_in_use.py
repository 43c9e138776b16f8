"""What is in use stays: `drop` is refused while a session, or what it left behind, runs; and it asks before it removes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine, rezup_command, tree_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows an open file is the lease")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="holders are named from /proc")
# Python closes what it was given before it starts another program, as many programs do.
CLOSING = "import subprocess; p = subprocess.Popen(['sleep', '60'], stdout=-3, stderr=-3); print(p.pid)"


@contextmanager
def session(machine: Machine, *words: str, container: str = ".main") -> Iterator[subprocess.Popen[str]]:
    """A session that runs a command until the block ends; the command has said that it runs."""
    running = machine.start("use", container, "--", "sh", "-c", 'echo begun; exec "$@"', "sh", *words)
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n", running.communicate()
        yield running
    finally:
        running.kill()
        running.communicate()


@contextmanager
def left_behind(machine: Machine, *words: str) -> Iterator[int]:
    """A session that has ended, whose command printed the number of a process that goes on until the block ends."""
    pid = int(machine.run("use", "--", *words).stdout)
    try:
        yield pid
    finally:
        os.kill(pid, 9)
        while running(pid):
            time.sleep(0.02)


def running(pid: int) -> bool:
    """Whether a process has not ended; one whose end nobody has noticed yet has."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def refused(machine: Machine, *named: str, container: str = ".main") -> None:
    """`drop` is refused, names these, and changes nothing."""
    before = tree_digest(machine.root / container)
    done = machine.run("drop", container, "--yes", status=5)
    first, *lines = done.stderr.splitlines()
    assert first == f"rezup: {container} is in use:"
    assert lines[-1] == "  -> end these first, or remove it all the same with --force"
    for text in named:
        assert any(text in line for line in lines[:-1]), done.stderr
    assert tree_digest(machine.root / container) == before


def test_what_nobody_uses_is_removed(machine: Machine) -> None:
    machine.run("add")
    machine.run("add", "dev")
    machine.run("use", "dev", "--", "true")
    done = machine.run("drop", "dev", "--yes")
    assert (done.stdout, done.stderr) == ("", "Removed dev\n")
    assert not (machine.root / "dev").exists()
    assert {path.name for path in machine.root.iterdir()} == {".main", ".cache"}
    assert machine.run("use", "--", "echo", "on").stdout == "on\n"
    assert "there is no container dev" in machine.run("drop", "dev", "--yes", status=4).stderr


@linux
def test_a_session_holds_its_container(machine: Machine) -> None:
    machine.run("add")
    (revision,) = machine.revisions()
    with session(machine, "sleep", "60") as process:
        refused(machine, f"sleep (process {process.pid}, ", f"uses .main@{revision.name}")
        (row,) = machine.json("status", ".main")["revisions"]
        assert row["processes"] == 1
    machine.run("drop", ".main", "--yes")
    assert machine.revisions() == []


@linux
def test_a_session_in_an_older_revision_holds_it_too(machine: Machine) -> None:
    machine.run("add")
    with session(machine, "sleep", "60"):
        machine.run("add")
        refused(machine, f"uses .main@{machine.revisions()[0].name}")


def test_a_session_does_not_hold_other_containers(machine: Machine) -> None:
    machine.run("add", "dev")
    with session(machine, "sleep", "60"):
        machine.run("drop", "dev", "--yes")
    assert not (machine.root / "dev").exists()


@linux
@pytest.mark.parametrize(
    "words",
    [
        ("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"),
        ("sh", "-c", "setsid nohup sleep 60 </dev/null >/dev/null 2>&1 & echo $!"),
        ("sh", "-c", "exec 3>/dev/null 4>/dev/null 9>&-; sleep 60 >/dev/null 2>&1 & echo $!"),
        (sys.executable, "-c", CLOSING),
        ("sh", "-c", "env -i sleep 60 >/dev/null 2>&1 & echo $!"),
        ("rez-env", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"),
    ],
    ids=[
        "in the background",
        "in a session of its own",
        "beside other descriptors",
        "without the lease",
        "without the variables",
        "in a context",
    ],
)
def test_what_a_session_leaves_behind_holds_its_container(machine: Machine, words: tuple[str, ...]) -> None:
    machine.run("add")
    with left_behind(machine, *words) as pid:
        refused(machine, f"(process {pid}, ")
    machine.run("drop", ".main", "--yes")
    assert not (machine.root / ".main").exists()


@linux
def test_a_container_cannot_be_removed_from_inside(machine: Machine) -> None:
    words = [*rezup_command(), "drop", ".main", "--yes"]
    done = machine.run("use", "--", "sh", "-c", '"$@"; echo $$ $?', "sh", *words)
    pid, status = done.stdout.split()
    assert status == "5"
    assert f"sh (process {pid}, " in done.stderr
    assert machine.revisions()


def test_force(machine: Machine) -> None:
    machine.run("add")
    with session(machine, "sleep", "60") as process:
        machine.run("drop", ".main", "--yes", "--force")
        assert not (machine.root / ".main").exists()
        assert machine.leftovers() == []
        assert process.poll() is None, "nothing happens to who uses it"
    assert "no containers yet" in machine.run("status").stdout


def test_a_container_without_metadata_is_removed(machine: Machine) -> None:
    machine.run("add")
    (revision,) = machine.revisions()
    (revision / "revision.json").unlink()
    (revision.parent / "1.5").mkdir()
    (revision.parent / "2.5").touch()
    machine.run("drop", ".main", "--yes")
    assert not (machine.root / ".main").exists()


def test_without_a_terminal_yes_is_required(machine: Machine) -> None:
    machine.run("add", "dev")
    before = tree_digest(machine.root / "dev")
    for words in (("drop", "dev"), ("drop", "dev", "--force")):
        done = machine.run(*words, status=2)
        assert done.stderr.startswith("rezup: there is no terminal to ask on\n")
        assert machine.run(*words, status=2, stdin="y\n").stderr == done.stderr
    assert tree_digest(machine.root / "dev") == before


@pytest.mark.parametrize(
    ("answer", "removed"), [("y", True), ("Yes", True), ("n", False), ("", False), ("yeah", False)]
)
def test_on_a_terminal_it_asks(machine: Machine, terminal: Callable[..., Terminal], answer: str, removed: bool) -> None:
    machine.run("add", "dev")
    machine.run("add", "dev")
    with terminal(machine, "drop", "dev") as screen:
        screen.expect(rf"Remove {machine.root}/dev with 2 revisions\? \[y/N\] ")
        screen.type(answer)
        screen.expect("Removed dev" if removed else "Nothing was removed")
        assert screen.wait() == 0
    assert (machine.root / "dev").exists() != removed


def until_interrupted(screen: Terminal) -> int:
    """Press Ctrl-C until it helps: one that comes after the question but before Python reads is seen with the next key only."""
    deadline = time.monotonic() + 60
    while screen.process.poll() is None and time.monotonic() < deadline:
        screen.interrupt()
        with suppress(subprocess.TimeoutExpired):
            screen.process.wait(2)
    return screen.wait()


def test_on_a_terminal_no_answer_is_a_no(machine: Machine, terminal: Callable[..., Terminal]) -> None:
    machine.run("add", "dev")
    with terminal(machine, "drop", "dev") as screen:
        screen.expect(r"with 1 revision\? ")
        screen.end_input()
        screen.expect("Nothing was removed")
        assert screen.wait() == 0
    with terminal(machine, "drop", "dev") as screen:
        screen.expect(r"with 1 revision\? ")
        assert until_interrupted(screen) == 130
    assert "rezup: interrupted" in screen.shown
    assert (machine.root / "dev").exists()


def test_on_a_terminal_it_does_not_ask_in_vain(machine: Machine, terminal: Callable[..., Terminal]) -> None:
    with terminal(machine, "drop", "nobody") as screen:
        screen.expect("there is no container nobody")
        assert screen.wait() == 4
    assert "Remove" not in screen.shown
