"""`rezup sessions`: what is running in containers, since when, and how far behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, Table, moment_text
from rezup_api.administration import Care, behind
from rezup_api.errors import NotFoundError
from rezup_api.maintenance.running import can_tell

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api.container import Container
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """List the sessions of this machine, in one container or in all."""
    if not can_tell():
        progress.warn("this system does not show what is running: sessions can be listed on Linux only")
    named = arguments.name is not None
    containers = [studio.container(arguments.name)] if named else studio.containers()
    if named and not containers[0].folder.path.is_dir():
        raise NotFoundError(f"there is no container {arguments.name} here", "see what there is: rezup status")
    rows = [row for container in containers for row in _rows(container)]
    columns = ("PROCESS", "USER", "SINCE", "CONTAINER", "REVISION", "BEHIND", "COMMAND")
    cells = [
        (
            str(row["pid"] or "?"),
            row["user"] or "unknown",
            moment_text(row["since"] or ""),
            row["container"],
            row["revision"],
            str(row["behind"] or ""),
            _command(row),
        )
        for row in rows
    ]
    return Result({"sessions": rows}, Table(columns, cells, "Nothing is running in a container."))


def _rows(container: Container) -> list[dict[str, Any]]:
    care = Care(container)
    sessions = care.sessions()
    offered, given = care.offered() if sessions else ([], None)
    return [
        {
            "pid": session.pid,
            "user": session.user,
            "since": session.since.isoformat(timespec="seconds") if session.since is not None else None,
            "container": container.name,
            "revision": session.revision.timestamp,
            "behind": behind(session.revision.timestamp, offered, given),
            "command": session.command,
            "processes": list(session.processes),
            "known": session.known,
        }
        for session in sessions
    ]


def _command(row: dict[str, Any]) -> str:
    if not row["known"]:
        return f"{row['command']} (unknown holder)".strip()
    more = len(row["processes"]) - 1
    return f"{row['command']} and {more} more" if more else str(row["command"])
