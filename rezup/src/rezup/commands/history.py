"""`rezup history`: show who did what to a container, when, where and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.render import Result, moment_text
from rezup.output.table import Table
from rezup_api.frozen import asdict

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """List the acts that are recorded on this machine and on the remote root, newest first."""
    container = studio.container(arguments.name)
    recorded = container.history()
    columns = ("WHEN", "ACT", "REVISION", "BY", "ON", "WHERE", "MESSAGE")
    cells = [
        (
            moment_text(one.act.when),
            f"{one.act.act} {one.act.detail}".strip(),
            one.act.revision,
            one.act.who,
            one.act.host,
            one.place if container.remote is not None else "",
            one.act.message,
        )
        for one in recorded
    ]
    data = {"name": container.name, "acts": [{"place": one.place, **asdict(one.act)} for one in recorded]}
    empty = f"Nothing is recorded of {container.name}."
    return Result(data, Table(columns, cells, empty, spare=("ON", "WHERE")))
