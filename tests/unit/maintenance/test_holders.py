"""Who uses a revision: real processes, by what they hold and what they were started in."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from rezup_api.maintenance import holders
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.maintenance.conftest import Make

    from rezup_api.store.layout import ContainerFolder

    Session = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

FIRST, SECOND = "1700000001.000000", "1700000002.000000"


@pytest.mark.parametrize("closed", [False, True], ids=["holds it", "is in it"])
def test_a_user_is_named(folder: ContainerFolder, make: Make, session: Session, closed: bool) -> None:
    make(FIRST)
    process = session(make(SECOND), closed=closed)
    revisions = [load_revision(folder, timestamp) for timestamp in (FIRST, SECOND)]
    (holder,) = holders.holders(revisions)
    assert (holder.pid, holder.revision) == (process.pid, f"dev@{SECOND}")
    assert str(holder) == f"{holder.command} (process {process.pid}, {holder.user}) uses dev@{SECOND}"
    assert holders.holders(revisions[:1]) == []


def test_what_one_holds_counts_before_what_it_was_started_in(
    folder: ContainerFolder, make: Make, session: Session
) -> None:
    first, second = make(FIRST), make(SECOND)
    code = "import sys; stream = open(sys.argv[1]); print('ready', flush=True); input()"
    environ = {**os.environ, "REZUP_REVISION": str(first)}
    words = [sys.executable, "-c", code, str(second / "revision.json")]
    with subprocess.Popen(words, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = holders.holders([load_revision(folder, timestamp) for timestamp in (FIRST, SECOND)])
        process.kill()
    assert [holder.revision for holder in found] == [f"dev@{SECOND}"]


def test_one_that_has_ended_is_nobody(make: Make, session: Session) -> None:
    process = session(make(FIRST))
    process.kill()
    process.wait()
    assert holders.held_files(process.pid) == set()
    assert holders.entered(process.pid) == ""
    assert holders.command_of(process.pid) == ""
    assert holders.user_of(process.pid) == ""
    assert holders.parent_of(process.pid) == 0
    assert holders.started(process.pid) is None


def test_what_is_told_of_a_living_one(make: Make, session: Session) -> None:
    process = session(make(FIRST))
    assert process.pid in set(holders.processes())
    assert os.getpid() not in set(holders.processes())
    assert holders.parent_of(process.pid) == os.getpid()
    began = holders.started(process.pid)
    assert began is not None
    assert abs(datetime.now(timezone.utc) - began) < timedelta(minutes=10)


def test_locked_files_are_known_by_their_inode(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        status = os.fstat(stream.fileno())
        key = (os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)
        assert holders.locked_inodes().get(key) == [os.getpid()]
    assert key not in holders.locked_inodes()


def test_without_proc_nobody_is_found(
    folder: ContainerFolder, make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make(FIRST)
    monkeypatch.setattr(holders, "PROCESSES", tmp_path / "none")
    assert holders.holders([load_revision(folder, FIRST)]) == []
    assert holders.locked_inodes() == {}
    assert holders.started(os.getpid()) is None
