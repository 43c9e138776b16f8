"""What is running in containers: found from the leases and the environments of processes, so never stale. Linux only.

A session is the topmost process that uses a revision; what it has started belongs to it. A process in a session that is nested in
another one has inherited the outer lease too: it belongs to the revision that its own environment names.
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
        pid: its topmost process, None where that cannot be told.
        user: whose it is, empty where that cannot be told.
        since: when that process was started, an aware UTC moment.
        command: the process's name.
        processes: all that belong to it, the topmost one first.
        known: False for a holder that this user may not look at.
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
    """Whether this system shows processes to others."""
    return os.path.isdir(holders.PROCESSES / "self" / "fd")


def running_sessions(revisions: Iterable[Revision]) -> list[RunningSession]:
    """The sessions on this machine in any of the revisions, those that began first first."""
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
    """Which process is in which revision, and the lease files that somebody who may be looked at has open."""
    files = {os.path.realpath(revision.lock_file): revision for revision in revisions}
    folders = {str(revision.path): revision for revision in revisions}
    uses = {}
    open_files: set[str] = set()
    for pid in holders.processes():
        held = holders.held_files(pid) & files.keys()
        open_files |= held
        named = holders.entered(pid)
        revision = folders.get(named)
        if revision is None and not os.path.isdir(
            named
        ):  # else it is in another one, with a lease that it has inherited
            revision = next((files[path] for path in sorted(held)), None)
        if revision is not None:
            uses[pid] = revision
    return uses, open_files


def _unknown(revisions: list[Revision], open_files: set[str]) -> list[RunningSession]:
    """The revisions that somebody holds whom this user may not look at, as the table of all locks tells.

    Taking the lock to find out would turn away those who enter just then.
    """
    locks = holders.locked_inodes()
    found = []
    for revision in revisions:
        path = os.path.realpath(revision.lock_file)
        pid = _locker(path, locks) if path not in open_files else None
        if pid is None:
            continue
        alive = os.path.exists(holders.PROCESSES / str(pid))  # the table may name who took it, and has ended since
        found.append(
            RunningSession(
                pid=pid if alive else None,
                user=holders.user_of(pid) if alive else "",
                since=holders.started(pid) if alive else None,
                revision=revision,
                command=holders.command_of(pid) if alive else "",
                known=False,
            )
        )
    return found


def _locker(path: str, locks: Mapping[tuple[int, int, int], int]) -> int | None:
    """Who has locked a file, None for nobody."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return locks.get((os.major(status.st_dev), os.minor(status.st_dev), status.st_ino))
