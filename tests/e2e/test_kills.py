"""Builders that are killed or interrupted at any moment: nobody sees what they began, and nothing of it stays."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.processes import Victim, forget, took, wait_until
from tests.e2e.studio import publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Victim]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")

MOMENTS = 20
# What a build has to do again, besides asking the index: all but unpack wheels; that but not compile; nothing.
ALL = ("environments", "probed", "bytecode")
EMPTIED = (ALL, ("environments", "probed"), ())
ADD = ("add", "dev", "--skip-use")


@pytest.fixture
def seed() -> int:
    """Where the random moments of this run begin; `REZUP_TESTS_SEED` repeats a run."""
    return int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000)


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(machine, "add")` runs a command in a process group of its own; it does not outlive the test."""
    started: list[Victim] = []

    def run(machine: Machine, *words: str) -> Victim:
        started.append(Victim(machine, *words))
        return started[-1]

    yield run
    for victim in started:
        victim.kill("group")
        victim.end()


@pytest.fixture
def builder(cold_machine: Machine) -> Machine:
    """A machine with caches of its own, warm, and one revision of `dev`."""
    cold_machine.run(*ADD)
    return cold_machine


@contextmanager
def told(about: str) -> Iterator[None]:
    """Put into every failure what would repeat it."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{about}: {error}") from error


def names_in(revision: Path) -> set[str]:
    """The names of all files in a revision, byte code too."""
    return {
        path.relative_to(revision).as_posix() for path in revision.rglob("*") if path.is_symlink() or path.is_file()
    }


def listed(machine: Machine) -> list[str]:
    """What `status` lists of `dev`, all of which must be ready."""
    rows = json.loads(machine.run("status", "dev", "--json").stdout)["data"]["revisions"]
    assert [row["obstacle"] for row in rows] == [""] * len(rows), "an incomplete revision is listed"
    return [row["timestamp"] for row in rows]


def check_left(machine: Machine, whole: set[str]) -> None:
    """The next command works, and after it there is nothing but whole revisions; all but the first are removed."""
    machine.run("use", "dev", "--", "true")
    assert os.listdir(machine.root / "dev") == ["revisions"]
    revisions = machine.revisions("dev")
    assert [path.name for path in revisions] == sorted(listed(machine))
    for path in revisions[1:]:
        assert names_in(path) == whole, f"{path} is not whole"
        shutil.rmtree(path)


def killed_after(machine: Machine, victim: Victim, seconds: float, way: str) -> bool:
    """Kill a builder after that time, and look at `status` all the while; whether it was killed before its end."""
    timer = threading.Timer(seconds, victim.kill, [way])
    timer.start()
    while victim.running:
        listed(machine)
    timer.cancel()
    timer.join()
    status = victim.end()
    victim.wait_for_children()
    assert status in {0, -9}, victim.stderr
    return status == -9


@pytest.mark.slow
@pytest.mark.parametrize("way", ["group", "alone"])
def test_whenever_a_builder_is_killed_the_next_command_works(
    builder: Machine, seed: int, way: str, start: Start
) -> None:
    whole = names_in(builder.revisions("dev")[0])
    chosen = random.Random(seed)
    full = []
    for caches in EMPTIED:
        forget(builder, *caches)
        full.append(took(builder, *ADD))
    check_left(builder, whole)
    killed = 0
    for number in range(MOMENTS):
        round_, kind = divmod(number, len(EMPTIED))
        seconds = full[kind] * (round_ + chosen.random()) / (MOMENTS / len(EMPTIED))
        with told(f"seed {seed}, kill {number} after {seconds:.3f} of {full[kind]:.3f} s, emptied {EMPTIED[kind]}"):
            forget(builder, *EMPTIED[kind])
            killed += killed_after(builder, start(builder, *ADD), seconds, way)
            check_left(builder, whole)
    assert killed > MOMENTS / 2, f"seed {seed}: most builds ended before they were killed"
    builder.run(*ADD)
    check_left(builder, whole)
    forget(builder, "environments")
    builder.run(*ADD)
    check_left(builder, whole)


@pytest.mark.parametrize("way", ["group", "alone"])
@pytest.mark.parametrize("origin", ["first", "published"])
def test_who_waits_for_a_builder_that_is_killed_takes_over(
    publisher: Machine, consumer: Machine, cold_machine: Machine, start: Start, *, way: str, origin: str
) -> None:
    name, machine = ".main", cold_machine
    if origin == "published":
        name, machine = "dev", consumer
        publish(publisher)
    else:
        del publisher.variables["REZUP_ROOT_REMOTE"]
    forget(machine, *ALL)
    first = start(machine, "use", name, "--", "true")
    wait_until(lambda: machine.leftovers(name), "the first never began to build")
    waiting = start(machine, "use", name, "--", "rez", "--version")
    wait_until(lambda: "Waiting for another process" in waiting.stderr, "the second did not wait")
    assert first.running, "it was too fast"
    first.kill(way)
    assert first.end() == -9
    assert waiting.end() == 0, waiting.stderr
    assert len(machine.revisions(name)) == 1
    first.wait_for_children()
    assert os.listdir(machine.root / name) == ["revisions"]
    assert machine.run("use", name, "--", "true").stderr == ""


@pytest.mark.parametrize(
    ("after", "seconds"),
    [("Making", 0.0), ("Resolved", 0.0), ("Resolved", 0.15), ("Installed", 0.0), ("Installed", 0.3), ("Compiled", 0.1)],
)
def test_ctrl_c_says_one_line_and_leaves_nothing(machine: Machine, start: Start, after: str, seconds: float) -> None:
    forget(machine, *ALL)
    victim = start(machine, *ADD)
    wait_until(lambda: after in victim.stderr, "it never came that far")
    wait_until(lambda: machine.leftovers("dev"), "it never began to build")
    time.sleep(seconds)
    victim.interrupt()
    assert victim.end() == 130, victim.stderr
    done = ("Making a revision of dev", "Resolved rez", "Installed rez", "Compiled the byte code")
    told = [line for line in victim.stderr.splitlines() if not line.startswith(done)]
    assert told == ["rezup: interrupted; nothing was changed"]
    assert os.listdir(machine.root) == [".cache"]
    machine.run(*ADD)
    assert len(listed(machine)) == 1
    assert machine.leftovers("dev") == []


def test_ctrl_c_while_waiting_ends_only_the_wait(machine: Machine, start: Start) -> None:
    forget(machine, *ALL)
    first = start(machine, "use", "--", "rez", "--version")
    wait_until(machine.leftovers, "the first never began to build")
    waiting = start(machine, "use", "--", "true")
    wait_until(lambda: "Waiting for another process" in waiting.stderr, "the second did not wait")
    waiting.interrupt()
    assert waiting.end() == 130
    assert waiting.stderr.splitlines()[-1] == "rezup: interrupted; nothing was changed"
    assert first.end() == 0, first.stderr
    assert len(machine.revisions()) == 1
    assert os.listdir(machine.root / ".main") == ["revisions"]


@pytest.fixture
def shared_root(warm_caches: Path) -> Iterator[Path]:
    """A local root that every user can reach, unlike pytest's own folders."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    (root / ".cache").symlink_to(warm_caches, target_is_directory=True)
    yield root
    shutil.rmtree(root)


