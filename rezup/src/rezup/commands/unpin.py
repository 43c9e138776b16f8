"""`rezup unpin`: let `use NAME` give the newest revision again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Remove the pin or the rollback of a container, and say which revision `use` gives now."""
    name = arguments.name
    change = studio.container(name).unpin(arguments.message, local=arguments.local, remote=arguments.remote)
    now = f"; `rezup use {name}` now gives {change.revision}" if change.revision else ""
    if change.damaged:
        progress.say(f"Removed the pin of {name}{change.where}, which was damaged{now}")
    elif not change.previous:
        progress.say(f"{name} is not pinned{change.where}; nothing was changed")
    else:
        progress.say(f"Unpinned {name}{change.where}, which was fixed to {change.previous}{now}")
    return 0
