"""A command in a process group of its own, and all that it starts: watched, and ended at a chosen moment. Linux only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Machine

    Start = Callable[..., "Victim"]

PATIENCE = 60.0  # seconds, on a machine that does much else


class Victim:
    """A running command.

    Args:
        machine: where it runs.
        words: its words.
    """

    def __init__(self, machine: Machine, *words: str) -> None:
        self.popen = machine.start(*words, start_new_session=True)
        self.stderr = ""
        self.children: list[int] = []
        self.descendants: list[int] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stderr is not None
        with self.popen.stderr:
            for line in self.popen.stderr:
                self.stderr += line

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.popen.poll() is None

    def pause(self, seconds: float) -> None:
        """Wait for its end, but not for long."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)

    def kill(self, way: str) -> None:
        """End it "alone", or with its "group": all that it started. What it had started by then is remembered."""
        if not self.running:
            return
        self.popen.send_signal(signal.SIGSTOP)  # so that the lists are whole
        self.children = children(self.popen.pid)
        self.descendants = descendants(self.popen.pid)
        if way == "alone":
            self.popen.kill()
        else:
            os.killpg(self.popen.pid, signal.SIGKILL)

    def wait_for_children(self) -> None:
        """Wait until what it had started is gone: at once, but for the children of its children."""
        wait_until(lambda: not any(map(alive, self.children)), "its children go on", 5)
        wait_until(lambda: not any(map(alive, self.descendants)), "their children go on")

    def interrupt(self) -> None:
        """What Ctrl-C does: the terminal sends it to the whole group."""
        os.killpg(self.popen.pid, signal.SIGINT)

    def end(self) -> int:
        """Wait for its end: its status, negative for a signal."""
        status = self.popen.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        return status


def wait_until(reached: Callable[[], object], told: str, patience: float = PATIENCE) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < deadline, told
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """The same, and what those have started."""
    found = children(pid)
    return found + [deeper for child in found for deeper in descendants(child)]


def command_line(pid: int) -> str:
    """Its program and arguments, empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def forget(machine: Machine, *caches: str) -> None:
    """Empty some of a machine's caches, so that a build has to do that part again."""
    for folder in (machine.root / ".cache").glob("user-*"):
        for name in caches:
            shutil.rmtree(folder / name, ignore_errors=True)


def took(machine: Machine, *words: str) -> float:
    """Seconds that a command takes."""
    started = time.monotonic()
    machine.run(*words)
    return time.monotonic() - started
