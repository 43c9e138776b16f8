"""`rezup rollback`: go back to the revision before, until the next `add`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rezup.output.change import change_agreed
from rezup.output.confirm import declined
from rezup.output.render import Result, Said, change_data
from rezup_api.store import timestamp_order

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.selection import Change


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Let `use` give the revision before, or that of `--to`, and say how long that holds."""
    name, container = arguments.name, studio.container(arguments.name)

    def act(*, dry_run: bool) -> Change:
        return container.rollback(
            arguments.to, arguments.message, local=arguments.local, remote=arguments.remote, dry_run=dry_run
        )

    def told(change: Change) -> str:
        return _told(name, change, dry_run=True) if change.previous != change.revision else ""

    if not change_agreed(arguments, studio, progress, name=name, plan=partial(act, dry_run=True), told=told):
        return declined()
    change = act(dry_run=arguments.dry_run)
    text = _told(name, change, dry_run=arguments.dry_run)
    return Result(change_data(arguments, change), Said((text,)), acted=not arguments.dry_run)


def _told(name: str, change: Change, *, dry_run: bool) -> str:
    until = ""
    if change.pin is not None:
        unpin = f"rezup unpin {name}{change.option}"
        until = ", until the next `add`" if change.pin.is_rollback else f", pinned there until: {unpin}"
    return f"{_moved(name, change, dry_run=dry_run)}{change.where}{until}"


def _moved(name: str, change: Change, *, dry_run: bool) -> str:
    """Say from which revision to which the container has moved. With `--to`, or after a pin, it may move forward or stay."""
    moved, rolled, stays = ("Would move", "Would roll", "would stay") if dry_run else ("Moved", "Rolled", "stays")
    if not change.previous:
        return f"{moved} {name} to {change.revision}"
    if change.previous == change.revision:
        return f"{name} {stays} at {change.revision}"
    back = timestamp_order(change.revision) < timestamp_order(change.previous)
    verb = f"{rolled} {name} back" if back else f"{moved} {name} forward"
    return f"{verb} from {change.previous} to {change.revision}"
