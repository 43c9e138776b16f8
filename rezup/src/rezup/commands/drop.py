"""`rezup drop`: remove a container from this machine, or from the remote root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.output.confirm import can_ask, confirmed
from rezup.output.render import Lines, Result, Said
from rezup_api import NotFoundError, UsageError

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
    if arguments.dry_run:
        if not meant.exists:
            raise NotFoundError(
                f"there is no container {container.name} in {meant.place or meant.path.parent}", "see: rezup status"
            )
        return Result(_told(container.name, meant, None, dry_run=True), Lines(_would(container.name, meant)))
    option = " --remote" if arguments.remote else " --local" if arguments.local else ""
    if meant.exists and not arguments.yes:
        if not can_ask(arguments, studio.environ):
            way_out = f"to remove it: rezup drop {container.name}{option} --yes"
            raise UsageError("there is no terminal to ask on", way_out)
        if not confirmed(f"Remove {_described(container.name, meant)}?", progress):
            return Result(_told(container.name, meant, None), Said(("Nothing was removed",)))
    done = container.drop(arguments.message, local=arguments.local, remote=arguments.remote, force=arguments.force)
    if done.left is not None:
        progress.warn(f"not all of its files could be deleted; what is left of them lies in {done.left}")
    text = f"Removed {container.name}" + (f" from {done.place}" if done.place else "")
    return Result(_told(container.name, meant, done), Said((text,)), acted=True)


def _would(name: str, meant: Dropping) -> tuple[str, ...]:
    text = f"Would remove {_described(name, meant)}"
    users = f"It is in use, so that --force is needed: {', '.join(meant.users)}"
    return (text, users) if meant.users else (text,)


def _described(name: str, meant: Dropping) -> str:
    what = f"{name} from {meant.place}, for the whole studio," if meant.place else str(meant.path)
    return f"{what} with {meant.revisions} revision{'s' if meant.revisions != 1 else ''}"


def _told(name: str, meant: Dropping, done: Dropped | None, *, dry_run: bool = False) -> dict[str, Any]:
    return {
        "container": name,
        "root": "remote" if meant.place else "local",
        "path": meant.place or str(meant.path),
        "revisions": meant.revisions,
        "users": list(meant.users),
        "removed": done is not None,
        "left": str(done.left) if done is not None and done.left is not None else None,
        "dry_run": dry_run,
    }
