"""`rezup rollback`: go back to the revision before, until the next `add`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Step back, and say for how long."""
    name = arguments.name
    container = studio.container(name)
    change = container.rollback(arguments.to, arguments.message, local=arguments.local, remote=arguments.remote)
    came = f" from {change.previous}" if change.previous and change.previous != change.revision else ""
    until = ""
    if change.pin is not None:
        until = ", until the next `add`" if change.pin.is_rollback else f", pinned there until: rezup unpin {name}"
    progress.say(f"Rolled {name} back{came} to {change.revision}{change.where}{until}")
    return 0
