"""Who uses a revision: the processes that hold a lease on it, and those that were started inside it.

The lock itself tells whether anybody does. This is for naming them: by their open descriptors, because a lock's own record
may name a process that has ended, and by their environment, because a child may have closed what it inherited.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rezup_api.store.revisions import Revision

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
    for pid in _processes():
        revision = _held(pid, files) or _entered(pid, folders)
        if revision is not None:
            found.append(Holder(pid, _user(pid), _command(pid), str(revision)))
    return found


def _processes() -> Iterator[int]:
    try:
        names = os.listdir(PROCESSES)
    except OSError:
        return
    yield from (int(name) for name in names if name.isdigit() and int(name) != os.getpid())


def _held(pid: int, files: dict[str, Revision]) -> Revision | None:
    folder = PROCESSES / str(pid) / "fd"
    try:
        for name in os.listdir(folder):
            revision = files.get(os.readlink(folder / name))
            if revision is not None:
                return revision
    except OSError:
        pass  # it has ended, or belongs to somebody else
    return None


def _entered(pid: int, folders: dict[str, Revision]) -> Revision | None:
    try:
        variables = (PROCESSES / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    entered = next((item[15:] for item in variables if item.startswith(b"REZUP_REVISION=")), b"")
    return folders.get(os.fsdecode(entered))


def _command(pid: int) -> str:
    try:
        return (PROCESSES / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a process"


def _user(pid: int) -> str:
    try:
        import pwd

        return pwd.getpwuid((PROCESSES / str(pid)).stat().st_uid).pw_name
    except (ImportError, OSError, KeyError):
        return ""
