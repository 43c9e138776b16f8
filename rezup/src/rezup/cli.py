"""Declare the command line: all commands and options. The package `commands` carries them out; it is imported when one runs."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from rezup_api import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "rezup"
# The formats that `rezup env` can write, and the shells that `rezup completion` supports.
ENVIRON_FORMATS = ("sh", "fish", "csh", "powershell", "dotenv", "json")
SHELLS = ("bash", "zsh", "fish", "powershell")
LOCAL = "choose among the revisions of this machine, without asking the remote root"
STRICT = (
    "fail if the remote root cannot be asked or its revision cannot be built, instead of entering the last good one"
)
EPILOG = "Without a command: rezup use .main. See the documentation for recipes, files and variables."


def _help_formatter(prog: str) -> argparse.HelpFormatter:
    """The formatter of help texts, which argparse also makes for each argument. Its own one would load `shutil` for the width."""
    try:
        width = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(1).columns
    except (ValueError, OSError):
        width = 0
    return argparse.HelpFormatter(prog, width=(width or 80) - 2)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of ending the process, so that all errors look alike."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_help_formatter, **options)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError for a wrong command line."""
        raise UsageError(message, f"see: {self.prog} --help")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the process after the help or the version was printed."""
        # If the reader of a pipe has gone, this raises here, where the ordinary path handles it, and not when Python ends.
        sys.stdout.flush()
        super().exit(status, message)


class _Format(argparse.Action):
    """`--format json` means the same as `--json`; if both are given, the last one counts."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Store the format."""
        namespace.format = values
        namespace.json = values == "json"


def build_parser(only: str = "") -> Parser:
    """Make the parser of the command line. It never sees the words after `--`; see `split_command`.

    Args:
        only: the name of the only command that the parser needs, if the caller knows it; empty for all commands. The parsers of
            all commands take as long to make as `argparse` takes to load.
    """
    parser = Parser(prog=PROGRAM, description="Gives a studio its Rez.", epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("-V", "--version", action="store_true", help="show which release runs, from where, and end")
    parser.add_argument("--check-latest", action="store_true", help="show whether there is a newer release, and end")
    parser.add_argument("--no-upgrade", action="store_true", help="do not look for a newer release now")
    _add_common(parser, default=False)
    # Without `prog`, argparse would format a usage line to find it, which costs time.
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser, prog=PROGRAM)
    adding = {
        "use": _add_use,
        "add": _add_add,
        "pull": _add_pull,
        "drop": _add_drop,
        "status": _add_status,
        "env": _add_env,
        "pin": _add_choice,
        "tag": _add_labels,
        "history": _add_looking,
        "gc": _add_gc,
        "verify": _add_verify,
        "bundle": _add_bundle,
        "recipe": _add_recipe,
        "upgrade": _add_upgrade,
        "completion": _add_completion,
    }
    for add in [adding[only]] if only in adding else adding.values():
        add(commands)
    return parser


# Other words for commands, as they are typed.
OTHER_WORDS = {"list": "status", "ls": "status", "rm": "drop"}


def other_words(own: list[str]) -> list[str]:
    """The words for rezup with `list`, `ls` and `rm` replaced by our words, and `help` and `version` by the options."""
    at = next((number for number, word in enumerate(own) if not word.startswith("-")), None)
    if at is None:
        return own
    before, word, rest = own[:at], own[at], own[at + 1 :]
    if word == "version":
        return [*before, "--version", *rest]
    if word == "help":
        return [*before, *other_words(rest), "--help"]
    return [*before, OTHER_WORDS.get(word, word), *rest]


def options_of(parser: argparse.ArgumentParser, own: list[str]) -> list[str]:
    """The options of the command that is typed, the global ones included."""
    found = [text for action in parser._actions for text in action.option_strings]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            chosen = next((word for word in own if word in action.choices), None)
            if chosen is not None:
                found += options_of(action.choices[chosen], own[own.index(chosen) + 1 :])
    return found


