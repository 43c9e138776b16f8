"""`rezup gc`: remove the revisions that are not needed, and what else is left over."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, Table, size_text
from rezup_api.administration import Care
from rezup_api.errors import NotFoundError
from rezup_api.events import step
from rezup_api.maintenance.retention import Policy

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api.container import Container
    from rezup_api.maintenance.gc import Collected
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Collect in one container, or in all, and say what went, what stays, and why."""
    asked = Policy(arguments.keep, arguments.older_than)
    containers = _all(studio, arguments) if arguments.name is None else [_there(studio.container(arguments.name))]
    for container in containers:  # all of them, before anything goes
        Care(container).place_of(local=arguments.local, remote=arguments.remote)
    rows: list[dict[str, Any]] = []
    ruled = False
    for container in containers:
        with step(progress.report, f"Looking at {container.name}"):
            policy, done = Care(container).collect(
                asked, local=arguments.local, remote=arguments.remote, dry_run=arguments.dry_run
            )
        ruled = ruled or policy.given
        rows.append(_row(container.name, policy, done))
    data = {"dry_run": arguments.dry_run, "containers": rows}
    return Result(data, _table(rows, ruled=ruled, dry_run=arguments.dry_run))


def _all(studio: Studio, arguments: argparse.Namespace) -> list[Container]:
    containers = studio.containers()
    return [one for one in containers if not arguments.remote or (one.remote is not None and one.is_published())]


def _there(container: Container) -> Container:
    if not container.folder.path.is_dir() and not container.is_published():
        raise NotFoundError(f"there is no container {container.name}", "see what there is: rezup status")
    return container


def _row(name: str, policy: Policy, done: Collected) -> dict[str, Any]:
    return {
        "name": name,
        "policy": {"keep": policy.keep, "older_than": policy.older_than},
        "revisions": [asdict(verdict) for verdict in done.verdicts],
        "folders": list(done.folders),
        "bytes": done.bytes,
    }


def _table(rows: list[dict[str, Any]], *, ruled: bool, dry_run: bool) -> Table:
    went = "goes" if dry_run else "removed"
    cells = [
        (f"{row['name']}@{one['timestamp']}", "stays" if one["stays"] else went, one["reason"])
        for row in rows
        for one in row["revisions"]
    ]
    cells += [(f"{row['name']}/{path}", went, "nothing needs it") for row in rows for path in row["folders"]]
    gone = sum(1 for cell in cells if cell[1] == went)
    size = sum(row["bytes"] for row in rows)
    verb = "would be" if dry_run else "was" if gone == 1 else "were"
    title = f"{gone or 'Nothing'} {verb if gone else 'would be' if dry_run else 'was'} removed"
    title += f", which {'frees' if dry_run else 'freed'} {size_text(size)}" if size else ""
    if not ruled:
        title += (
            "\nNo rule says which revisions to remove. Give one with --keep or --older-than, in [retention] of the recipe, "
            "or in REZUP_CLEAN_AFTER."
        )
    return Table(("WHAT", "", "WHY"), cells, "There is nothing to clean up.", title)
