"""`rezup history`: who did what to a container, when, where and why."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, Table, moment_text
from rezup_api.administration import Care
from rezup_api.errors import NotFoundError, RemoteError

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api.container import Container
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """List the acts on this machine's container and on the remote root's, newest first."""
    container = studio.container(arguments.name)
    rows = [{"place": "local", **asdict(act)} for act in Care(container).history()]
    rows += _published(container, progress)
    if not rows and not container.folder.path.is_dir():
        raise NotFoundError(f"there is no container {container.name}", f"make it: rezup add {container.name}")
    rows.sort(key=lambda row: datetime.fromisoformat(row["when"]), reverse=True)
    columns = ("WHEN", "ACT", "REVISION", "BY", "ON", "WHERE", "MESSAGE")
    cells = [
        (
            moment_text(row["when"]),
            f"{row['act']} {row['detail']}".strip(),
            row["revision"],
            row["who"],
            row["host"],
            row["place"] if container.remote is not None else "",
            row["message"],
        )
        for row in rows
    ]
    data = {"name": container.name, "acts": rows}
    return Result(data, Table(columns, cells, f"Nothing is recorded of {container.name}."))


def _published(container: Container, progress: Progress) -> list[dict[str, Any]]:
    """The acts on the remote root; a warning where it cannot be asked."""
    if container.remote is None:
        return []
    try:
        return [{"place": "remote", **asdict(act)} for act in container.remote.history()]
    except RemoteError as error:
        progress.warn(error.message)
        return []
