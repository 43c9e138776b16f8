"""The parser of a command line, its help, and the arguments that several commands have."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from rezup_api import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    Commands = argparse._SubParsersAction["Parser"]

PROGRAM = "rezup"
DEFAULT = "default: .main"
TARGET = "the revision; default: what `use NAME` gives"
YES = "do not ask before the remote root is changed"
LOCAL = "choose among the revisions of this machine, without asking the remote root"


def _help_width() -> int:
    """How many characters a line of a help may have. What argparse does for it would load `shutil`."""
    try:
        width = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(1).columns
    except (ValueError, OSError):
        width = 0
    return (width or 80) - 2


class _Formatter(argparse.HelpFormatter):
    """The formatter of help texts, which argparse also makes for each argument. It breaks no option at its dashes."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_help_width())

    def _split_lines(self, text: str, width: int) -> list[str]:
        from textwrap import wrap

        return wrap(" ".join(text.split()), width, break_on_hyphens=False, break_long_words=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))


class ChoiceError(UsageError):
    """A word is none of those that an argument takes.

    Args:
        command: the command with its program, `rezup env`.
        argument: the argument.
        word: what was typed.
    """

    def __init__(self, command: str, argument: argparse.Action, word: str) -> None:
        self.command = command
        self.choices = tuple(argument.choices or ())
        self.metavar = str(argument.metavar)
        self.word = word
        known = f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
        super().__init__(
            f"`{command}` knows no {self.metavar} {word!r}", f"it is one of {known}; see: {command} --help"
        )


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of ending the process, so that all errors look alike.

    Args:
        examples: command lines that the help shows at its end.
        options: those of argparse.
    """

    def __init__(self, *, examples: Sequence[str] = (), **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, **options)
        self.color = (
            False  # Python 3.14 would colour the help, but not its examples, and what `--no-color` says comes too late
        )
        self.examples = tuple(examples)
        self.headings: dict[str, tuple[str, ...]] = {}  # of the list of commands, each with those below it

    def error(self, message: str) -> NoReturn:
        """Raise UsageError for a wrong command line."""
        lacking = message.partition("arguments are required: ")[2]
        argument, _, what = message.removeprefix("argument ").partition(": ")
        fitting = [one for one in self.examples if lacking or any(option in one for option in argument.split("/"))]
        if lacking:
            message = f"`{self.prog}` needs {lacking}"
        elif what == "expected one argument":
            message = f"`{self.prog}` needs a value behind {argument}"
        shown = f"for example: {fitting[0]}; " if fitting else ""
        raise UsageError(message, f"{shown}see: {self.prog} --help")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Raise ChoiceError for a word that an argument does not take; argparse calls this."""
        if action.choices is not None and value not in action.choices:
            raise ChoiceError(self.prog, action, value)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the process after the help or the version was printed."""
        # If the reader of a pipe has gone, this raises here, where the ordinary path handles it, and not when Python ends.
        sys.stdout.flush()
        super().exit(status, message)

    def format_help(self) -> str:
        """The help: the usage, what the command does, its commands under headings, its arguments, and examples."""
        from rezup.cli.wrapping import wrapped_example, wrapped_usage  # only a help needs them

        width = _help_width()
        formatter = self._get_formatter()
        formatter.add_usage(wrapped_usage(self.usage or self._usage_line(), width), self._actions, ())
        formatter.add_text(self.description)
        for heading, names in self.headings.items():
            formatter.start_section(heading)
            formatter.add_arguments([one for one in self._listed() if one.dest in names])
            formatter.end_section()
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_text(group.description)
            formatter.add_arguments([one for one in group._group_actions if not (self.headings and _is_commands(one))])
            formatter.end_section()
        formatter.add_text(self.epilog)
        shown = "".join(f"{line}\n" for example in self.examples for line in wrapped_example(example, width))
        heading = "example" if len(self.examples) == 1 else "examples"
        return formatter.format_help() + (f"\n{heading}:\n{shown}" if shown else "")

    def _usage_line(self) -> str:
        """The usage on one line: argparse would indent a second one by the length of the command's name."""
        formatter = argparse.HelpFormatter(self.prog, width=10_000)
        formatter.add_usage(None, self._actions, self._mutually_exclusive_groups, prefix="")
        return formatter.format_help().strip()

    def _listed(self) -> list[argparse.Action]:
        """What stands for each command in the help."""
        return [one for action in self._actions if _is_commands(action) for one in action._get_subactions()]


def _is_commands(action: argparse.Action) -> TypeGuard[Commands]:
    """Whether an argument is the command; its values then are all commands."""
    return isinstance(action, argparse._SubParsersAction)


def add_command(commands: Commands, name: str, text: str, *examples: str, json: bool = True) -> Parser:
    """Declare a command with the options that all have.

    Args:
        commands: where to add it.
        name: what the user types.
        text: what it does, in the imperative; the line in the list of commands.
        examples: command lines for the end of its help.
        json: whether it can answer with a document; not for one that only has commands below it.
    """
    parser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False, examples=examples
    )
    add_common(parser)
    if json:
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    return parser


def add_common(parser: argparse.ArgumentParser, default: object = argparse.SUPPRESS) -> None:
    """Add the options that may stand before the command and behind it."""
    parser.add_argument("-D", "--debug", action="store_true", default=default, help="show the commands that are run")
    parser.add_argument("-q", "--quiet", action="store_true", default=default, help="show warnings and errors only")
    parser.add_argument("--no-color", action="store_true", default=default, help="show everything without colours")


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the options for the root on which a command acts. If the container is published, the user must give one of them."""
    places = parser.add_mutually_exclusive_group()
    places.add_argument("-l", "--local", action="store_true", help="on this machine only")
    places.add_argument("-r", "--remote", action="store_true", help="for the whole studio, on the remote root")


def add_which(parser: argparse.ArgumentParser, name: str, metavar: str, default: str | None, text: str) -> None:
    """Add the argument for a container, and the option `--all` that takes its place.

    Args:
        name, metavar, default, text: those of the argument.
    """
    which = parser.add_mutually_exclusive_group()
    which.add_argument(name, nargs="?", default=default, metavar=metavar, help=text)
    which.add_argument("--all", action="store_true", help="all containers; one that fails does not end the rest")


def add_yes(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option with which a command does not ask on a terminal."""
    parser.add_argument("-y", "--yes", action="store_true", help=text)


def add_message(parser: argparse.ArgumentParser) -> None:
    """Add the option for the reason of an act."""
    parser.add_argument("-m", "--message", default="", help="the reason, for the history")


def add_dry_run(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option with which a command only says what it would do."""
    parser.add_argument("-n", "--dry-run", action="store_true", help=text)
