"""The ordinary path: parse the command line, run the site-customize script, run the command, and report errors."""

from __future__ import annotations

import gc
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rezup.cli import build_parser, options_of, other_words, split_command
from rezup.commands import COMMANDS
from rezup.fastpath import current_release, undo_coercion
from rezup.fastpath.invocation import Invocation
from rezup.fastpath.site_script import run_site_script
from rezup.output import exits, render
from rezup.output.progress import Progress
from rezup_api import NotFoundError, RezupError, Settings, Studio, UsageError
from rezup_api.session import check_run, site_script, without_session

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rezup.fastpath.record import ScriptRun

# Commands that end by becoming another program, whose exit status then counts.
LAUNCHING = frozenset({"use"})
# Commands that only warn of a broken site-customize script, because the user needs them to correct it.
WITHOUT_SITE_SCRIPT = frozenset({"recipe", "upgrade"})
# Start-up files of shells run this command, so it must be quick and must not fail.
NEVER_SITE_SCRIPT = frozenset({"completion"})
# Commands that never look for a newer release: they are about releases themselves, or start-up files run them.
NEVER_UPGRADE = frozenset({"upgrade", "completion"})


def run_command_line(words: list[str], script_run: ScriptRun | None = None) -> int:
    """Run rezup.

    Args:
        words: the command line without the program.
        script_run: what `fastpath.attempt` returned: whether the site-customize script has already run.

    Returns:
        The exit status, if the process has not become the command.
    """
    _complete_streams()
    current_release.hold_release()
    own, command = split_command(words)
    launching = next((word for word in own if not word.startswith("-")), "use") in LAUNCHING
    arguments: argparse.Namespace | None = None
    try:
        arguments = _parse(own, command)
        arguments.origin = _origin(words, script_run)
        launching = arguments.command in LAUNCHING
        return _run(arguments, script_run)
    except RezupError as error:
        render.show_error(_guessed(error, arguments, words), arguments)
        return exits.status_of(error, launching=launching)
    except BrokenPipeError:
        _forget_output()
        return exits.DONE
    except _OutputError as error:
        render.show_error(RezupError(f"cannot write the output: {error}"), None)
        return exits.INTERNAL
    except KeyboardInterrupt:
        render.show_interruption()
        return exits.INTERRUPTED
    except Exception as error:
        if arguments is not None and arguments.debug:
            raise
        render.show_fault(error)
        return exits.LAUNCH_FAILED if launching else exits.INTERNAL


def _guessed(error: RezupError, arguments: argparse.Namespace | None, words: list[str]) -> RezupError:
    """The error, with the name that the user may have meant if a container or a label does not exist."""
    if not isinstance(error, NotFoundError):
        return error
    from rezup.guessing import with_guess

    return with_guess(error, arguments, words, without_session(os.environ))


class _OutputError(Exception):
    """The output of a command cannot be written."""


@contextmanager
def _output() -> Iterator[None]:
    """Write to stdout and flush it, so that an error of writing is handled here, and not taken for a fault of rezup."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()  # the reader of a pipe has ended, as `head` does
    except OSError as error:
        _forget_output()
        raise _OutputError(error.strerror or str(error)) from error


def _forget_output() -> None:
    """Discard the output that is still buffered: otherwise Python would try to write it again when it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complete_streams() -> None:
    """Open the null device for each standard stream that the caller has closed, as daemons do.

    Otherwise the next file that rezup opens would get the number of the stream, and output would go into that file. Python closes
    these descriptors on `exec`, so that the command finds the streams closed, as the caller left them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _parse(own: list[str], command: list[str] | None) -> argparse.Namespace:
    own = other_words(own)
    parser = build_parser(own[0] if own else "")
    word = next((word for word in own if not word.startswith("-")), None)
    if word is not None and word not in COMMANDS:
        from rezup.completion.candidates import Names  # only an error needs them
        from rezup.guessing import unknown_command

        raise unknown_command(own, command, COMMANDS, Names(without_session(os.environ)))
    arguments, extra = parser.parse_known_args(own)
    if arguments.command is None and not (arguments.version or arguments.check_latest):
        arguments, extra = parser.parse_known_args([*own, "use"])
    if extra:
        from rezup.completion.candidates import Names
        from rezup.guessing import unknown_arguments

        names = Names(without_session(os.environ))
        options = options_of(parser, own)
        raise unknown_arguments(own, extra, arguments, command=command, options=options, names=names)
    if command is not None and arguments.command != "use":
        raise UsageError("only `rezup use` runs a command: rezup use NAME -- COMMAND")
    arguments.words = command
    return arguments


def _origin(words: list[str], script_run: ScriptRun | None) -> Invocation:
    """The command line and the environment with which this process was started, before the site-customize script ran."""
    if script_run is None:
        undo_coercion(os.environ)
    return Invocation(tuple(words), time.time(), dict(os.environ) if script_run is None else script_run[1])


def _run(arguments: argparse.Namespace, script_run: ScriptRun | None) -> int:
    if arguments.version:
        from rezup.fastpath.version import version_text

        with _output():
            print(version_text())
        return exits.DONE
    if arguments.check_latest:
        return _check_latest(arguments)
    gc.freeze()
    gc.enable()
    with Progress(quiet=arguments.quiet, debug=arguments.debug) as progress:
        try:
            if arguments.command in LAUNCHING:
                _run_site_script(script_run)
            elif arguments.command not in NEVER_SITE_SCRIPT:
                with _printing_aside():
                    _run_site_script(script_run)
        except RezupError as error:
            if arguments.command not in WITHOUT_SITE_SCRIPT:
                raise
            progress.warn(error.message)
        _upgrade(arguments, progress)
        studio = Studio.from_environ(os.environ, progress.report)
        result = COMMANDS[arguments.command](arguments, studio, progress)
    if isinstance(result, int):
        return result
    with _output():
        render.show(result, arguments)
    return result.status


def _check_latest(arguments: argparse.Namespace) -> int:
    from rezup.commands.upgrade import latest
    from rezup.newer_release import Upgrader

    with Progress(quiet=arguments.quiet, debug=arguments.debug) as progress:
        upgrader = Upgrader(os.environ, os.environ, progress)
        lines = latest(upgrader, upgrader.news())
    with _output():
        print("\n".join(lines))
    return exits.DONE


def _upgrade(arguments: argparse.Namespace, progress: Progress) -> None:
    """Look for a newer release of rezup if it is time to, and start again in it if one was taken."""
    if arguments.no_upgrade or arguments.command in NEVER_UPGRADE or not current_release.is_due(os.environ):
        return
    from rezup.newer_release import Upgrader, start_over

    if Upgrader(os.environ, arguments.origin.environ, progress).look():
        progress.close()
        start_over(arguments.origin)


@contextmanager
def _printing_aside() -> Iterator[None]:
    """Send what the site-customize script prints to stderr, because another program may read the output of the command."""
    # The descriptor is redirected, not `sys.stdout`: the script may start programs that print.
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)


def _run_site_script(script_run: ScriptRun | None) -> None:
    """Run the site-customize script, unless the quick launch has run it; raise an error of ours if it failed."""
    if script_run is None:
        code = site_script(Settings.from_environ(os.environ), os.environ)
        script_run = run_site_script(code.co_filename, code) if code is not None else None
    if script_run is not None:
        check_run(script_run[0], script_run[2])
