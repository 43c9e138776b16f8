"""`rezup unpin`: let `use NAME` give the newest revision again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rezup.output.change import change_agreed
from rezup.output.confirm import declined
from rezup.output.render import Result, Said, change_data

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.selection import Change


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Remove the pin or the rollback of a container, and say which revision `use` gives now."""
    name, container = arguments.name, studio.container(arguments.name)

    def act(*, dry_run: bool) -> Change:
        return container.unpin(arguments.message, local=arguments.local, remote=arguments.remote, dry_run=dry_run)

    def told(change: Change) -> str:
        return _told(name, change, dry_run=True) if change.previous or change.damaged else ""

    if not change_agreed(arguments, studio, progress, name=name, plan=partial(act, dry_run=True), told=told):
        return declined()
    change = act(dry_run=arguments.dry_run)
    text = _told(name, change, dry_run=arguments.dry_run)
    return Result(change_data(arguments, change), Said((text,)), acted=not arguments.dry_run)


def _told(name: str, change: Change, *, dry_run: bool) -> str:
    now = (
        f"; `rezup use {name}` {'would give' if dry_run else 'now gives'} {change.revision}" if change.revision else ""
    )
    if change.damaged:
        verb = "Would remove" if dry_run else "Removed"
        return f"{verb} the pin of {name}{change.where}, which {'is' if dry_run else 'was'} damaged{now}"
    if not change.previous:
        return f"{name} is not pinned{change.where}; nothing {'would be' if dry_run else 'was'} changed"
    verb = "Would unpin" if dry_run else "Unpinned"
    return f"{verb} {name}{change.where}, which {'is' if dry_run else 'was'} fixed to {change.previous}{now}"
