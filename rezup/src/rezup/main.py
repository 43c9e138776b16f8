"""The ordinary path: parse the command line, run the site-customize script, run the command, and report errors."""

from __future__ import annotations

import gc
import os
import sys
import time
from argparse import Namespace
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rezup.cli import OTHER_WORDS, build_parser, options_of, other_words, split_command
from rezup.cli.parser import ChoiceError
from rezup.commands import COMMANDS
from rezup.fastpath import current_release, undo_coercion
from rezup.fastpath.invocation import Invocation
from rezup.fastpath.site_script import run_site_script
from rezup.output import exits, render
from rezup.output.progress import Progress
from rezup.output.streams import complete_streams, printing_aside
from rezup_api import NotFoundError, RezupError, Settings, Studio, UsageError
from rezup_api.events import visible
from rezup_api.session import check_run, site_script

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from rezup.fastpath.record import ScriptRun
    from rezup_api.events import Happened

# Commands that end by becoming another program, whose exit status then counts.
LAUNCHING = frozenset({"use"})
# Commands that only warn of a broken site-customize script, because the user needs them to correct it.
WITHOUT_SITE_SCRIPT = frozenset({"recipe", "upgrade", "doctor"})
# Start-up files of shells run this command, so it must be quick and must not fail.
NEVER_SITE_SCRIPT = frozenset({"completion"})
# Commands that never look for a newer release: they are about releases, start-up files run them, or they must change nothing.
NEVER_UPGRADE = frozenset({"upgrade", "completion", "doctor"})


def run_command_line(words: list[str], script_run: ScriptRun | None = None) -> int:
    """Run rezup.

    Args:
        words: the command line without the program.
        script_run: what `fastpath.attempt` returned: whether the site-customize script has already run.

    Returns:
        The exit status, if the process has not become the command.
    """
    complete_streams()
    happened: list[Happened] = []
    try:
        return _answer(words, script_run, happened)
    finally:
        _flush_rest()
        if happened:
            from rezup.after import let_hooks_hear  # hardly any command changes anything

            let_hooks_hear(happened)


def _answer(words: list[str], script_run: ScriptRun | None, happened: list[Happened]) -> int:
    """Do what the command line says, and report errors; the exit status, as for `run_command_line`.

    Args:
        happened: the list to which is added what the hooks of the machine may want to hear.
    """
    current_release.hold_release()
    own, command = split_command(words)
    launching = next((word for word in own if not word.startswith("-")), "use") in LAUNCHING
    arguments: argparse.Namespace | None = None
    warnings: list[str] = []
    try:
        arguments = _parsed(own, command)
        arguments.origin = _origin(words, script_run)
        launching = arguments.command in LAUNCHING
        return _run(arguments, script_run, warnings, happened)
    except RezupError as error:
        _show_error(_guessed(error, arguments, words), arguments or _unparsed(own), warnings)
        return exits.status_of(error, launching=launching)
    except _OutputError as error:
        render.show_error(RezupError(f"cannot write the output: {error}"), None)
        return exits.INTERNAL
    except KeyboardInterrupt:
        _show(render.show_interruption, arguments)
        return exits.INTERRUPTED
    except Exception as error:
        if current_release.is_release() and not _is_release_whole():
            raise  # the installed rezup goes on; see `current_release.switch`
        if arguments is not None and arguments.debug:
            if not launching:
                raise
            sys.excepthook(type(error), error, error.__traceback__)
        elif isinstance(error, OSError):
            return _report_refusal(error, arguments, launching=launching)
        else:
            from rezup.after import kept_report  # a fault is rare

            _show(render.show_fault, error, arguments, kept_report(error))
        return exits.LAUNCH_FAILED if launching else exits.INTERNAL


def _guessed(error: RezupError, arguments: argparse.Namespace | None, words: list[str]) -> RezupError:
    """The error, with the name that the user may have meant if a container, a label or the like does not exist."""
    if arguments is None or not isinstance(error, (NotFoundError, UsageError)):
        return error
    from rezup.guessing import with_guess  # only an error needs it

    return with_guess(error, arguments, words, os.environ)


def _unparsed(own: list[str]) -> argparse.Namespace:
    """What an error has to know of a command line that could not be parsed."""
    word = next((word for word in own if not word.startswith("-")), "")
    return Namespace(command=OTHER_WORDS.get(word, word), json="--json" in own)


def _show_error(error: RezupError, arguments: argparse.Namespace | None, warnings: Sequence[str] = ()) -> None:
    try:
        with _output():
            render.show_error(error, arguments, warnings)
    except _OutputError:  # of the document of `--json`
        render.show_error(error, None)


def _show(shower: Callable[..., None], *what: object) -> None:
    """Show how a command has ended; if that cannot be written, the exit status says it."""
    with suppress(_OutputError), _output():
        shower(*what)


