"""`rezup untag`: remove a label from a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.render import Result, Said, change_data

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Remove the label, and say which revision it named."""
    name, label = arguments.name, arguments.label
    container = studio.container(name)
    change = container.untag(
        label, arguments.message, local=arguments.local, remote=arguments.remote, dry_run=arguments.dry_run
    )
    verb, be = ("Would remove", "is") if arguments.dry_run else ("Removed", "was")
    was = f", which {be} {change.revision}" if change.revision else ""
    data = {**change_data(arguments, change), "label": label}
    text = f"{verb} the label {name}@{label}{was}{change.where}"
    return Result(data, Said((text,)), acted=not arguments.dry_run)
