"""`rezup add`: make a new revision, publish it if asked to, and enter it where there is a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rezup.commands.use import become_shell, shell_opening
from rezup.render import Result, described
from rezup_api.events import Note
from rezup_api.settings import absolute

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from rezup.progress import Progress
    from rezup_api.containers import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result | int:
    """Build, then enter."""
    file: Path | None = absolute(arguments.file, studio.environ) if arguments.file else None
    container = studio.container(arguments.name, file)
    revision = container.add(message=arguments.message, publish=arguments.remote)
    progress.say(f"Added {revision} ({described(revision)})" + (", published" if arguments.remote else ""))
    if container.is_published() and not arguments.remote:
        progress.report(
            Note(f"`rezup use {container.name}` still gives what is published; this one: rezup use {revision}")
        )
    if arguments.skip_use or not sys.stdin.isatty() or not sys.stdout.isatty():
        return 0
    session = container.enter_revision(revision) or container.enter(revision.timestamp)
    progress.close()
    return become_shell(shell_opening(studio, session, newest=True), session)
