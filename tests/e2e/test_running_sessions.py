"""What is running: sessions and what belongs to them, nested ones, and those of others."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.processes import wait_until
from tests.e2e.studio import make_revision

from rezup_api.maintenance import holders

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


# Another instance of /proc, which shows to others what is said: in a namespace, so that nobody else on this machine sees it.
PRIVATE_PROC = ("unshare", "--mount", "sh", "-c", 'mount -t proc -o "hidepid=$0" proc /proc && exec "$@"')


@pytest.fixture
def others_session(unprivileged: Machine) -> Iterator[int]:
    """A session of root's, in a container of `unprivileged`."""
    if os.getuid() != 0:
        pytest.skip("needs two users, which only root can be")
    make_revision(unprivileged.root / "dev", 1_700_000_001, tool="tool")
    subprocess.run(["chmod", "-R", "a+rX", unprivileged.home], check=True)
    with session(Machine(unprivileged.home), "dev") as running:
        yield running.pid


@pytest.mark.parametrize(
    ("hiding", "named", "command"), [("off", "root", "sh"), ("noaccess", "root", ""), ("invisible", "", "")]
)
def test_what_others_run_is_an_unknown_holder(
    unprivileged: Machine, others_session: int, hiding: str, named: str, command: str
) -> None:
    probe = subprocess.run([*PRIVATE_PROC, hiding, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"/proc cannot be mounted with hidepid={hiding}: {probe.stderr.strip()}")
    asking = replace(unprivileged, prefix=(*PRIVATE_PROC, hiding, *unprivileged.prefix))
    (row,) = sessions(asking)
    assert row["known"] is False
    assert row["pid"] == others_session
    assert (row["user"], row["command"]) == (named, command)
    assert (row["since"] is not None) == (hiding == "off")
    told = asking.run("sessions").stdout
    assert str(others_session) in told
    assert "(unknown holder)" in told
    assert "is in use" in asking.run("drop", "dev", "--yes", status=None).stderr


def test_who_took_the_lease_and_has_ended_is_not_named(unprivileged: Machine) -> None:
    if os.getuid() != 0:
        pytest.skip("needs two users, which only root can be")
    make_revision(unprivileged.root / "dev", 1_700_000_001, tool="tool")
    subprocess.run(["chmod", "-R", "a+rX", unprivileged.home], check=True)
    with session(Machine(unprivileged.home), "dev", script="sleep 60 & echo in; exit 0") as running:
        running.wait(10)
        status = (unprivileged.root / "dev" / "revisions" / A / "revision.json").stat()
        if (os.major(status.st_dev), os.minor(status.st_dev), status.st_ino) not in holders.locked_inodes():
            pytest.skip("in a namespace of processes the kernel tells of locks only while who took them runs")
        (row,) = sessions(unprivileged)
        assert (row["pid"], row["user"], row["known"]) == (None, "", False)
        assert "(unknown holder)" in unprivileged.run("sessions").stdout
