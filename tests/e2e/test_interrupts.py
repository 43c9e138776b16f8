"""Ctrl-C during a build: one line, the right status, and nothing left."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.processes import children, command_line, forget, wait_until

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine
    from tests.e2e.processes import Start, Victim

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")

ALL = ("environments", "probed", "bytecode")
ADD = ("add", "dev", "--skip-use")


@pytest.mark.parametrize(
    ("after", "seconds"),
    [("Making", 0.0), ("Resolved", 0.0), ("Resolved", 0.15), ("Installed", 0.0), ("Installed", 0.3), ("Compiled", 0.0)],
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


def tried(victim: Victim) -> list[int]:
    """The processes of a `rez-env` that a builder tries out."""
    return [pid for pid in children(victim.popen.pid) if "rez-env" in command_line(pid)]


def test_ctrl_c_while_rez_is_tried_out_is_not_made_worse_by_rez(machine: Machine, start: Start) -> None:
    """Rez answers it by ending its whole process group."""
    forget(machine, *ALL)
    victim = start(machine, *ADD)
    wait_until(lambda: any(children(pid) for pid in tried(victim)), "no command was run in an environment of Rez")
    assert victim.running
    victim.interrupt()
    assert victim.end() == 130, victim.stderr
    assert victim.stderr.endswith("rezup: interrupted; nothing was changed\n")
    assert os.listdir(machine.root) == [".cache"]
    machine.run(*ADD)
    assert set(os.listdir(machine.root / "dev")) <= {".data", "history", "revisions"}


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
    assert set(os.listdir(machine.root / ".main")) <= {".data", "history", "revisions"}
