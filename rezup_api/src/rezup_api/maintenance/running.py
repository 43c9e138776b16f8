"""Find the sessions that run in containers, from the leases and the environments of the processes; Linux only.

Nothing is written down about a session, so that the answer is never out of date. A session is the topmost process that uses a
revision, together with the processes below it. A process in a nested session has inherited the outer lease as well: it belongs to
the revision that its own environment names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api.maintenance import holders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup_api.store.revision import Revision


@dataclass(frozen=True, slots=True)
class RunningSession:
    """A session.

    Args:
        pid: the id of its topmost process; None if that is not known.
        user: the name of the user to whom that process belongs; empty if it is not known.
        since: when that process was started, as an aware UTC moment; None if that is not known.
        revision: the revision in which it runs.
        command: the name of that process; empty if it is not known.
        processes: the ids of all its processes, the topmost one first.
        known: False for a session whose processes this user may not see.
        behind: how many revisions have come since, up to the one that `use` gives.
    """

    pid: int | None
    user: str
    since: datetime | None
    revision: Revision
    command: str
    processes: tuple[int, ...] = ()
    known: bool = True
    behind: int = 0


def can_tell() -> bool:
    """Whether this system has a /proc that shows the open files of processes."""
    return os.path.isdir(holders.PROCESSES / "self" / "fd")


def running_sessions(revisions: Iterable[Revision]) -> list[RunningSession]:
    """The sessions on this machine in any of the revisions, the oldest first."""
    known = list(revisions)
    uses, open_files = _uses(known)
    parents = {pid: holders.parent_of(pid) for pid in uses}
    groups: dict[int, list[int]] = {}
    for pid, revision in uses.items():
        top = pid
        while uses.get(parents.get(top, 0)) is revision:
            top = parents[top]
        groups.setdefault(top, []).append(pid)
    found = [
        RunningSession(
            pid=top,
            user=holders.user_of(top),
            since=holders.started(top),
            revision=uses[top],
            command=holders.command_of(top),
            processes=(top, *sorted(pid for pid in group if pid != top)),
        )
        for top, group in groups.items()
    ]
    latest = datetime.max.replace(tzinfo=timezone.utc)
    return sorted([*found, *_unknown(known, open_files)], key=lambda session: session.since or latest)


def _uses(revisions: list[Revision]) -> tuple[dict[int, Revision], set[str]]:
    """The revision of each process that uses one, and the lease files that the processes that this user may see have open."""
    files = {os.path.realpath(revision.lock_file): revision for revision in revisions}
    folders = {str(revision.path): revision for revision in revisions}
    uses = {}
    open_files: set[str] = set()
    for pid in holders.processes():
        held = holders.held_files(pid) & files.keys()
        open_files |= held
        named = holders.entered(pid)
        revision = folders.get(named)
        # A process whose environment names yet another revision has only inherited the lease that it holds here.
        if revision is None and not os.path.isdir(named):
            revision = next((files[path] for path in sorted(held)), None)
        if revision is not None:
            uses[pid] = revision
    return uses, open_files


def _unknown(revisions: list[Revision], open_files: set[str]) -> list[RunningSession]:
    """The sessions of processes that this user may not see, from the kernel's table of locks.

    Trying to take the lock would tell as well, but it would turn away a process that enters the revision at that moment.
    """
    locks = holders.locked_inodes()
    found = []
    for revision in revisions:
        path = os.path.realpath(revision.lock_file)
        takers = _takers(path, locks) if path not in open_files else []
        if takers:
            found.append(_unknown_holder(next((pid for pid in takers if _may_hold(pid, path)), None), revision))
    return found


def _may_hold(pid: int, lock_file: str) -> bool:
    """Whether the process that took a lock may still hold it."""
    # The table names the process that took the lock. It may have ended and have left the lock to a child, and another process may
    # have its id by now.
    seen = holders.may_be_looked_at(pid)
    return holders.is_alive(pid) and (not seen or lock_file in holders.held_files(pid))


def _unknown_holder(pid: int | None, revision: Revision) -> RunningSession:
    """A session that only the table of locks shows, with the process that took the lock; None if that process has ended."""
    if pid is None:
        return RunningSession(pid=None, user="", since=None, revision=revision, command="", known=False)
    return RunningSession(
        pid=pid,
        user=holders.user_of(pid),
        since=holders.started(pid),
        revision=revision,
        command=holders.command_of(pid),
        known=False,
    )


def _takers(path: str, locks: Mapping[tuple[int, int, int], list[int]]) -> list[int]:
    """The ids of the processes that took the locks on a file; empty if the file is not locked."""
    try:
        status = os.stat(path)
    except OSError:
        return []
    return locks.get((os.major(status.st_dev), os.minor(status.st_dev), status.st_ino), [])
