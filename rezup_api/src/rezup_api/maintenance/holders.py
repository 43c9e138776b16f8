"""Who uses a revision: the processes that hold a lease on it, and those that were started inside it.

The lock itself tells whether anybody does. This is for naming them: by their open descriptors, because a lock's own record
may name a process that has ended, and by their environment, because a child may have closed what it inherited.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rezup_api.store.revision import Revision

PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that uses a revision; `user` is empty where it cannot be told."""

    pid: int
    user: str
    command: str
    revision: str

    def __str__(self) -> str:
        by = f", {self.user}" if self.user else ""
        return f"{self.command} (process {self.pid}{by}) uses {self.revision}"


def holders(revisions: Iterable[Revision]) -> list[Holder]:
    """The processes on this machine that use any of the revisions, as far as they may be looked at; Linux only."""
    files = {os.path.realpath(revision.lock_file): revision for revision in revisions}
    folders = {str(revision.path): revision for revision in files.values()}
    found = []
    for pid in processes():
        held = sorted(held_files(pid) & files.keys())
        revision = files[held[0]] if held else folders.get(entered(pid))
        if revision is not None:
            found.append(Holder(pid, user_of(pid), command_of(pid), str(revision)))
    return found


def processes() -> Iterator[int]:
    """All processes but this one."""
    try:
        names = os.listdir(PROCESSES)
    except OSError:
        return
    yield from (int(name) for name in names if name.isdigit() and int(name) != os.getpid())


def held_files(pid: int) -> set[str]:
    """The files that a process has open; none where it may not be looked at, or has ended."""
    folder = PROCESSES / str(pid) / "fd"
    found = set()
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(OSError):
                found.add(os.readlink(folder / name))
    return found


def entered(pid: int) -> str:
    """The revision that a process's environment names, by its folder; empty where none, or that cannot be told."""
    try:
        variables = (PROCESSES / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return os.fsdecode(next((item[15:] for item in variables if item.startswith(b"REZUP_REVISION=")), b""))


def command_of(pid: int) -> str:
    """The name of a process."""
    try:
        return (PROCESSES / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a process"


def user_of(pid: int) -> str:
    """Whose a process is, empty where that cannot be told."""
    try:
        import pwd

        return pwd.getpwuid((PROCESSES / str(pid)).stat().st_uid).pw_name
    except (ImportError, OSError, KeyError):
        return ""


def parent_of(pid: int) -> int:
    """The parent of a process, 0 where it has ended."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def started(pid: int) -> datetime | None:
    """When a process was started, an aware UTC moment; None where it has ended (proc_pid_stat(5), field 22)."""
    fields = _fields(pid)
    try:
        text = (PROCESSES / "stat").read_text(encoding="ascii")
    except OSError:
        return None
    booted = next((int(line.split()[1]) for line in text.splitlines() if line.startswith("btime ")), None)
    if not fields or booted is None:
        return None
    return datetime.fromtimestamp(booted + int(fields[19]) / os.sysconf("SC_CLK_TCK"), tz=timezone.utc)


def locked_inodes() -> dict[tuple[int, int, int], int]:
    """The files that are locked by flock(2), as major and minor device number and inode, with who took the lock."""
    try:
        lines = (PROCESSES / "locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK":
            major, minor, inode = words[5].split(":")
            found[int(major, 16), int(minor, 16), int(inode)] = int(words[4])
    return found


def _fields(pid: int) -> list[str]:
    """What the kernel tells of a process, from its state on; empty where it has ended."""
    try:
        text = (PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(") ")[2].split()
