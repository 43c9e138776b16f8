"""`rezup pin`: let `use NAME` give a certain revision until `unpin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.render import Result, Said, change_data
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Pin the container to the revision, and say how the user can end that."""
    target = parse_target(arguments.target)
    container = studio.container(target.container)
    change = container.pin(
        target.revision,
        arguments.message,
        local=arguments.local,
        remote=arguments.remote,
        dry_run=arguments.dry_run,
    )
    name, verb = target.container, "Would pin" if arguments.dry_run else "Pinned"
    text = f"{verb} {name} to {change.revision}{change.where}, until: rezup unpin {name}{change.option}"
    return Result(change_data(arguments, change), Said((text,)), acted=not arguments.dry_run)
