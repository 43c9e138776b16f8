"""`rezup add`: make a new revision, publish it if the user wants that, and enter it if there is a terminal."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rezup.after import let_hooks_hear
from rezup.commands.use import become_shell, shell_opening
from rezup.completion.candidates import Names
from rezup.guessing import command_line, replaced, similar
from rezup.output.confirm import can_ask, confirmed, declined, wants_question
from rezup.output.difference import difference_data, difference_lines, made_text, short_lines
from rezup.output.render import Lines, Result, Said, described
from rezup_api import InstallError, NotFoundError, RemoteError, StorageError, UsageError, absolute
from rezup_api.events import Note
from rezup_api.store import DEFAULT_CONTAINER

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from rezup.output.progress import Progress
    from rezup_api import Container, Revision, Studio
    from rezup_api.results import Planned


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result | int:
    """Make the revision, then enter it, unless there is no terminal or the user does not want that.

    Raises:
        UsageError: the user has given `--file` together with `--from` or `--upgrade`.
        RezupError: the errors of `Studio.source` and `Container.add`.
    """
    if arguments.file and (arguments.source or arguments.upgrade):
        raise UsageError(
            "--file says what to make a revision from, and so do --from and --upgrade", "leave one of them out"
        )
    if not (arguments.new or arguments.file or arguments.source is not None) and not _meant(
        arguments, studio, progress
    ):
        return Result(
            {"container": arguments.name, "added": False, "dry_run": arguments.dry_run}, Said(("Nothing was added",))
        )
    file: Path | None = absolute(arguments.file, studio.environ) if arguments.file else None
    container = studio.container(arguments.name, file)
    source = studio.source(arguments.source) if arguments.source is not None else None
    if arguments.dry_run:
        return _planned(container, container.plan(publish=arguments.remote, source=source, upgrades=arguments.upgrade))
    if not _agreed(arguments, studio, progress, container, source):
        return declined()
    before = set(container.folder.timestamps())
    revision = container.add(
        message=arguments.message, publish=arguments.remote, source=source, upgrades=arguments.upgrade
    )
    if arguments.upgrade and revision.timestamp in before:
        text = f"Nothing is newer than what {revision} has of {', '.join(arguments.upgrade)}; nothing was added"
        return Result(_told(revision, arguments, added=False, given=True), Said((text,)))
    text = f"Added {revision} ({described(revision)})" + (", published" if arguments.remote else "")
    remark = _not_given(container, revision)
    if arguments.json or arguments.skip_use or not sys.stdin.isatty() or not sys.stdout.isatty():
        data = _told(revision, arguments, added=True, given=not remark)
        return Result(data, Said((text, *([remark] if remark else []))), acted=True)
    progress.say(text)
    if remark:
        progress.report(Note(remark))
    # A cleanup may be removing the new revision at this moment. Then `enter` finds it again, or says why not.
    session = container.enter_revision(revision) or container.enter(revision.timestamp)
    progress.close()
    let_hooks_hear(progress.happened)
    return become_shell(shell_opening(studio, session, newest=True), session)


def _planned(container: Container, planned: Planned) -> Result:
    contents, current = planned.contents, planned.current
    data = {
        "container": container.name,
        "current": current.timestamp if current is not None else None,
        "environments": contents.packages,
        "interpreters": contents.python,
        "difference": difference_data(planned.difference),
        "added": False,
        "dry_run": True,
    }
    if current is None:
        # Where there is nothing to compare it with, the whole recipe would be new; what counts is what would be installed.
        head, shown = f"{container.name} would hold:", replace(planned.difference, variables=(), recipe=())
    else:
        head, shown = f"Compared with {current}:", planned.difference
    return Result(data, Lines((head, *difference_lines(shown))))


def _told(revision: Revision, arguments: argparse.Namespace, *, added: bool, given: bool) -> dict[str, Any]:
    return {
        "container": revision.container,
        "revision": revision.timestamp,
        "path": str(revision.path),
        "added": added,
        "dry_run": False,
        "published": added and arguments.remote,
        "given": given,
    }


def _meant(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> bool:
    """Whether the user means a container of that name: it exists, has a recipe, or is like no other one; else ask.

    Raises:
        UsageError: there is no terminal to ask on.
    """
    name = arguments.name
    names = Names(studio.environ)
    known = {*names.containers(), *names.recipes(), DEFAULT_CONTAINER}
    # Every machine has `.main`, and many a short name is a little like it.
    near = "" if name in known else similar(name, known - {DEFAULT_CONTAINER})
    if not near:
        return True
    text = f"there is neither a container nor a recipe named {name}, but {near} is there"
    if not can_ask(arguments, studio.environ):
        words = arguments.origin.words
        raise UsageError(
            text, f"did you mean: {replaced(words, name, near)}; or a new container: {command_line(words)} --new"
        )
    return confirmed(f"{text[0].upper()}{text[1:]}. Make a new container {name}?", progress)


def _agreed(
    arguments: argparse.Namespace,
    studio: Studio,
    progress: Progress,
    container: Container,
    source: Revision | Path | None,
) -> bool:
    """Whether to publish a new revision; asked before it is resolved and built, which takes minutes."""
    if not wants_question(arguments, studio.environ):
        return True
    try:
        lines = tuple(_outlined(container, container.outline(source=source, upgrades=arguments.upgrade)))
    except (NotFoundError, RemoteError, InstallError) as error:  # a new revision may be what mends it
        lines = (f"What is in force cannot be shown: {error.message}",)
    return confirmed("Make and publish a new revision for the whole studio?", progress, lines)


def _outlined(container: Container, outline: Planned) -> Iterator[str]:
    place, current = container.needed_remote("publish to").place, outline.current
    if current is None:
        yield f"Nothing is published of {container.name} on {place} yet."
        return
    yield f"In force on {place}: {current}, {made_text(current)}"
    if outline.difference:
        yield "What differs, before anything is resolved:"
        yield from short_lines(outline.difference)
    else:
        yield "The recipe is the same; versions may be newer."


def _not_given(container: Container, revision: Revision) -> str:
    """A remark which says why `use` without `@` does not give this new revision; empty if it does."""
    name = container.name
    try:
        given, pins = container.current(), container.pins()
    except (NotFoundError, RemoteError, StorageError):
        return f"`rezup use {name}` may give another one; this one: rezup use {revision}"
    if given in (None, revision.timestamp):
        return ""
    if any(pins):
        return f"{name} is pinned to {given}, which `rezup use {name}` still gives; this one: rezup use {revision}"
    return f"`rezup use {name}` still gives what is published; this one: rezup use {revision}"
