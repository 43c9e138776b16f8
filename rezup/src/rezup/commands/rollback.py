"""`rezup rollback`: go back to the revision before, until the next `add`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.store import timestamp_order

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.selection import Change


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Let `use` give the revision before, or that of `--to`, and say how long that holds."""
    name = arguments.name
    container = studio.container(name)
    change = container.rollback(arguments.to, arguments.message, local=arguments.local, remote=arguments.remote)
    until = ""
    if change.pin is not None:
        unpin = f"rezup unpin {name}{change.option}"
        until = ", until the next `add`" if change.pin.is_rollback else f", pinned there until: {unpin}"
    progress.say(f"{_moved(name, change)}{change.where}{until}")
    return 0


def _moved(name: str, change: Change) -> str:
    """Say from which revision to which the container has moved. With `--to`, or after a pin, it may move forward or stay."""
    if not change.previous:
        return f"Moved {name} to {change.revision}"
    if change.previous == change.revision:
        return f"{name} stays at {change.revision}"
    back = timestamp_order(change.revision) < timestamp_order(change.previous)
    return f"{f'Rolled {name} back' if back else f'Moved {name} forward'} from {change.previous} to {change.revision}"
