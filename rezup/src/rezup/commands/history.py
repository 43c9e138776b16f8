"""`rezup history`: show who did what to a container, when, where and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, Table, moment_text
from rezup_api.frozen import asdict

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rezup.output.progress import Progress
    from rezup_api import Container, Studio
    from rezup_api.overview import Recorded


COLUMNS = ("WHEN", "ACT", "REVISION", "BY", "ON", "WHERE", "MESSAGE")


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """List the acts that are recorded on this machine and on the remote root, newest first: of one container, or of all."""
    if arguments.all:
        return _all(studio, progress)
    container = studio.container(arguments.name)
    recorded = container.history()
    cells = [_row(container, one) for one in recorded]
    return Result(_told(container, recorded), Table(COLUMNS, cells, f"Nothing is recorded of {container.name}."))


def _all(studio: Studio, progress: Progress) -> Result:
    from rezup.output.every import for_every  # for one container, nobody waits for it

    every = for_every(studio.containers(), lambda container: (container, container.history()), progress)
    rows = [(container, one) for container, recorded in every.done for one in recorded]
    rows.sort(key=lambda row: datetime.fromisoformat(row[1].act.when), reverse=True)
    cells = [(container.name, *_row(container, one)) for container, one in rows]
    data = {"containers": [_told(*one) for one in every.done], "failed": every.failures}
    return Result(data, Table(("CONTAINER", *COLUMNS), cells, "Nothing is recorded of any container."), every.status())


def _told(container: Container, recorded: Sequence[Recorded]) -> dict[str, Any]:
    return {"name": container.name, "acts": [{"place": one.place, **asdict(one.act)} for one in recorded]}


def _row(container: Container, one: Recorded) -> tuple[str, ...]:
    return (
        moment_text(one.act.when),
        f"{one.act.act} {one.act.detail}".strip(),
        one.act.revision,
        one.act.who,
        one.act.host,
        one.place if container.remote is not None else "",
        one.act.message,
    )
