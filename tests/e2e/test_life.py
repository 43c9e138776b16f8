"""Many at once do what they like with one container: nobody fails, and no session ever misses a file."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="sessions are found through /proc")]

PROCESSES = 8
ROUNDS = 200
# A session that reads its whole environment, twice, and counts what is there.
READ = """
import os, sys, time

def files():
    found = {}
    for folder, _, names in os.walk(os.environ["REZUP_REVISION"], followlinks=True):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path) and not os.path.exists(path):
                sys.exit(f"{path} leads nowhere")
            with open(path, "rb") as stream:
                found[path] = len(stream.read())
    return found

before = files()
time.sleep(0.2)
if len(before) < 1000 or files() != before:
    sys.exit("files have gone")
"""


class Crowd:
    """Processes that take what is to be done from one list.

    Args:
        machine: where they work.
        seed: what they do.
    """

    def __init__(self, machine: Machine, seed: int) -> None:
        self._machine = machine
        self._draw = random.Random(seed)
        self._left = ROUNDS
        self._turn = threading.Lock()
        self.faults: list[str] = []
        self.done: dict[str, int] = {}

    def work(self) -> None:
        """One after the other, until nothing is left."""
        while True:
            with self._turn:
                if not self._left:
                    return
                self._left -= 1
                words = self._next()
            self._do(words)

    def _next(self) -> tuple[str, ...]:
        read = ("use", "dev", "--", sys.executable, "-c", READ)
        acts = [
            read,
            ("use", "dev@latest", *read[2:]),
            ("add", "dev", "--skip-use"),
            ("gc", "dev", "--keep", "1"),
            ("gc", "dev", "--keep", "2"),
            ("pin", "dev@latest"),
            ("unpin", "dev"),
        ]
        return self._draw.choices(acts, weights=(5, 2, 4, 4, 1, 2, 1))[0]

    def _do(self, words: tuple[str, ...]) -> None:
        running = self._machine.start(*words)
        told, complaint = running.communicate(timeout=300)
        with self._turn:
            self.done[words[0]] = self.done.get(words[0], 0) + 1
            busy = words[0] != "use" and running.returncode == 5
            if running.returncode and not busy:
                self.faults.append(f"{' '.join(words[:3])}: {running.returncode}\n{told}{complaint}")


def test_nobody_fails_and_no_session_misses_a_file(machine: Machine) -> None:
    seed = int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000)
    machine.run("add", "dev", "--skip-use")
    crowd = Crowd(machine, seed)
    threads = [threading.Thread(target=crowd.work) for _ in range(PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crowd.faults == [], f"seed {seed}"
    assert sum(crowd.done.values()) == ROUNDS
    assert set(crowd.done) == {"use", "add", "gc", "pin", "unpin"}
    machine.run("unpin", "dev")
    machine.run("gc", "dev", "--keep", "1")
    assert len(machine.revisions("dev")) == 1
    assert machine.leftovers("dev") == []
