"""The process runner: what it captures, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import InstallError
from rezup_api.events import CommandStarted, Event
from rezup_api.process import runner

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = dict(os.environ)


def test_both_streams_and_the_status_are_captured() -> None:
    done = runner.start(["sh", "-c", "echo out; echo err >&2; exit 3"], environ=ENVIRON).wait()
    assert (done.status, done.stdout, done.tail) == (3, "out\n", "err")


def test_the_tail_is_the_end_of_a_long_output() -> None:
    done = runner.start(["sh", "-c", "seq 1 20000 >&2"], environ=ENVIRON).wait()
    assert done.tail.splitlines() == [str(number) for number in range(19961, 20001)]


def test_standard_input_is_given_whole_even_when_nobody_reads_it() -> None:
    text = "x" * 1_000_000
    assert runner.start(["cat"], environ=ENVIRON, stdin=text).wait().stdout == text
    assert runner.start(["true"], environ=ENVIRON, stdin=text).wait().status == 0


def test_without_input_it_reads_nothing() -> None:
    assert runner.start(["cat"], environ=ENVIRON).wait().stdout == ""


def test_lines_are_told_once_each_while_it_runs(tmp_path: Path) -> None:
    """The command writes its second line only when somebody was told the first."""
    told: list[str] = []
    heard = tmp_path / "heard"

    def hear(line: str) -> None:
        told.append(line)
        heard.touch()

    script = f"echo one >&2; until [ -e {heard} ]; do sleep 0.02; done; echo two >&2"
    assert runner.start(["sh", "-c", script], environ=ENVIRON, on_line=hear).wait(60).status == 0
    assert told == ["one", "two"]


def test_a_time_limit_ends_it() -> None:
    started = time.monotonic()
    done = runner.start(["sh", "-c", "echo begun >&2; exec sleep 60"], environ=ENVIRON).wait(1)
    assert done.status < 0
    assert "begun" in done.tail
    assert "because it had not finished" in done.tail
    assert time.monotonic() - started < 60


def test_a_process_whose_time_is_over_is_ended() -> None:
    ends = time.monotonic() + 1
    for _ in range(2):  # one that starts later has no time at all
        done = runner.start(["sh", "-c", "exec sleep 60"], environ=ENVIRON, ends=ends).wait()
        assert (done.status < 0, done.timed_out) == (True, True)
        assert "because it had not finished" in done.tail
    done = runner.start(["true"], environ=ENVIRON, ends=time.monotonic() + 60).wait()
    assert (done.status, done.timed_out) == (0, False)


def test_a_grandchild_that_stays_keeps_nobody_waiting() -> None:
    started = time.monotonic()
    done = runner.start(["sh", "-c", "sleep 60 & echo $!"], environ=ENVIRON).wait()
    os.kill(int(done.stdout), 9)
    assert time.monotonic() - started < 60


def test_a_program_that_is_not_there_is_an_install_error() -> None:
    with pytest.raises(InstallError, match="cannot start /nowhere/program"):
        runner.start(["/nowhere/program"], environ=ENVIRON).wait()


def test_the_command_is_reported_with_credentials_struck_out() -> None:
    events: list[Event] = []
    runner.start(
        ["true", "secret"], environ=ENVIRON, report=events.append, redact=lambda word: word.replace("secret", "****")
    ).wait()
    assert events == [CommandStarted(("true", "****"))]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = (
        "import os\n"
        "from rezup_api.process import runner\n"
        f"runner.start(['sh', '-c', 'echo $$ > {mark}; exec sleep 60'], environ=os.environ).wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    pid = _wait_for_pid(mark)
    parent.kill()
    parent.wait()
    _wait_until_gone(pid)


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_what_runs_apart_does_to_its_group_what_it_likes() -> None:
    """Rez, on Ctrl-C, ends its whole process group; the signal here is one that ends nobody."""
    received: list[int] = []
    before = signal.signal(signal.SIGWINCH, lambda number, frame: received.append(number))
    try:
        runner.start(["sh", "-c", "kill -WINCH 0"], environ=ENVIRON, apart=True).wait()
        assert received == []
        runner.start(["sh", "-c", "kill -WINCH 0"], environ=ENVIRON).wait()
        assert received, "this is what would happen to us"
    finally:
        signal.signal(signal.SIGWINCH, before)


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_what_runs_apart_ends_with_all_that_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    for limit in (0.2, 2, 20):  # until the shell has come as far as its child
        done = runner.start(["sh", "-c", f"sleep 60 & echo $! > {mark}; wait"], environ=ENVIRON, apart=True).wait(limit)
        assert done.status == -15
        if mark.exists() and mark.read_text():
            break
    _wait_until_gone(int(mark.read_text()))


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_is_not_lost_when_it_strikes_in_the_middle_of_a_start() -> None:
    """What runs after a fork cannot raise: Python would print "Exception ignored in" and go on."""
    program = (
        "import os, signal\n"
        "from rezup_api.process import runner\n"
        "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "try:\n"
        "    runner.start(['sleep', '100'], environ=os.environ).wait()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', *signal.pthread_sigmask(signal.SIG_BLOCK, []))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_reaches_what_was_started() -> None:
    assert runner.start(["sh", "-c", "kill -INT $$; echo still here"], environ=ENVIRON).wait().status == -2


def _wait_for_pid(mark: Path) -> int:
    for _ in range(1200):
        if mark.exists() and mark.read_text().strip():
            return int(mark.read_text())
        time.sleep(0.05)
    pytest.fail("the child never began")


def _wait_until_gone(pid: int) -> None:
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(pid, 9)
    pytest.fail("the child outlived its parent")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to pass on")
@pytest.mark.parametrize(("name", "status", "tenths"), [("TERM", 7, 150), ("INT", 0, 6)])
def test_a_signal_that_comes_while_the_command_starts_reaches_it_too(name: str, status: int, tenths: int) -> None:
    steps = " ".join(map(str, range(tenths)))  # the command's patience with who has to pass the signal on
    code = f"""
import os, subprocess, sys, time
from rezup_api.process import runner

class Slow(subprocess.Popen):
    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        time.sleep(0.3)  # long enough for the command to be told of by somebody else

runner.subprocess.Popen = Slow
script = "trap 'exit 7' TERM; kill -{name} $PPID; for i in {steps}; do sleep 0.1; done; exit 0"
sys.exit(runner.attend(["/bin/sh", "-c", script], os.environ, 2))
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == status


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to block")
def test_the_command_beside_which_it_waits_has_the_callers_signals_blocked() -> None:
    code = """
import os, signal, sys
from rezup_api.process import runner
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
sys.exit(runner.attend(["/bin/grep", "^SigBlk", "/proc/self/status"], os.environ, 2))
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=True, capture_output=True, text=True)
    assert int(done.stdout.split()[1], 16) == 1 << (signal.SIGUSR1 - 1)
