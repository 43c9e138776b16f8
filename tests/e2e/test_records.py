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
from tests.e2e.world import CHANGES, TICK, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")
STEPS = 40
REQUESTS = [("dev",), ("dev", "--local"), (".main",), ("dev@~1",), ("dev@1700000001.000000",)]


@pytest.mark.parametrize("seed", range(3))
def test_records_answer_as_the_ordinary_path_does(home: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    share = tmp_path / "share"
    share.mkdir()
    world = World(Machine(home), share, rng)
    for _ in range(STEPS):
        name = rng.choice(list(CHANGES))
        CHANGES[name](world)
        world.told.append(name)
        for words in rng.sample(REQUESTS, 2):
            if rng.random() < 0.5:
                time.sleep(TICK)
            for _ in range(2):  # the first may make the record that the second uses
                found = world.launch(*words, recording=True)
                assert found == world.launch(*words, recording=False), f"{words} after {world.told}"
    assert world.quick > STEPS / 2, "or this was no test of records"
