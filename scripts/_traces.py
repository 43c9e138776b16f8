"""What a launch does besides taking time: what it imports, which files it asks for, what stays of it. Linux only."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

import _setup
import _timing

# The ordinary path is a module of its own; the quick one never imports it.
ORDINARY = "rezup.main"
PATIENCE = 20.0


@dataclass(frozen=True)
class Operations:
    """System calls that name a file or list a folder, until the command runs.

    Args:
        local: those under the local root.
        remote: those under the remote root.
        other: all others.
    """

    local: int
    remote: int
    other: int


@dataclass(frozen=True)
class Left:
    """What is still there of the launcher while the command runs.

    Args:
        processes: how many, zombies included.
        rss: bytes of memory that they hold.
    """

    processes: int
    rss: int


def is_ordinary(command: _timing.Command) -> bool:
    """Run a launch; whether it took the ordinary path, instead of a prepared record."""
    # Of the variables that make Python tell what it imports, the one that works for console scripts too.
    telling = _timing.Command(command.words, {**command.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    with tempfile.TemporaryDirectory() as folder:
        _timing.run(telling, folder)
        said = Path(folder, "stderr").read_text(encoding="utf-8", errors="replace")
    return re.search(rf"\| *{re.escape(ORDINARY)}$", said, re.MULTILINE) is not None


def operations(command: _timing.Command, program: str, local: Path, remote: Path) -> Operations:
    """Count the file operations of a launch with strace.

    Args:
        command: the launch.
        program: what it runs in the end, whose own operations do not count.
        local: the local root.
        remote: the remote root.

    Raises:
        SetupError: strace failed, as it does where tracing is not allowed.
    """
    strace = shutil.which("strace")
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        words = (str(strace), "-f", "-y", "-s", "4096", "-e", "trace=%file,getdents64", "-o", str(trace))
        _timing.run(_timing.Command((*words, *command.words), command.environ))
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    paths = list(named(lines, program))
    here = sum(_inside(path, local) for path in paths)
    there = sum(_inside(path, remote) for path in paths)
    return Operations(here, there, len(paths) - here - there)


def named(lines: Sequence[str], program: str) -> Iterator[str]:
    """The path of each call in a trace by `strace -f -y`, up to the one by which a process becomes the program."""
    done = set()
    for line in lines:
        process, _, call = line.partition(" ")
        found = re.match(r'(\w+)\((?:\w+(?:<(.*?)>)?, )?"(.*?)"|(getdents64)\(\d+<(.*?)>', call.strip())
        if found is None or process in done:
            continue
        name, folder, path, _, listed = found.groups()
        # With an empty path it is an open file that is asked for, which is no look-up.
        if path == "":
            continue
        yield os.path.join(folder or "", path) if path else listed
        if name == "execve" and path == program:
            done.add(process)


def _inside(path: str, root: Path) -> bool:
    return path == str(root) or path.startswith(f"{root}/")


def left_behind(command: _timing.Command, program: str) -> Left:
    """Start a launch of a program that lasts, and look at what there is of the launcher while that runs.

    Args:
        command: the launch.
        program: what it runs.

    Raises:
        SetupError: the program was not there in time.
    """
    mark = f"REZUP_BENCH={uuid.uuid4().hex}"
    launcher = _timing.start(_timing.Command(command.words, {**command.environ, **dict([mark.split("=")])}))
    try:
        running: list[int] = []
        deadline = time.monotonic() + PATIENCE
        while not running:
            if time.monotonic() > deadline:
                raise _setup.SetupError(f"`{' '.join(command.words)}` did not start {program}")
            time.sleep(0.05)
            running = [
                process for process in _family(launcher, mark) if _executable(process) == os.path.realpath(program)
            ]
        time.sleep(0.2)  # what is only about to end has ended then
        rest = [process for process in _family(launcher, mark) if process not in running]
        return Left(len(rest), sum(_resident(process) for process in rest))
    finally:
        for process in _family(launcher, mark):
            _end(process)
        os.waitpid(launcher, 0)


def _family(launcher: int, mark: str) -> set[int]:
    """A process and all that stem from it; one that was left by its parent is known by a variable that only they have."""
    parents = {}
    family = {launcher}
    for name in os.listdir("/proc"):
        if name.isdigit():
            parents[int(name)] = _parent(name)
            if mark.encode() in _read(f"/proc/{name}/environ").split(b"\0"):
                family.add(int(name))
    known = 0
    while known < len(family):
        known = len(family)
        family |= {process for process, parent in parents.items() if parent in family}
    return family


def _parent(process: str) -> int:
    # The name of the program, in brackets, may hold anything.
    fields = _read(f"/proc/{process}/stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def _read(path: str) -> bytes:
    """What a file under /proc says; nothing where the process is gone, or another user's."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _executable(process: int) -> str:
    try:
        return os.readlink(f"/proc/{process}/exe")
    except OSError:
        return ""


def _resident(process: int) -> int:
    """The bytes of memory that a process holds; a zombie holds none."""
    status = _read(f"/proc/{process}/status")
    found = re.search(rb"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def _end(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass  # gone with its parent