def beside(machine: Machine, home: Path) -> Machine:
    """A second machine on the local root of the first."""
    home.mkdir()
    return Machine(home, {**machine.variables, "REZUP_ROOT_LOCAL": str(machine.root)})


def test_two_machines_share_a_local_root(machine: Machine, tmp_path: Path, start: Start) -> None:
    second = beside(machine, tmp_path / "second")
    machine.run(*ADD)
    forget(machine, *ALL)
    builder = start(machine, *ADD)
    wait_until(lambda: machine.leftovers("dev"), "it never began to build")
    (first,) = machine.revisions("dev")
    while builder.running:
        told = second.run("use", "dev", "--", "printenv", "REZUP_REVISION").stdout
        assert told in {f"{path}\n" for path in machine.revisions("dev")}
    assert builder.end() == 0, builder.stderr
    assert len(machine.revisions("dev")) == 2, "the other machine has swept away what was being built"
    second.run(*ADD)
    assert names_in(machine.revisions("dev")[2]) == names_in(first)
    assert os.listdir(machine.root / "dev") == ["revisions"]


def test_what_a_killed_builder_left_is_cleared_by_another_machine(
    machine: Machine, tmp_path: Path, start: Start
) -> None:
    second = beside(machine, tmp_path / "second")
    forget(machine, *ALL)
    builder = start(machine, *ADD)
    wait_until(lambda: len(machine.leftovers("dev")) == 2, "it never began to build")
    builder.kill("group")
    builder.end()
    builder.wait_for_children()
    assert len(machine.leftovers("dev")) == 2, "nobody has cleared it yet"
    assert json.loads(second.run("status", "--json").stdout)["data"]["containers"] == []
    assert len(machine.leftovers("dev")) == 2, "looking changes nothing"
    second.run(*ADD)
    assert os.listdir(machine.root / "dev") == ["revisions"]
    assert len(listed(second)) == 1


def test_a_removal_that_is_killed_is_finished_by_the_next_command(machine: Machine, start: Start) -> None:
    for _ in range(3):
        machine.run(*ADD)
    remover = start(machine, "drop", "dev", "--yes")
    wait_until(lambda: list(machine.root.glob(".staging/*/dev")), "it never began")
    remover.kill("group")
    assert remover.end() == -9, "it was too fast"
    assert list(machine.root.glob(".staging/*/dev")), "it was too fast"
    assert json.loads(machine.run("status", "--json").stdout)["data"]["containers"] == []
    machine.run(*ADD)
    assert sorted(os.listdir(machine.root)) == [".cache", "dev"]
    assert len(listed(machine)) == 1


def test_who_may_only_read_the_root_is_not_held_up_by_what_was_left(
    machine: Machine, unprivileged: Machine, shared_root: Path, start: Start
) -> None:
    for user in (machine, unprivileged):
        user.variables["REZUP_ROOT_LOCAL"] = str(shared_root)
    machine.run(*ADD)
    forget(machine, *ALL)
    builder = start(machine, *ADD)
    wait_until(lambda: len(machine.leftovers("dev")) == 2, "it never began to build")
    assert unprivileged.run("use", "dev", "--", "rez", "--version").stdout.startswith("Rez ")
    assert builder.running
    builder.kill("group")
    builder.end()
    builder.wait_for_children()
    assert unprivileged.run("use", "dev", "--", "rez", "--version").stdout.startswith("Rez ")
    assert len(machine.leftovers("dev")) == 2, "that user may not remove it"
    machine.run("use", "dev", "--", "true")
    assert machine.leftovers("dev") == []
