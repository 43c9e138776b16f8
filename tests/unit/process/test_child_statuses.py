"""The exit statuses of children, which a process that ignores SIGCHLD would never learn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import InstallError
from rezup_api.process import child_statuses, runner

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

FAILS = [sys.executable, "-c", "raise SystemExit(3)"]


@pytest.fixture(autouse=True)
def ignored() -> Iterator[None]:
    """This process ignores SIGCHLD, and does so again when a test has ended."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    assert signal.signal(signal.SIGCHLD, before) == signal.SIG_IGN


def test_without_help_a_failure_passes_for_success() -> None:
    assert subprocess.call(FAILS) == 0


def test_statuses_are_kept_until_the_last_caller_has_ended() -> None:
    with child_statuses.kept():
        with child_statuses.kept():
            assert subprocess.call(FAILS) == 3
        assert subprocess.call(FAILS) == 3
        assert child_statuses.ignores_again()
    assert not child_statuses.ignores_again()


def test_the_runner_knows_how_its_processes_end() -> None:
    first, second = (runner.start(FAILS, environ=os.environ) for _ in range(2))
    assert first.wait().status == second.wait().status == 3
    slow = runner.start([sys.executable, "-c", "import time; time.sleep(60)"], environ=os.environ)
    assert slow.wait(0.01).timed_out


def test_a_program_that_is_not_there_changes_nothing() -> None:
    with pytest.raises(InstallError, match="cannot start"):
        runner.start(["/nonexistent"], environ=os.environ)


def test_what_a_program_starts_has_statuses_too() -> None:
    script = f"import subprocess, sys; sys.exit(subprocess.call({FAILS!r}))"
    assert runner.start([sys.executable, "-c", script], environ=os.environ).wait().status == 3


def test_another_thread_cannot_help_and_says_so() -> None:
    told: list[str] = []

    def start() -> None:
        try:
            runner.start(FAILS, environ=os.environ)
        except InstallError as error:
            told.append(f"{error.message}: {error.hint}")

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(60)
    assert len(told) == 1
    assert "ignores SIGCHLD" in told[0]
    assert "main thread" in told[0]
