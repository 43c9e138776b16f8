"""`rezup pull`: build the revision that `use` would need, for machine images and render farms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.after import note_given
from rezup.output.every import for_every
from rezup.output.render import Lines, Result, Said, described
from rezup_api.events import one_line
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Container, Revision, Studio
    from rezup_api.results import Pulling


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Build the revision, or those of all published containers, unless this machine has them; and say that they are ready."""
    if arguments.all:
        return _all(arguments, studio, progress)
    target = parse_target(arguments.target)
    revision, text = _pulled(studio.container(target.container), target.revision, dry_run=arguments.dry_run)
    data = _told(revision, dry_run=arguments.dry_run)
    return Result(data, _view((text,), dry_run=arguments.dry_run), acted=not arguments.dry_run)


def _all(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    published = [one for one in studio.containers() if one.remote is not None and one.is_published()]
    every = for_every(published, lambda container: _pulled(container, "", dry_run=arguments.dry_run), progress)
    told = [_told(revision, dry_run=arguments.dry_run) for revision, _ in every.done]
    lines = tuple(text for _, text in every.done) if published else ("Nothing is published",)
    view = _view(lines, dry_run=arguments.dry_run)
    return Result({"containers": told, "failed": every.failures}, view, every.status(), acted=not arguments.dry_run)


def _pulled(container: Container, request: str, *, dry_run: bool) -> tuple[Revision, str]:
    """Build a revision, or only find out which one; and what to say of it."""
    if dry_run:
        meant = container.pulling(request)
        return meant.revision, _would(meant)
    revision = container.pull(request)
    if not request:
        note_given(container, revision)
    return revision, f"{revision} is ready here ({described(revision)})"


def _view(lines: tuple[str, ...], *, dry_run: bool) -> Lines | Said:
    return Lines(lines) if dry_run else Said(lines)


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
