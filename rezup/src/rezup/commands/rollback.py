"""`rezup rollback`: go back to the revision before, until the next `add`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.administration import Care
from rezup_api.store.names import timestamp_order

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api.selection.chooser import Change
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Let `use` give the revision before, or that of `--to`, and say for how long."""
    name = arguments.name
    chooser = Care(studio.container(name)).chooser(local=arguments.local, remote=arguments.remote)
    change = chooser.rollback(arguments.to, arguments.message)
    until = ""
    if change.pin is not None:
        until = ", until the next `add`" if change.pin.is_rollback else f", pinned there until: rezup unpin {name}"
    progress.say(f"{_moved(name, change)}{change.where}{until}")
    return 0


def _moved(name: str, change: Change) -> str:
    """Say from which revision to which: with `--to`, or beside a pin, that may be a newer one or the same."""
    if not change.previous:
        return f"Moved {name} to {change.revision}"
    if change.previous == change.revision:
        return f"{name} stays at {change.revision}"
    back = timestamp_order(change.revision) < timestamp_order(change.previous)
    return f"{f'Rolled {name} back' if back else f'Moved {name} forward'} from {change.previous} to {change.revision}"
