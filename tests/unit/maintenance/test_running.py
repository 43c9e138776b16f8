"""Sessions: the topmost process of each, with all that belongs to it, and nested ones apart."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.flock import lease
from rezup_api.maintenance import holders
from rezup_api.maintenance.running import can_tell, running_sessions
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.maintenance.conftest import Make

    from rezup_api.store.layout import ContainerFolder

    Session = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

FIRST, SECOND = "1700000001.000000", "1700000002.000000"
# A process in the first revision that starts one, whose child is in the second: it tells their process ids.
NESTED = """
import os, subprocess, sys
inner = "import os; print(os.getpid(), flush=True); input()"
middle = f'''
import os, subprocess, sys
print(os.getpid(), flush=True)
subprocess.run([sys.executable, "-c", {inner!r}], env={{**os.environ, "REZUP_REVISION": sys.argv[1]}})
'''
print(os.getpid(), flush=True)
subprocess.run([sys.executable, "-c", middle, sys.argv[1]])
"""


def test_a_session_is_its_topmost_process_and_a_nested_one_is_another(folder: ContainerFolder, make: Make) -> None:
    first, second = make(FIRST), make(SECOND)
    environ = {**os.environ, "REZUP_REVISION": str(first)}
    words = [sys.executable, "-c", NESTED, str(second)]
    with subprocess.Popen(words, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        top, middle, inner = (int(process.stdout.readline()) for _ in range(3))
        found = running_sessions([load_revision(folder, timestamp) for timestamp in (FIRST, SECOND)])
        process.communicate("\n")
    by_top = {session.pid: session for session in found}
    assert set(by_top) == {top, inner}
    assert by_top[top].processes == (top, middle)
    assert str(by_top[top].revision) == f"dev@{FIRST}"
    assert by_top[inner].processes == (inner,)
    assert str(by_top[inner].revision) == f"dev@{SECOND}"
    assert all(session.known and session.since for session in found)


def test_those_that_began_first_come_first(folder: ContainerFolder, make: Make, session: Session) -> None:
    path = make(FIRST)
    started = [session(path).pid, session(path, closed=True).pid]
    found = running_sessions([load_revision(folder, FIRST)])
    assert sorted(one.pid or 0 for one in found) == sorted(started)
    moments = [one.since for one in found if one.since]
    assert moments == sorted(moments)


def test_a_holder_that_may_not_be_looked_at_is_one_that_is_not_known(
    folder: ContainerFolder, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = lease(make(FIRST) / "revision.json")
    assert held is not None
    monkeypatch.setattr(holders, "processes", lambda: iter(()))
    with held:
        (found,) = running_sessions([load_revision(folder, FIRST)])
    assert (found.pid, found.known, found.processes) == (os.getpid(), False, ())


def test_nobody_is_nobody(folder: ContainerFolder, make: Make) -> None:
    make(FIRST)
    assert running_sessions([load_revision(folder, FIRST)]) == []
    assert running_sessions([]) == []


@pytest.mark.parametrize("there", [True, False])
def test_whether_this_system_tells(there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not there:
        monkeypatch.setattr(holders, "PROCESSES", tmp_path)
    assert can_tell() is there
