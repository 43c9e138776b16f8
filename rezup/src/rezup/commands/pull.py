"""`rezup pull`: build the revision that `use` would need, for machine images and render farms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.after import note_given
from rezup.output.render import Lines, Result, Said, described
from rezup_api.events import one_line
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Revision, Studio
    from rezup_api.results import Pulling


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Build the revision if this machine does not have it, and say that it is ready."""
    target = parse_target(arguments.target)
    container = studio.container(target.container)
    if arguments.dry_run:
        meant = container.pulling(target.revision)
        return Result(_told(meant.revision, dry_run=True), Lines((_would(meant),)))
    revision = container.pull(target.revision)
    if not target.revision:
        note_given(container, revision)
    text = f"{revision} is ready here ({described(revision)})"
    return Result(_told(revision, dry_run=False), Said((text,)), acted=True)


def _told(revision: Revision, *, dry_run: bool) -> dict[str, Any]:
    return {
        "container": revision.container,
        "revision": revision.timestamp,
        "path": str(revision.path),
        "ready": revision.ready,
        "dry_run": dry_run,
    }


def _would(meant: Pulling) -> str:
    if meant.revision.ready:
        return f"{meant.revision} is ready here already ({described(meant.revision)})"
    by = f", published by {one_line(meant.published.creator)}" if meant.published.creator else ""
    why = f": {one_line(meant.published.message)}" if meant.published.message else ""
    return f"Would build {meant.revision}{by}{why}"
