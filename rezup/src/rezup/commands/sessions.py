"""`rezup sessions`: show the sessions that are running, since when, and how many revisions each is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, moment_text
from rezup.output.table import Table
from rezup_api import NotFoundError
from rezup_api.maintenance import can_tell

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.maintenance import RunningSession


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """List the sessions of this machine in one container, or in all containers."""
    if not can_tell():
        progress.warn("this system does not show what is running: sessions can be listed on Linux only")
    named = arguments.name is not None
    containers = [studio.container(arguments.name)] if named else studio.containers()
    if named and not containers[0].exists:
        raise NotFoundError(f"there is no container {arguments.name} here", "see what there is: rezup status")
    sessions = [session for container in containers for session in container.sessions()]
    columns = ("PROCESS", "USER", "SINCE", "CONTAINER", "REVISION", "BEHIND", "COMMAND")
    cells = [
        (
            str(session.pid or "?"),
            session.user or "unknown",
            moment_text(_since(session) or ""),
            session.revision.container,
            session.revision.timestamp,
            str(session.behind or ""),
            _command(session),
        )
        for session in sessions
    ]
    data = {"sessions": [_told(session) for session in sessions]}
    return Result(data, Table(columns, cells, "Nothing is running in a container.", spare=("SINCE", "BEHIND")))


def _told(session: RunningSession) -> dict[str, Any]:
    return {
        "pid": session.pid,
        "user": session.user,
        "since": _since(session),
        "container": session.revision.container,
        "revision": session.revision.timestamp,
        "behind": session.behind,
        "command": session.command,
        "processes": list(session.processes),
        "known": session.known,
    }


def _since(session: RunningSession) -> str | None:
    return session.since.isoformat(timespec="seconds") if session.since is not None else None


def _command(session: RunningSession) -> str:
    if not session.known:
        return f"{session.command} (unknown holder)".strip()
    more = len(session.processes) - 1
    return f"{session.command} and {more} more" if more else session.command
