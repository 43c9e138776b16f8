"""Find the processes that use a revision: those that hold its lease, and those that were started inside it.

Whether a revision is in use, its lock decides. This module gives the names, from /proc: by the open descriptors of a process,
because the kernel's table of locks may name one that has ended, and by its environment, because a child may have closed the
descriptor that it inherited.

/proc may hide the processes of other users (`hidepid`, proc(5)). A process that it does not show has not ended for that reason:
`is_alive` asks the kernel itself.
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
    """A process that uses a revision; `user` and `command` are empty if they cannot be read."""

    pid: int
    user: str
    command: str
    revision: str

    def __str__(self) -> str:
        by = f", {self.user}" if self.user else ""
        return f"{self.command or 'a process'} (process {self.pid}{by}) uses {self.revision}"


def holders(revisions: Iterable[Revision]) -> list[Holder]:
    """The processes on this machine that use any of the revisions, as far as this user may see them; Linux only."""
    files = {os.path.realpath(revision.lock_file): revision for revision in revisions}
    folders = {str(revision.path): revision for revision in files.values()}
    found = []
    for pid in processes():
        held = sorted(held_files(pid) & files.keys())
        revision = files[held[0]] if held else folders.get(entered(pid))
        if revision is not None:
            found.append(Holder(pid, user_of(pid), command_of(pid), str(revision)))
    # The shell that has started this process may have got the environment after its own start, by `eval`. Then only what it
    # starts shows that, and this process is what it has started.
    own, parent = folders.get(entered(os.getpid())), os.getppid()
    if own is not None and not any(holder.revision == str(own) for holder in found):
        found.append(Holder(parent, user_of(parent), command_of(parent), str(own)))
    return found


def processes() -> Iterator[int]:
    """The ids of all processes that /proc shows, but for this one."""
    try:
        names = os.listdir(PROCESSES)
    except OSError:
        return
    yield from (int(name) for name in names if name.isdigit() and int(name) != os.getpid())


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number, shown or not; POSIX only, because elsewhere this would end it."""
    if pid < 1:  # a group of processes, or one on another host
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # which says that there is one, of another user
        return True
    return True


def may_be_looked_at(pid: int) -> bool:
    """Whether this user may see which files a process has open."""
    try:  # a folder of descriptors may be listed by some who cannot read what is in it; the same right opens this and those
        os.readlink(PROCESSES / str(pid) / "cwd")
    except OSError:
        return False
    return True


def held_files(pid: int) -> set[str]:
    """The files that a process has open; none if this user may not see them, or if the process has ended."""
    folder = PROCESSES / str(pid) / "fd"
    found = set()
    with suppress(OSError):
        for name in os.listdir(folder):
            # Each descriptor may be closed, and the process may end, between two of these calls.
            with suppress(OSError):
                found.add(os.readlink(folder / name))
    return found


def entered(pid: int) -> str:
    """The folder of the revision that the environment of a process names; empty if it names none, or cannot be read."""
    # /proc shows the environment with which the process was started, whatever it has changed since (proc_pid_environ(5)).
    try:
        variables = (PROCESSES / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return os.fsdecode(next((item[15:] for item in variables if item.startswith(b"REZUP_REVISION=")), b""))


def command_of(pid: int) -> str:
    """The name of a process; empty if it has ended or is hidden."""
    try:
        return (PROCESSES / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def user_of(pid: int) -> str:
    """The name of the user to whom a process belongs; empty if it cannot be read."""
    try:
        import pwd

        return pwd.getpwuid((PROCESSES / str(pid)).stat().st_uid).pw_name
    except (ImportError, OSError, KeyError):
        return ""


def parent_of(pid: int) -> int:
    """The id of the parent of a process; 0 if the process has ended or is hidden."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def started(pid: int) -> datetime | None:
    """When a process was started, as an aware UTC moment; None if it has ended or is hidden (proc_pid_stat(5), field 22)."""
    fields = _fields(pid)
    try:
        text = (PROCESSES / "stat").read_text(encoding="ascii")
    except OSError:
        return None
    booted = next((int(line.split()[1]) for line in text.splitlines() if line.startswith("btime ")), None)
    if not fields or booted is None:
        return None
    return datetime.fromtimestamp(booted + int(fields[19]) / os.sysconf("SC_CLK_TCK"), tz=timezone.utc)


def locked_inodes() -> dict[tuple[int, int, int], list[int]]:
    """The files that are locked by flock(2): major and minor device number and inode, with the ids of those that took locks."""
    try:
        lines = (PROCESSES / "locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    found: dict[tuple[int, int, int], list[int]] = {}
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK":
            major, minor, inode = words[5].split(":")
            found.setdefault((int(major, 16), int(minor, 16), int(inode)), []).append(int(words[4]))
    return found


def _fields(pid: int) -> list[str]:
    """The fields of a process in proc_pid_stat(5) from the third one, its state, on; empty if it has ended or is hidden."""
    try:
        text = (PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The second field is the name of the program in parentheses, which may itself hold blanks and parentheses.
    return text.rpartition(") ")[2].split()
