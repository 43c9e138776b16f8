"""The power fails at any moment: every file that is there is whole, what was told as done is there, and every command works."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.disks import KINDS, NoDisksError, disk, unflushed
from tests.e2e.studio import publish

from rezup_api.disk.staging import STAGING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Machine
    from tests.e2e.disks import Disk

WHOLE = bool(os.environ.get("REZUP_TESTS_WHOLE"))
ROUNDS = 8
CACHE = ".cache"
ADD = ("add", "dev", "--skip-use")
PUBLISH = (*ADD, "--remote")
LABEL = ("tag", "dev@latest", "tested")
ACTS = (
    ADD,
    PUBLISH,
    ("pin", "dev@latest", "--local"),
    (*LABEL, "--local"),
    (*LABEL, "--remote"),
    ("rollback", "dev", "--remote"),
    ("unpin", "dev", "--local"),
    ("unpin", "dev", "--remote"),
    ("untag", "dev", "tested", "--local"),
)
LOOKS = (("status",), ("status", "dev"), ("history", "dev"), ("use", "dev", "--", "true"), ("verify", "dev"))


@pytest.fixture
def seed() -> int:
    """Where the random moments of this run begin; `REZUP_TESTS_SEED` repeats a run."""
    return int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000)


@pytest.fixture(params=KINDS)
def fragile(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk that can lose power."""
    made = disk(tmp_path / "machine", request.param)
    try:
        entered = made.__enter__()
    except NoDisksError as error:
        pytest.skip(str(error))
    try:
        yield entered
    finally:
        made.__exit__(None, None, None)


@pytest.fixture
def worker(fragile: Disk, machine_in: Callable[[Path], Machine]) -> Machine:
    """A machine with its home folder and the remote root on that disk, which has published a revision."""
    machine = machine_in(fragile.path / "home")
    machine.variables["REZUP_ROOT_REMOTE"] = str(fragile.path / "remote")
    (fragile.path / "remote").mkdir()
    machine.recipe("", "dev")
    publish(machine)
    os.sync()
    return machine


def seen(disk: Disk) -> dict[str, bytes]:
    """The files that others read, under both roots, by their paths."""
    found: dict[str, bytes] = {}
    for top in (disk.path / "home" / ".rezup" / "dev", disk.path / "remote"):
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name not in {STAGING, CACHE}]
            paths = (os.path.join(folder, name) for name in names)
            found |= {path: Path(path).read_bytes() for path in paths if not os.path.islink(path)}
    return found


def check_whole(disk: Disk, worker: Machine, *states: dict[str, bytes]) -> None:
    """What is there is as in one of those states, and every command works."""
    now = seen(disk)
    assert [path for path in now if all(state.get(path) != now[path] for state in states)] == []
    for words in LOOKS:
        worker.run(*words)
    assert worker.leftovers("dev") == []


@pytest.mark.slow
def test_what_was_told_as_done_is_there_after_a_power_loss(fragile: Disk, worker: Machine, seed: int) -> None:
    chosen = random.Random(seed)
    for words in ACTS * ROUNDS if WHOLE else ACTS[:3]:
        worker.run(*words)
        done = seen(fragile)
        time.sleep(chosen.random() * 0.02)
        if chosen.random() < 0.5:
            fragile.neighbour()
        fragile.lose_power()
        fragile.restart()
        left = seen(fragile)
        assert [path for path in done if left.get(path) != done[path]] == [], f"seed {seed}, after {words}"
        check_whole(fragile, worker, done)


@pytest.mark.slow
def test_the_power_may_be_lost_at_any_moment_of_an_act(fragile: Disk, worker: Machine, seed: int) -> None:
    chosen = random.Random(seed)
    acts = (ADD, PUBLISH, ("pin", "dev@latest", "--local"), (*LABEL, "--remote")) * ROUNDS
    for words in acts if WHOLE else acts[1:3]:
        before = seen(fragile)
        act = worker.start(*words)
        time.sleep(chosen.random() * (0.8 if "add" in words else 0.2))
        fragile.lose_power()
        told = act.communicate(timeout=60)
        assert act.returncode == 0, told
        after = seen(fragile)
        fragile.restart()
        check_whole(fragile, worker, before, after)


@pytest.mark.slow
def test_without_flushing_a_power_loss_leaves_empty_files(fragile: Disk, worker: Machine, tmp_path: Path) -> None:
    """The disk of these tests shows what flushing is for."""
    worker.variables |= unflushed(tmp_path)
    before = seen(fragile)
    worker.run(*PUBLISH)
    worker.run(*LABEL, "--local")
    done = seen(fragile)
    fragile.neighbour()
    fragile.lose_power()
    fragile.restart()
    left = seen(fragile)
    names = {Path(path).name for path in done.keys() - before.keys() if left.get(path) == b"" != done[path]}
    assert {"revision.json", "rezup.toml", "tested", "2.json"} <= names