def _is_release_whole() -> bool:
    from pathlib import Path

    from rezup_api.selfupdate import is_whole

    return is_whole(Path(current_release.__file__).parents[2])


def _report_refusal(error: OSError, arguments: argparse.Namespace | None, *, launching: bool) -> int:
    """Report a refusal of the system that nothing has foreseen, such as of a folder that cannot be searched."""
    from rezup_api.disk import storage_error

    refused = storage_error("cannot use", error)
    _show_error(refused, arguments)
    return exits.status_of(refused, launching=launching)


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


def _flush_rest() -> None:
    """Write out what is left for stdout, or discard it: otherwise Python would try to at its end, and make the status 120."""
    try:
        sys.stdout.flush()
    except OSError:
        _forget_output()


def _parsed(own: list[str], command: list[str] | None) -> argparse.Namespace:
    with _output():  # argparse prints the help
        return _parse(own, command)
    sys.exit(exits.DONE)  # the reader of the help has ended


def _parse(own: list[str], command: list[str] | None) -> argparse.Namespace:
    own = other_words(own)
    parser = build_parser(own[0] if own else "")
    word = next((word for word in own if not word.startswith("-")), None)
    if word is not None and word not in COMMANDS:
        from rezup.guessing import unknown_command  # only an error needs it

        raise unknown_command(own, command, COMMANDS, os.environ)
    try:
        arguments, extra = parser.parse_known_args(own)
    except ChoiceError as error:
        from rezup.guessing import wrong_choice

        raise wrong_choice(error, own, command, os.environ) from error
    if arguments.command is None and not (arguments.version or arguments.check_latest):
        arguments, extra = parser.parse_known_args([*own, "use"])
    if extra:
        from rezup.guessing import unknown_arguments

        options = options_of(parser, own)
        raise unknown_arguments(own, extra, arguments, command=command, options=options, environ=os.environ)
    if command is not None and arguments.command != "use":
        from rezup.guessing import command_elsewhere

        raise command_elsewhere(arguments, command, os.environ)
    arguments.words = command
    return arguments


def _origin(words: list[str], script_run: ScriptRun | None) -> Invocation:
    """The command line and the environment with which this process was started, before the site-customize script ran."""
    if script_run is None:
        undo_coercion(os.environ)
    return Invocation(tuple(words), time.time(), dict(os.environ) if script_run is None else script_run[1])


def _run(
    arguments: argparse.Namespace, script_run: ScriptRun | None, warnings: list[str], happened: list[Happened]
) -> int:
    """Run the command; `warnings` becomes the list of those that it has given, `happened` of what it has done."""
    if arguments.version:
        from rezup.fastpath.version import version_text

        with _output():
            print(version_text())
        return exits.DONE
    if arguments.check_latest:
        return _check_latest(arguments)
    gc.freeze()
    gc.enable()
    with Progress(
        quiet=arguments.quiet,
        debug=arguments.debug,
        colors=not arguments.no_color,
        warnings=warnings,
        happened=happened,
    ) as progress:
        try:
            if arguments.command in LAUNCHING:
                _run_site_script(script_run)
            elif arguments.command not in NEVER_SITE_SCRIPT:
                with printing_aside():
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
    try:
        with _output():
            render.show(result, arguments, warnings)
    except _OutputError as error:
        if not result.acted:
            raise
        render.show_unprinted(str(error))
    return result.status


def _check_latest(arguments: argparse.Namespace) -> int:
    from rezup.commands.upgrade import latest
    from rezup.newer_release import Upgrader

    with Progress(quiet=arguments.quiet, debug=arguments.debug) as progress:
        upgrader = Upgrader(os.environ, os.environ, progress)
        lines = latest(upgrader, upgrader.news())
    with _output():
        print(visible("\n".join(lines)))
    return exits.DONE


def _upgrade(arguments: argparse.Namespace, progress: Progress) -> None:
    """Look for a newer release of rezup if it is time to, and start again in it if one was taken."""
    if arguments.no_upgrade or arguments.command in NEVER_UPGRADE or not current_release.is_due(os.environ):
        return
    from rezup.newer_release import Upgrader, start_over

    if Upgrader(os.environ, arguments.origin.environ, progress).look():
        progress.close()
        start_over(arguments.origin)


def _run_site_script(script_run: ScriptRun | None) -> None:
    """Run the site-customize script, unless the quick launch has run it; raise an error of ours if it failed."""
    if script_run is None:
        code = site_script(Settings.from_environ(os.environ), os.environ)
        script_run = run_site_script(code.co_filename, code) if code is not None else None
    if script_run is not None:
        check_run(script_run[0], script_run[2])
