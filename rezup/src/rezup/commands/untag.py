"""`rezup untag`: remove a label from a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Remove the label, and say which revision it named."""
    name, label = arguments.name, arguments.label
    container = studio.container(name)
    change = container.untag(label, arguments.message, local=arguments.local, remote=arguments.remote)
    was = f", which was {change.revision}" if change.revision else ""
    progress.say(f"Removed the label {name}@{label}{was}{change.where}")
    return 0
