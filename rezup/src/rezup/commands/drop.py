"""`rezup drop`: remove a container from this machine, or from the remote root."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, Said
from rezup_api import UsageError
from rezup_api.events import visible

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.results import Dropped, Dropping


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Ask the user, then remove the container.

    Raises:
        UsageError: there is no terminal to ask on, and the user has not given `--yes`.
        RezupError: the errors of `Container.drop`.
    """
    container = studio.container(arguments.name)
    meant = container.dropping(local=arguments.local, remote=arguments.remote)
    option = " --remote" if arguments.remote else " --local" if arguments.local else ""
    if meant.exists and not arguments.yes and not _confirmed(container.name, meant, option, progress):
        return Result(_told(container.name, meant, None), Said(("Nothing was removed",)))
    done = container.drop(local=arguments.local, remote=arguments.remote, force=arguments.force)
    if done.left is not None:
        progress.warn(f"not all of its files could be deleted; what is left of them lies in {done.left}")
    text = f"Removed {container.name}" + (f" from {done.place}" if done.place else "")
    return Result(_told(container.name, meant, done), Said((text,)), acted=True)


def _told(name: str, meant: Dropping, done: Dropped | None) -> dict[str, Any]:
    return {
        "container": name,
        "root": "remote" if meant.place else "local",
        "path": meant.place or str(meant.path),
        "revisions": meant.revisions,
        "removed": done is not None,
        "left": str(done.left) if done is not None and done.left is not None else None,
    }


def _confirmed(name: str, meant: Dropping, option: str, progress: Progress) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", f"to remove it: rezup drop {name}{option} --yes")
    what = f"{name} from {meant.place}, for the whole studio," if meant.place else meant.path
    progress.close()
    try:
        number = f"{meant.revisions} revision{'s' if meant.revisions != 1 else ''}"
        answer = input(visible(f"Remove {what} with {number}? [y/N] "))
    except EOFError:  # Ctrl-D
        print()
        return False
    return answer.strip().lower() in {"y", "yes"}
