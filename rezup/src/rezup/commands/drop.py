"""`rezup drop`: remove a container from this machine, or from the remote root."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rezup_api import UsageError

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.results import Dropping


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Ask the user, then remove the container.

    Raises:
        UsageError: there is no terminal to ask on, and the user has not given `--yes`.
        RezupError: the errors of `Container.drop`.
    """
    container = studio.container(arguments.name)
    meant = container.dropping(local=arguments.local, remote=arguments.remote)
    option = " --remote" if arguments.remote else " --local" if arguments.local else ""
    if meant.exists and not arguments.yes and not _confirmed(container.name, meant, option, progress):
        progress.say("Nothing was removed")
        return 0
    done = container.drop(local=arguments.local, remote=arguments.remote, force=arguments.force)
    progress.say(f"Removed {container.name}" + (f" from {done.place}" if done.place else ""))
    if done.left is not None:
        progress.warn(f"not all of its files could be deleted; what is left of them lies in {done.left}")
    return 0


def _confirmed(name: str, meant: Dropping, option: str, progress: Progress) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", f"to remove it: rezup drop {name}{option} --yes")
    what = f"{name} from {meant.place}, for the whole studio," if meant.place else meant.path
    progress.close()
    try:
        answer = input(f"Remove {what} with {meant.revisions} revision{'s' if meant.revisions != 1 else ''}? [y/N] ")
    except EOFError:  # Ctrl-D
        print()
        return False
    return answer.strip().lower() in {"y", "yes"}
