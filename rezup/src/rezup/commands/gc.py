"""`rezup gc`: remove the revisions that are not needed, and what killed processes left behind."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rezup.output.confirm import agreed, declined, wants_question
from rezup.output.every import Every, for_every
from rezup.output.render import Result, size_text
from rezup.output.table import Table
from rezup_api import NotFoundError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rezup.output.progress import Progress
    from rezup_api import Container, Studio
    from rezup_api.results import Cleaned


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Clean up one container, or all of them, and say what was removed, what stays, and why."""
    containers = _all(studio, arguments) if arguments.name is None else [_there(studio.container(arguments.name))]
    # Check the arguments for every container first: an error must come before anything has been removed.
    for container in containers:
        container.place_of(local=arguments.local, remote=arguments.remote)

    def clean(container: Container, *, dry_run: bool = arguments.dry_run) -> Cleaned:
        return container.gc(
            keep=arguments.keep,
            older_than=arguments.older_than,
            local=arguments.local,
            remote=arguments.remote,
            dry_run=dry_run,
        )

    def plan() -> list[Cleaned]:
        return [clean(one, dry_run=True) for one in containers]

    if wants_question(arguments, studio.environ) and not agreed(
        plan, _would, "Remove this for the whole studio?", progress
    ):
        return declined()
    if arguments.name is not None:
        every: Every[Cleaned] = Every([clean(one) for one in containers], [])
    else:
        every = for_every(containers, clean, progress)
    told = [_told(one) for one in every.done]
    data = {"dry_run": arguments.dry_run, "containers": told, "failed": every.failures}
    table = _table(every.done, dry_run=arguments.dry_run)
    return Result(data, table, every.status(), acted=not arguments.dry_run)


def _all(studio: Studio, arguments: argparse.Namespace) -> list[Container]:
    containers = studio.containers()
    return [one for one in containers if not arguments.remote or (one.remote is not None and one.is_published())]


def _there(container: Container) -> Container:
    if not container.exists and not container.is_published():
        raise NotFoundError(f"there is no container {container.name}", "see what there is: rezup status")
    return container


def _told(done: Cleaned) -> dict[str, Any]:
    return {
        "name": done.container,
        "policy": {"keep": done.policy.keep, "older_than": done.policy.older_than, "spare": done.policy.spare},
        "revisions": [asdict(verdict) for verdict in done.verdicts],
        "folders": list(done.folders),
        "bytes": done.bytes,
    }


def _would(done: Sequence[Cleaned]) -> list[str]:
    """What would be removed, a line for each; empty if nothing would be."""
    gone = [
        f"  {one.container}@{verdict.timestamp}  {verdict.reason}"
        for one in done
        for verdict in one.verdicts
        if not verdict.stays
    ]
    gone += [f"  {one.container}/{path}  nothing needs it" for one in done for path in one.folders]
    return ["Would remove:", *gone] if gone else []


def _table(done: Sequence[Cleaned], *, dry_run: bool) -> Table:
    went = "goes" if dry_run else "removed"
    cells = [
        (f"{one.container}@{verdict.timestamp}", "stays" if verdict.stays else went, verdict.reason)
        for one in done
        for verdict in one.verdicts
    ]
    cells += [(f"{one.container}/{path}", went, "nothing needs it") for one in done for path in one.folders]
    gone = sum(1 for cell in cells if cell[1] == went)
    size = sum(one.bytes for one in done)
    verb = "would be" if dry_run else "was" if gone == 1 else "were"
    title = f"{gone or 'Nothing'} {verb if gone else 'would be' if dry_run else 'was'} removed"
    title += f", which {'frees' if dry_run else 'freed'} {size_text(size)}" if size else ""
    if not any(one.policy.given for one in done):
        title += (
            "\nNo rule says which revisions to remove. Give one with --keep or --older-than, in [retention] of the recipe, "
            "or in REZUP_CLEAN_AFTER."
        )
    return Table(("WHAT", "", "WHY"), cells, "There is nothing to clean up.", title)
