"""`rezup pin`: let `use NAME` give a certain revision until `unpin`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rezup.output.change import change_agreed
from rezup.output.confirm import declined
from rezup.output.render import Result, Said, change_data
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.selection import Change


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Pin the container to the revision, and say how the user can end that."""
    target = parse_target(arguments.target)
    name, container = target.container, studio.container(target.container)

    def act(*, dry_run: bool) -> Change:
        return container.pin(
            target.revision, arguments.message, local=arguments.local, remote=arguments.remote, dry_run=dry_run
        )

    def told(change: Change, *, dry_run: bool) -> str:
        verb = "Would pin" if dry_run else "Pinned"
        return f"{verb} {name} to {change.revision}{change.where}, until: rezup unpin {name}{change.option}"

    plan, say = partial(act, dry_run=True), partial(told, dry_run=True)
    if not change_agreed(arguments, studio, progress, name=name, plan=plan, told=say):
        return declined()
    change = act(dry_run=arguments.dry_run)
    text = told(change, dry_run=arguments.dry_run)
    return Result(change_data(arguments, change), Said((text,)), acted=not arguments.dry_run)
