"""`rezup tag`: give a revision a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Give the revision the label, and say which revision had it before."""
    target = parse_target(arguments.target)
    name, label = target.container, arguments.label
    container = studio.container(name)
    change = container.tag(target.revision, label, arguments.message, local=arguments.local, remote=arguments.remote)
    moved = f", and no longer {change.previous}" if change.previous not in ("", change.revision) else ""
    progress.say(f"{name}@{label} is {change.revision}{moved}{change.where}")
    return 0
