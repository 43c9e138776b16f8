"""The ordinary path: read the command line, run the site-customize script, run the command, report what went wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup import exits, render
from rezup._version import __version__
from rezup.cli import build_parser, split_command
from rezup.commands import COMMANDS
from rezup.progress import Progress
from rezup_api.containers import Studio
from rezup_api.errors import RezupError, UsageError
from rezup_api.session.customize import run_site_script, undo_coercion
from rezup_api.settings import Settings

if TYPE_CHECKING:
    import argparse

# They end by becoming something else, whose exit status is theirs.
LAUNCHING = frozenset({"use"})
# A broken site-customize script must not keep anybody from mending it.
WITHOUT_SITE_SCRIPT = frozenset({"recipe"})


def main(words: list[str]) -> int:
    """Run rezup.

    Args:
        words: the command line without the program.

    Returns:
        The exit status, where the process has not become another one.
    """
    _complete_streams()
    own, command = split_command(words)
    launching = next((word for word in own if not word.startswith("-")), "use") in LAUNCHING
    arguments: argparse.Namespace | None = None
    try:
        arguments = _parse(own, command)
        launching = arguments.command in LAUNCHING
        status = _run(arguments)
        sys.stdout.flush()  # while it can still be told from a fault that the reader of a pipe has gone
        return status
    except RezupError as error:
        render.show_error(error, arguments)
        return exits.status_of(error, launching=launching)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it flushes at exit
        return exits.DONE
    except KeyboardInterrupt:
        render.show_interruption()
        return exits.INTERRUPTED
    except Exception as error:
        if arguments is not None and arguments.debug:
            raise
        render.show_fault(error)
        return exits.LAUNCH_FAILED if launching else exits.INTERNAL


def _complete_streams() -> None:
    """Stand in for the standard streams that the caller has closed, as daemons do.

    They take the lowest numbers, which no other file may get; the command that we become finds them closed, as they were.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _parse(own: list[str], command: list[str] | None) -> argparse.Namespace:
    parser = build_parser()
    word = next((word for word in own if not word.startswith("-")), None)
    if word is not None and word not in COMMANDS:
        raise UsageError(f"there is no command {word!r}", f"see: rezup --help; to enter a container: rezup use {word}")
    arguments = parser.parse_args(own)
    if arguments.command is None and not arguments.version:
        arguments = parser.parse_args([*own, "use"])
    if command is not None and arguments.command != "use":
        raise UsageError("only `rezup use` runs a command: rezup use NAME -- COMMAND")
    arguments.words = command
    return arguments


def _run(arguments: argparse.Namespace) -> int:
    if arguments.version:
        print(f"rezup {__version__}")
        return exits.DONE
    undo_coercion(os.environ)
    with Progress(quiet=arguments.quiet, debug=arguments.debug) as progress:
        try:
            run_site_script(Settings.from_environ(os.environ), os.environ)
        except RezupError as error:
            if arguments.command not in WITHOUT_SITE_SCRIPT:
                raise
            progress.warn(error.message)
        studio = Studio.from_environ(os.environ, progress.report)
        result = COMMANDS[arguments.command](arguments, studio, progress)
    if isinstance(result, int):
        return result
    render.show(result, arguments)
    return result.status
