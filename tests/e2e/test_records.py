"""A prepared record never answers otherwise than the ordinary path: tried on many situations, one change after the other.

Each change is followed by launches that may use records and by the same launches where there can be none. The revisions are real
folders without a Rez in them: what is compared is which of them is entered, and with which environment.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.studio import make_revision
from tests.e2e.world import CHANGES, TICK, World

from rezup.fastpath import load

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")
STEPS = 40
ASKED = 2 if os.environ.get("REZUP_TESTS_WHOLE") else 1  # requests at each step
REQUESTS = [("dev",), ("dev", "--local"), (".main",), ("dev@~1",), ("dev@1700000001.000000",)]


@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.whole) for seed in range(3, 20))])
def test_records_answer_as_the_ordinary_path_does(home: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    share = tmp_path / "share"
    share.mkdir()
    world = World(Machine(home), share, rng)
    for _ in range(STEPS):
        name = rng.choice(list(CHANGES))
        CHANGES[name](world)
        world.told.append(name)
        for words in rng.sample(REQUESTS, ASKED):
            if rng.random() < 0.5:
                time.sleep(TICK)
            for _ in range(2):  # the first may make the record that the second uses
                found = world.launch(*words, recording=True)
                assert found == world.launch(*words, recording=False), f"{words} after {world.told}"
    assert world.quick > STEPS * ASKED / 4, "or this was no test of records"


def _damaged(whole: bytes, rng: random.Random) -> bytes:
    """A record with some of its bytes changed, moved, cut off or added."""
    data = bytearray(whole)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data))
        change = rng.randrange(4)
        if change == 0:
            data[at] ^= rng.randrange(1, 256)
        elif change == 1:
            del data[at : at + rng.randrange(1, 50)]
        elif change == 2:
            data[at:at] = rng.randbytes(rng.randrange(1, 50))
        else:
            data[at : at + 8] = data[-8:]
        data = data or bytearray(b"x")
    return bytes(data)


def test_a_damaged_record_never_keeps_a_command_from_running(home: Path) -> None:
    make_revision(home / ".rezup" / "dev", tool="tool")
    machine = Machine(home)
    words = ("use", "dev", "--", "tool")
    machine.prepare(*words)
    (path,) = (home / ".cache" / "rezup" / os.uname().nodename / "launches").iterdir()
    whole = path.read_bytes()
    rng = random.Random(7)
    for _ in range(5000 if os.environ.get("REZUP_TESTS_WHOLE") else 60):
        data = _damaged(whole, rng)
        path.write_bytes(data)
        assert machine.run(*words).stdout == "the tool\n", data
    machine.prepare(*words)
    assert load(str(path)) is not None, "and it is replaced"
