"""`rezup drop`: remove a container from this machine, or from the remote root."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rezup_api.administration import Care
from rezup_api.disk.staging import STAGING
from rezup_api.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api.container import Container
    from rezup_api.store.root import ContainerRoot
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Ask, then remove."""
    container = studio.container(arguments.name)
    care = Care(container)
    place = care.place_of(local=arguments.local, remote=arguments.remote)
    there = container.folder.path.is_dir() or place is not None  # what is not there needs no answer
    if there and not arguments.yes and not _confirmed(container, place, progress):
        progress.say("Nothing was removed")
        return 0
    gone = care.drop(local=arguments.local, remote=arguments.remote, force=arguments.force)
    progress.say(f"Removed {container.name}" + (f" from {place.place}" if place is not None else ""))
    if not gone:
        progress.warn(
            f"not all of its files could be deleted; what is left of them lies in {container.folder.root}/{STAGING}"
        )
    return 0


def _confirmed(container: Container, place: ContainerRoot | None, progress: Progress) -> bool:
    if not sys.stdin.isatty():
        where = " --remote" if place is not None else ""
        raise UsageError("there is no terminal to ask on", f"to remove it: rezup drop {container.name}{where} --yes")
    known = container.folder.timestamps() if place is None else place.timestamps()
    what = container.folder.path if place is None else f"{container.name} from {place.place}, for the whole studio,"
    progress.close()
    try:
        answer = input(f"Remove {what} with {len(known)} revision{'s' if len(known) != 1 else ''}? [y/N] ")
    except EOFError:  # Ctrl-D
        print()
        return False
    return answer.strip().lower() in {"y", "yes"}
