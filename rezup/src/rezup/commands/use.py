"""`rezup use`: enter a container with a shell, or run a script or a command in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.after import let_hooks_hear, note_given
from rezup.fastpath.prepare import Answer, prepare
from rezup_api import LaunchError, UsageError
from rezup_api.process import NOT_FOUND
from rezup_api.session import (
    Opening,
    become,
    choose_shell,
    detach,
    interactive,
    parent_words,
    script_command,
    shell_of,
)
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Container, Session, Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> int:
    """Find the revision, hold it, and become the shell, script or command that the user wants.

    Raises:
        UsageError: the arguments do not fit together.
        LaunchError: the script does not exist, or the program cannot be started.
        RezupError: the errors of `Container.enter`.
    """
    if arguments.words is not None and not arguments.words and not arguments.do:
        raise UsageError("there is no command after --", "rezup use NAME -- COMMAND, or leave the -- out for a shell")
    if arguments.no_wait and arguments.words is None and not arguments.do:
        raise UsageError("--no-wait needs a command or a script", "rezup use --no-wait NAME -- COMMAND")
    target = parse_target(arguments.target)
    container = studio.container(target.container)
    session = container.enter(target.revision, local=arguments.local, strict=arguments.strict)
    if not target.revision and not arguments.local:
        note_given(container, session.revision)
    progress.close()
    let_hooks_hear(progress.happened)
    start = detach if arguments.no_wait else become
    if arguments.do:
        return start(_script(arguments.do, arguments.words or [], studio), session.environ, session.lease)
    opening = None
    if arguments.words is None:
        newest = session.revision.timestamp == container.newest(local=arguments.local)
        opening = shell_opening(studio, session, newest=newest)
    if not progress.remarked:
        _prepare(arguments, studio, container, session, opening)
    if opening is not None:
        return become_shell(opening, session)
    return start(arguments.words, session.environ, session.lease)


def _prepare(
    arguments: argparse.Namespace, studio: Studio, container: Container, session: Session, opening: Opening | None
) -> None:
    """Save what this launch has found for the next one, which can then be quick; do nothing if the next may differ."""
    request = parse_target(arguments.target).revision
    parent: tuple[str, ...] = ()
    if opening is not None:
        if request or not sys.stdin.isatty():
            return
        if not studio.settings.default_shell:
            parent = parent_words()
            # Then processes further up the tree have decided which shell it is, and the quick launch looks at the parent only.
            if shell_of(parent, studio.environ) is None:
                return
    basis = container.basis(request, local=arguments.local)
    if basis is None:
        return
    answer = Answer(
        settings=studio.settings,
        environ=dict(os.environ),
        recipe=container.recipe,
        revision=session.revision,
        computed=session.computed,
        basis=basis,
        opening=opening,
        parent=parent,
    )
    prepare(arguments.origin, answer)


def shell_opening(studio: Studio, session: Session, *, newest: bool) -> Opening:
    """The command and the variables that open an interactive shell; without a terminal, a shell that reads from its input.

    Args:
        newest: whether the session is in the newest revision; if not, the prompt gets a mark.
    """
    shell = choose_shell(studio.settings, studio.environ)
    if not sys.stdin.isatty():
        return Opening((shell.program,), {})
    tools = os.pathsep.join(str(folder) for folder in session.revision.tool_folders)
    mark = session.revision.container + ("" if newest else "*")
    return interactive(shell, session.environ, tools, mark)


def become_shell(opening: Opening, session: Session) -> int:
    """Become an interactive shell, or start it and return its exit status; see `become`."""
    return become(opening.command, {**session.environ, **opening.environ}, session.lease)


def _script(path: str, words: list[str], studio: Studio) -> list[str]:
    script = Path(path)
    if not script.is_file():
        raise LaunchError(f"there is no script {path}", status=NOT_FOUND)
    absolute = os.path.abspath(path)
    if os.name != "nt" and os.access(absolute, os.X_OK):
        return [absolute, *words]
    shell = choose_shell(studio.settings, studio.environ)
    return list(script_command(shell, absolute, tuple(words)))
