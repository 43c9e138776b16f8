"""Declare the commands for every day."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rezup.cli import ENVIRON_FORMATS
from rezup.cli.parser import DEFAULT, LOCAL, YES, add_command, add_dry_run, add_message, add_which, add_yes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rezup.cli.parser import Commands

STRICT = (
    "fail if the remote root cannot be asked or its revision cannot be built, instead of entering the last good one"
)


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


def _use(commands: Commands) -> None:
    parser = add_command(
        commands,
        "use",
        "enter a container, or run a command or script in it",
        "rezup use dev",
        "rezup use dev@~1 -- rez-env maya -- maya",
    )
    parser.usage = "rezup use [NAME[@REV]] [-l] [-n] [--strict] [-d SCRIPT] [--json] [-- COMMAND ...]"
    parser.add_argument("target", nargs="?", default=".main", metavar="NAME[@REV]", help=DEFAULT)
    parser.add_argument("-l", "--local", action="store_true", help=LOCAL)
    parser.add_argument("-n", "--no-wait", action="store_true", help="start the command and return at once")
    parser.add_argument("--strict", action="store_true", help=STRICT)
    parser.add_argument("-d", "--do", metavar="SCRIPT", help="run a script file in the session's shell")


def _add(commands: Commands) -> None:
    parser = add_command(
        commands, "add", "make a new revision and enter it", "rezup add dev", "rezup add prod --remote -m 'rez 3.4'"
    )
    parser.add_argument("name", nargs="?", default=".main", metavar="NAME", help=DEFAULT)
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
    add_dry_run(parser, "only say what it would hold, and what differs from what `use NAME` gives")
    add_yes(parser, YES)
    add_message(parser)


def _pull(commands: Commands) -> None:
    parser = add_command(
        commands, "pull", "build what `use` would need, without entering", "rezup pull prod", "rezup pull --all"
    )
    add_which(parser, "target", "NAME[@REV]", ".main", DEFAULT)
    add_dry_run(parser, "only say what would be built")


def _status(commands: Commands) -> None:
    parser = add_command(
        commands,
        "status",
        "show the containers, or the revisions of one",
        "rezup status dev",
        "rezup status prod --remote",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="default: all containers")
    parser.add_argument(
        "-r", "--remote", action="store_true", help="show what is published, and what of it is built here"
    )


def _env(commands: Commands) -> None:
    parser = add_command(
        commands, "env", "print the variables that a session sets and removes", 'eval "$(rezup env dev)"'
    )
    parser.add_argument("target", nargs="?", default=".main", metavar="NAME[@REV]", help=DEFAULT)
    parser.add_argument("-l", "--local", action="store_true", help=LOCAL)
    text = f"one of {', '.join(ENVIRON_FORMATS[:-1])} or {ENVIRON_FORMATS[-1]}; default: {ENVIRON_FORMATS[0]}"
    parser.add_argument(
        "--format", action=_Format, choices=ENVIRON_FORMATS, default=ENVIRON_FORMATS[0], metavar="FORMAT", help=text
    )


DECLARED: dict[str, Callable[[Commands], None]] = {
    "use": _use,
    "add": _add,
    "pull": _pull,
    "status": _status,
    "env": _env,
}
