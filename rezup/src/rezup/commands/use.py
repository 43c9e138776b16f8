"""`rezup use`: enter a container's shell, run a script in it, or run a command in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.errors import LaunchError, UsageError
from rezup_api.process import NOT_FOUND
from rezup_api.session import launch, shells
from rezup_api.store.names import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.progress import Progress
    from rezup_api.containers import Session, Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Find the revision, hold it, and become what was asked for."""
    if arguments.words is not None and not arguments.words and not arguments.do:
        raise UsageError("there is no command after --", "rezup use NAME -- COMMAND, or leave the -- out for a shell")
    if arguments.no_wait and arguments.words is None and not arguments.do:
        raise UsageError("--no-wait needs a command or a script", "rezup use --no-wait NAME -- COMMAND")
    target = parse_target(arguments.target)
    session = studio.container(target.container).enter(target.revision, local=arguments.local)
    progress.close()
    start = launch.detach if arguments.no_wait else launch.become
    if arguments.do:
        return start(_script(arguments.do, arguments.words or [], studio), session.environ, session.lease)
    if arguments.words is not None:
        return start(arguments.words, session.environ, session.lease)
    return open_shell(studio, session)


def open_shell(studio: Studio, session: Session) -> int:
    """Become an interactive shell; where there is no terminal, a shell that reads commands from its input."""
    shell = shells.choose_shell(studio.settings, studio.environ)
    if not sys.stdin.isatty():
        return launch.become([shell.program], session.environ, session.lease)
    tools = os.pathsep.join(str(folder) for folder in session.revision.tool_folders)
    opening = shells.interactive(shell, session.environ, tools, session.revision.container)
    return launch.become(opening.command, {**session.environ, **opening.environ}, session.lease)


def _script(path: str, words: list[str], studio: Studio) -> list[str]:
    script = Path(path)
    if not script.is_file():
        raise LaunchError(f"there is no script {path}", status=NOT_FOUND)
    absolute = os.path.abspath(path)
    if os.name != "nt" and os.access(absolute, os.X_OK):
        return [absolute, *words]
    shell = shells.choose_shell(studio.settings, studio.environ)
    return list(shells.script(shell, absolute, tuple(words)))
