"""`rezup drop`: remove a container from this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rezup_api.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from rezup.progress import Progress
    from rezup_api.containers import Container
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Ask, then remove."""
    container = studio.container(arguments.name)
    if container.is_published() and not arguments.local:
        raise UsageError(
            f"{container.name} is also published on the remote root",
            f"to remove it from this machine only: rezup drop {container.name} --local",
        )
    there = container.folder.path.is_dir()  # what is not there needs no answer
    if there and not arguments.yes and not _confirmed(container, progress):
        progress.say("Nothing was removed")
        return 0
    container.drop(force=arguments.force)
    progress.say(f"Removed {container.name}")
    return 0


def _confirmed(container: Container, progress: Progress) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", f"to remove it: rezup drop {container.name} --yes")
    count = len(container.folder.timestamps())
    progress.close()
    try:
        answer = input(f"Remove {container.folder.path} with {count} revision{'s' if count != 1 else ''}? [y/N] ")
    except EOFError:  # Ctrl-D
        print()
        return False
    return answer.strip().lower() in {"y", "yes"}