def split_command(words: list[str]) -> tuple[list[str], list[str] | None]:
    """Separate the words for rezup from the command after the first `--`.

    Returns:
        The words for rezup; and the words of the command, unchanged, or None if there is no `--`.
    """
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _add_common(parser: argparse.ArgumentParser, default: object = argparse.SUPPRESS) -> None:
    parser.add_argument("-D", "--debug", action="store_true", default=default, help="show the commands that are run")
    parser.add_argument("-q", "--quiet", action="store_true", default=default, help="show warnings and errors only")


def _command(
    commands: argparse._SubParsersAction[Parser], name: str, text: str, *, json: bool = False
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
    _add_common(parser)
    if json:
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    return parser


def _add_use(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "use", "enter a container, or run a command or script in it")
    parser.usage = "rezup use [NAME[@REV]] [-l] [-n] [--strict] [-d SCRIPT] [-- COMMAND ...]"
    parser.add_argument("target", nargs="?", default=".main", metavar="NAME[@REV]", help="default: .main")
    parser.add_argument("-l", "--local", action="store_true", help=LOCAL)
    parser.add_argument("-n", "--no-wait", action="store_true", help="start the command and return at once")
    parser.add_argument("--strict", action="store_true", help=STRICT)
    parser.add_argument("-d", "--do", metavar="SCRIPT", help="run a script file in the session's shell")


def _add_add(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "add", "make a new revision and enter it")
    parser.add_argument("name", nargs="?", default=".main", metavar="NAME", help="default: .main")
    parser.add_argument("-f", "--file", metavar="RECIPE", help="the recipe to use instead of the one found by name")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="NAME@REV|FILE",
        help="install exactly what another revision has locked: NAME@REV, the folder of a revision, or a bundle",
    )
    parser.add_argument(
        "--upgrade",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="resolve only this package again, and keep all others; may be given more than once",
    )
    parser.add_argument("-r", "--remote", action="store_true", help="publish it to the remote root")
    parser.add_argument("-s", "--skip-use", action="store_true", help="do not enter it")
    parser.add_argument("--new", action="store_true", help="make a new container, though one has a similar name")
    parser.add_argument("-m", "--message", default="", help="the reason, for the history")


def _add_pull(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "pull", "build what `use` would need, without entering")
    parser.add_argument("target", nargs="?", default=".main", metavar="NAME[@REV]", help="default: .main")


def _add_drop(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "drop", "remove a container")
    parser.add_argument("name", metavar="NAME", help="the container")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask before removing it")
    parser.add_argument("--force", action="store_true", help="remove it even while it is in use")
    _add_place(parser)


def _add_status(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "status", "show the containers, or the revisions of one", json=True)
    parser.add_argument("name", nargs="?", metavar="NAME", help="default: all containers")


def _add_env(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "env", "print the variables that a session sets and removes", json=True)
    parser.add_argument("target", nargs="?", default=".main", metavar="NAME[@REV]", help="default: .main")
    parser.add_argument("-l", "--local", action="store_true", help=LOCAL)
    text = f"one of {', '.join(ENVIRON_FORMATS[:-1])} or {ENVIRON_FORMATS[-1]}; default: {ENVIRON_FORMATS[0]}"
    parser.add_argument(
        "--format", action=_Format, choices=ENVIRON_FORMATS, default=ENVIRON_FORMATS[0], metavar="FORMAT", help=text
    )


def _add_place(parser: argparse.ArgumentParser) -> None:
    """Add the options for the root on which a command acts. If the container is published, the user must give one of them."""
    places = parser.add_mutually_exclusive_group()
    places.add_argument("-l", "--local", action="store_true", help="on this machine only")
    places.add_argument("-r", "--remote", action="store_true", help="for the whole studio, on the remote root")


def _add_act(
    commands: argparse._SubParsersAction[Parser], name: str, text: str, *, target: bool
) -> argparse.ArgumentParser:
    """Add a command that changes what `use` gives, or a label.

    Args:
        target: whether its first argument names a revision, and not only a container.
    """
    parser = _command(commands, name, text)
    if target:
        parser.add_argument("target", metavar="NAME[@REV]", help="the revision; default: what `use NAME` gives now")
    else:
        parser.add_argument("name", metavar="NAME", help="the container")
    _add_place(parser)
    parser.add_argument("-m", "--message", default="", help="the reason, for the history")
    return parser


