"""What is running: sessions and what belongs to them, nested ones, and those of others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.processes import wait_until
from tests.e2e.studio import make_revision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc")
A, B, C = (f"170000000{number}.000000" for number in (1, 2, 3))


@pytest.fixture
def user(home: Path) -> Machine:
    """Somebody with three revisions of `dev` and one of `prod`."""
    for number in (1, 2, 3):
        make_revision(home / ".rezup" / "dev", 1_700_000_000 + number, tool="tool")
    make_revision(home / ".rezup" / "prod", 1_700_000_001, tool="tool")
    return Machine(home)


def sessions(user: Machine, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.json("sessions", *words)["sessions"]
    return found


@contextmanager
def session(user: Machine, *words: str, script: str = "echo in; sleep 60; exit 0") -> Iterator[subprocess.Popen[str]]:
    """A session that has begun."""
    running = user.start("use", *words, "--", "sh", "-c", script, start_new_session=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "in\n"
    try:
        yield running
    finally:
        os.killpg(running.pid, 9)
        running.communicate()


def test_nothing_runs(user: Machine) -> None:
    assert user.run("sessions").stdout == "Nothing is running in a container.\n"
    assert "there is no container other" in user.run("sessions", "other", status=4).stderr


def test_a_session_and_what_it_has_started(user: Machine) -> None:
    before = datetime.now(timezone.utc)
    with session(user, f"dev@{A}") as first, session(user, "prod") as second:
        rows = sessions(user)
        assert {row["pid"] for row in rows} == {first.pid, second.pid}
        (row,) = sessions(user, "dev")
        assert (row["container"], row["revision"], row["behind"], row["command"]) == ("dev", A, 2, "sh")
        assert len(row["processes"]) == 2, "the shell and its sleep"
        assert row["processes"][0] == first.pid
        assert row["known"] is True
        assert row["user"]
        assert timedelta(seconds=-2) < datetime.fromisoformat(row["since"]) - before < timedelta(seconds=60)
        told = user.run("sessions").stdout
        assert "sh and 1 more" in told
        assert A in told
    assert sessions(user) == []


def test_a_nested_session_belongs_to_its_own_container(user: Machine) -> None:
    rezup = " ".join(user.command())
    with session(user, "dev", script=f"{rezup} use prod -- sh -c 'echo in; sleep 60; exit 0'; exit 0"):
        rows = {row["container"]: row for row in sessions(user)}
        assert set(rows) == {"dev", "prod"}
        assert not set(rows["dev"]["processes"]) & set(rows["prod"]["processes"])


def test_a_child_that_closed_what_it_inherited_is_found(user: Machine) -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '60'], close_fds=True); print('in', flush=True)"
    with session(user, "dev", script=f'exec {sys.executable} -c "{code}"') as running:
        running.wait(10)
        wait_until(lambda: len(sessions(user)) == 1, "it is not found")
        (row,) = sessions(user)
        assert row["command"] == "sleep"


@pytest.mark.skipif(os.getuid() != 0 if hasattr(os, "getuid") else True, reason="needs two users")
def test_what_others_run_is_an_unknown_holder(unprivileged: Machine) -> None:
    root = unprivileged.root
    make_revision(root / "dev", 1_700_000_001, tool="tool")
    subprocess.run(["chmod", "-R", "a+rX", unprivileged.home], check=True)
    mine = Machine(unprivileged.home)
    identity = [word for word in unprivileged.prefix if not word.endswith("+dac_read_search")]
    with session(mine, "dev") as running:
        words = [*identity, *mine.command("sessions", "--json")]
        told = subprocess.run(words, env=unprivileged.environ, capture_output=True, text=True, check=False)
        if "Permission denied" in told.stderr or not told.stdout:
            pytest.skip("another user cannot run the interpreter of these tests")
        (row,) = json.loads(told.stdout)["data"]["sessions"]
        assert row["known"] is False
        assert row["pid"] == running.pid
        assert row["user"] == "root"
