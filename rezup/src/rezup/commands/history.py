"""`rezup history`: show who did what to a container, when, where and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, moment_text
from rezup.output.table import Table
from rezup_api.frozen import asdict

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Container, Studio


COLUMNS = ("WHEN", "ACT", "REVISION", "BY", "ON", "WHERE", "MESSAGE")


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """List the acts that are recorded on this machine and on the remote root, newest first: of one container, or of all."""
    if arguments.all:
        return _all(studio, progress)
    container = studio.container(arguments.name)
    data, rows = _recorded(container)
    cells = [row for _, row in rows]
    return Result(data, Table(COLUMNS, cells, f"Nothing is recorded of {container.name}.", spare=("ON", "WHERE")))


def _all(studio: Studio, progress: Progress) -> Result:
    from rezup.output.every import for_every  # for one container, nobody waits for it

    every = for_every(studio.containers(), _recorded, progress)
    rows = [(when, (data["name"], *row)) for data, found in every.done for when, row in found]
    rows.sort(key=lambda row: datetime.fromisoformat(row[0]), reverse=True)
    document = {"containers": [data for data, _ in every.done], "failed": every.failures}
    cells = [row for _, row in rows]
    empty = "Nothing is recorded of any container."
    table = Table(("CONTAINER", *COLUMNS), cells, empty, spare=("ON", "WHERE"))
    return Result(document, table, every.status())


def _recorded(container: Container) -> tuple[dict[str, Any], list[tuple[str, tuple[str, ...]]]]:
    """What is recorded of a container: the data, and the rows of the table, each with its moment."""
    recorded = container.history()
    rows: list[tuple[str, tuple[str, ...]]]
    rows = [
        (
            one.act.when,
            (
                moment_text(one.act.when),
                f"{one.act.act} {one.act.detail}".strip(),
                one.act.revision,
                one.act.who,
                one.act.host,
                one.place if container.remote is not None else "",
                one.act.message,
            ),
        )
        for one in recorded
    ]
    return {"name": container.name, "acts": [{"place": one.place, **asdict(one.act)} for one in recorded]}, rows