def _add_choice(commands: argparse._SubParsersAction[Parser]) -> None:
    _add_act(commands, "pin", "let `use NAME` give one revision until `unpin`", target=True)
    _add_act(commands, "unpin", "let `use NAME` give the newest revision again", target=False)
    parser = _add_act(commands, "rollback", "go back to the revision before, until the next `add`", target=False)
    parser.add_argument("--to", metavar="REV", default="", help="go to this revision instead")


def _add_labels(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add_act(commands, "tag", "give a revision a label, or move one to it", target=True)
    parser.add_argument("label", metavar="LABEL", help="a letter first, then letters, digits, '_' and '-'")
    parser = _add_act(commands, "untag", "remove a label", target=False)
    parser.add_argument("label", metavar="LABEL", help="the label")


def _add_looking(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "history", "show who did what to a container, when, where and why", json=True)
    parser.add_argument("name", nargs="?", default=".main", metavar="NAME", help="default: .main")
    parser = _command(commands, "diff", "show what differs between two revisions", json=True)
    parser.add_argument("old", metavar="NAME[@A]", help="a revision; default: what `use NAME` gives")
    parser.add_argument(
        "new", metavar="NAME[@B]", help="the revision to compare it with; default: what `use NAME` gives"
    )
    parser = _command(commands, "sessions", "show what is running in containers", json=True)
    parser.add_argument("name", nargs="?", metavar="NAME", help="default: all containers")


def _add_gc(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "gc", "remove revisions that are not needed, and what was left behind", json=True)
    parser.add_argument("name", nargs="?", metavar="NAME", help="default: all containers")
    parser.add_argument("--keep", type=_count, metavar="N", help="keep the newest N revisions")
    parser.add_argument("--older-than", metavar="AGE", help='remove only what is older: "12h", "30d"')
    parser.add_argument("-n", "--dry-run", action="store_true", help="only show what would be removed")
    _add_place(parser)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _add_verify(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "verify", "check every installed file against its recorded digest", json=True)
    parser.add_argument("target", nargs="?", default=".main", metavar="NAME[@REV]", help="default: .main")
    parser.add_argument(
        "--repair", action="store_true", help="replace what is damaged, and remove what does not belong"
    )


def _add_bundle(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "bundle", "write a revision into one file, which installs without a network", json=True)
    parser.usage = (
        "rezup bundle NAME@REV -o FILE [--platform PLATFORM ...] [--json]\n       rezup bundle --verify FILE [--json]"
    )
    parser.add_argument("target", nargs="?", metavar="NAME[@REV]", help="the revision; default: what `use NAME` gives")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it")
    parser.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="PLATFORM",
        help="a platform that it is for: linux, macos, windows, or one such as linux-aarch64; may be given more than once; "
        "default: this platform",
    )
    parser.add_argument("--verify", metavar="FILE", help="check a whole bundle, instead of making one")


def _add_recipe(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "recipe", "show, check or start a recipe")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    for name, text in (
        ("show", "show the effective recipe, and where each value comes from"),
        ("check", "report everything that is wrong with a recipe"),
        ("init", "write a commented recipe to start from"),
    ):
        action = _command(actions, name, text, json=True)
        action.add_argument("name", nargs="?", default=".main", metavar="NAME", help="default: .main")
        action.add_argument("-f", "--file", metavar="RECIPE", help="this file instead of the one found by name")
        if name == "init":
            action.add_argument(
                "--example",
                nargs="?",
                const="",
                metavar="EXAMPLE",
                help="write an example for a real case; without a name, list the examples",
            )


def _add_upgrade(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "upgrade", "take a newer release of rezup itself", json=True)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--check", action="store_true", help="only show whether there is a newer release")
    which.add_argument("--rollback", action="store_true", help="go back to the release that ran before")


def _add_completion(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _command(commands, "completion", "print the script that completes rezup's command line in a shell")
    parser.add_argument(
        "shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS[:-1])} or {SHELLS[-1]}"
    )
