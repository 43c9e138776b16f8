"""`rezup tag`: give a revision a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.render import Result, Said, change_data
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Give the revision the label, and say which revision had it before."""
    target = parse_target(arguments.target)
    name, label = target.container, arguments.label
    container = studio.container(name)
    change = container.tag(
        target.revision,
        label,
        arguments.message,
        local=arguments.local,
        remote=arguments.remote,
        dry_run=arguments.dry_run,
    )
    moved = f", and no longer {change.previous}" if change.previous not in ("", change.revision) else ""
    text = f"{name}@{label} {'would be' if arguments.dry_run else 'is'} {change.revision}{moved}{change.where}"
    data = {**change_data(arguments, change), "label": label}
    return Result(data, Said((text,)), acted=not arguments.dry_run)
