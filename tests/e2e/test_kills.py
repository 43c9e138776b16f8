"""Builders that are killed or interrupted at any moment: nobody sees what they began, and nothing of it stays."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.processes import Victim, alive, forget, took, wait_until
from tests.e2e.studio import publish
from tests.packages import wheel

from rezup_api.disk.flock import claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.processes import Start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")

MOMENTS = 20 if os.environ.get("REZUP_TESTS_WHOLE") else 9
# What a build has to do again, besides asking the index: all but unpack wheels; that but not compile; nothing.
ALL = ("environments", "probed", "bytecode")
EMPTIED = (ALL, ("environments", "probed"), ())
ADD = ("add", "dev", "--skip-use")


@pytest.fixture
def seed() -> int:
    """Where the random moments of this run begin; `REZUP_TESTS_SEED` repeats a run."""
    return int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000)


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
    rows = machine.json("status", "dev")["revisions"]
    assert [row["obstacle"] for row in rows] == [""] * len(rows), "an incomplete revision is listed"
    return [row["timestamp"] for row in rows]


def is_free(lock: Path) -> bool:
    """Whether nobody holds a lock file."""
    try:
        held = claim(lock)
    except FileNotFoundError:
        return True
    if held is not None:
        held.release()
    return held is not None


def check_left(machine: Machine, whole: set[str]) -> None:
    """The next command works, and after it there is nothing but whole revisions; all but the first are removed."""
    for lock in (machine.root / "dev" / ".staging").glob("*.lock"):
        # What the victim started last may live a moment longer, and holds the stage; nobody may clear that.
        wait_until(partial(is_free, lock), "somebody holds the stage of a dead builder")
    machine.run("use", "dev", "--", "true")
    assert set(os.listdir(machine.root / "dev")) <= {".data", "history", "revisions"}
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
        victim.pause(0.2)
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


def test_a_revision_is_whole_from_its_first_moment(builder: Machine, start: Start) -> None:
    (first,) = builder.revisions("dev")
    whole = names_in(first)
    forget(builder, *ALL)
    victim = start(builder, *ADD)
    while len(names := os.listdir(first.parent)) == 1:
        assert victim.running, "it ended without a revision"
    (new,) = (first.parent / name for name in names if name != first.name)
    assert names_in(new) == whole
    assert victim.end() == 0


def test_what_a_killed_builder_started_keeps_nobody_from_building(
    machine: Machine, start: Start, tmp_path: Path
) -> None:
    """Its children end with it; theirs, here what builds a wheel, may go on, and hold no more than the dead one's stage."""
    project = slow_project(tmp_path / "project")
    machine.recipe(f'[[extension]]\nname = "slow"\nurl = "{project}"\n', "dev")
    (project / "slow").touch()
    victim = start(machine, *ADD)
    wait_until((project / "pid").exists, "it never began to build the wheel")
    victim.kill("alone")
    assert victim.end() == -9
    backend = int((project / "pid").read_text())
    assert victim.children
    wait_until(lambda: not any(map(alive, victim.children)), "its child outlived it", 3)
    assert alive(backend)
    (project / "slow").unlink()
    try:
        stage = set(machine.leftovers("dev"))
        machine.run(*ADD)
        assert len(listed(machine)) == 1
        assert set(machine.leftovers("dev")) == stage, "what somebody may still write into was removed"
    finally:
        os.kill(backend, signal.SIGKILL)
    wait_until(lambda: not alive(backend), "it outlived its end")
    machine.run("use", "dev", "--", "true")
    assert set(os.listdir(machine.root / "dev")) <= {".data", "history", "revisions"}


def slow_project(folder: Path) -> Path:
    """A project that takes as long to build as there is a file `slow` in it."""
    made = wheel(folder, "slow", {"slow.py": ""})
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "slow"\nversion = "1.0"\n'
    )
    (folder / "backend.py").write_text(
        "import os, shutil, time\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    if os.path.exists('slow'):\n"
        "        with open('pid.new', 'w') as stream: stream.write(str(os.getpid()))\n"
        "        os.rename('pid.new', 'pid')\n"
        "        time.sleep(120)\n"
        f"    shutil.copy({made.name!r}, folder)\n"
        f"    return {made.name!r}\n"
    )
    return folder


@pytest.mark.parametrize(
    ("origin", "way"),
    [
        ("first", "group"),
        ("published", "alone"),
        *(pytest.param(*one, marks=pytest.mark.whole) for one in (("first", "alone"), ("published", "group"))),
    ],
)
def test_who_waits_for_a_builder_that_is_killed_takes_over(
    publisher: Machine, consumer: Machine, start: Start, way: str, origin: str
) -> None:
    name = ".main"
    if origin == "published":
        name = "dev"
        publish(publisher)
    else:
        del consumer.variables["REZUP_ROOT_REMOTE"]
    machine = consumer
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
    assert set(os.listdir(machine.root / name)) <= {".data", "history", "labels", "revisions"}
    assert machine.run("use", name, "--", "true").stderr == ""


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
    assert set(os.listdir(machine.root / "dev")) <= {".data", "history", "revisions"}


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
    assert second.json("status")["containers"] == []
    assert len(machine.leftovers("dev")) == 2, "looking changes nothing"
    second.run(*ADD)
    assert set(os.listdir(machine.root / "dev")) <= {".data", "history", "revisions"}
    assert len(listed(second)) == 1


def test_a_removal_that_is_killed_is_finished_by_the_next_command(machine: Machine, start: Start) -> None:
    for _ in range(3):
        machine.run(*ADD)
    remover = start(machine, "drop", "dev", "--yes")
    wait_until(lambda: list(machine.root.glob(".staging/*/dev")), "it never began")
    remover.kill("group")
    assert remover.end() == -9, "it was too fast"
    assert list(machine.root.glob(".staging/*/dev")), "it was too fast"
    assert machine.json("status")["containers"] == []
    machine.run(*ADD)
    assert sorted(os.listdir(machine.root)) == [".cache", "dev"]
    assert len(listed(machine)) == 1


def test_who_may_only_read_the_root_is_not_held_up_by_what_was_left(
    publisher: Machine, unprivileged: Machine, shared_root: Path, start: Start
) -> None:
    for user in (publisher, unprivileged):
        user.variables.update(publisher.variables, REZUP_ROOT_LOCAL=str(shared_root))
    publish(publisher)
    forget(publisher, *ALL)
    builder = start(publisher, *ADD)
    wait_until(lambda: len(publisher.leftovers("dev")) == 2, "it never began to build")
    assert unprivileged.run("use", "dev", "--", "rez", "--version").stdout.startswith("Rez ")
    assert builder.running, "it was too fast"
    builder.kill("group")
    builder.end()
    builder.wait_for_children()
    assert unprivileged.run("use", "dev", "--", "rez", "--version").stdout.startswith("Rez ")
    assert len(publisher.leftovers("dev")) == 2, "that user may not remove it"
    publisher.run("use", "dev", "--", "true")
    assert publisher.leftovers("dev") == []
