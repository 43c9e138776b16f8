"""Declare the commands that say which revision `use` gives, and what happened to a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.cli import PACKAGE_FORMATS
from rezup.cli.parser import DEFAULT, TARGET, YES, add_command, add_dry_run, add_message, add_place, add_which, add_yes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.cli.parser import Commands, Parser


# The acts that ask on a terminal before they change the remote root; a label changes nothing for who does not name it.
ASKING = frozenset({"pin", "unpin", "rollback"})


def _act(commands: Commands, name: str, text: str, example: str, *, target: bool) -> Parser:
    """Add a command that changes what `use` gives, or a label.

    Args:
        target: whether its first argument names a revision, and not only a container.
    """
    parser = add_command(commands, name, text, example)
    if target:
        parser.add_argument("target", metavar="NAME[@REV]", help=TARGET)
    else:
        parser.add_argument("name", metavar="NAME", help="the container")
    add_place(parser)
    add_message(parser)
    add_dry_run(parser, "only say what would change")
    if name in ASKING:
        add_yes(parser, YES)
    return parser


def _pin(commands: Commands) -> None:
    _act(commands, "pin", "let `use NAME` give one revision until `unpin`", "rezup pin dev@~1", target=True)


def _unpin(commands: Commands) -> None:
    _act(commands, "unpin", "let `use NAME` give the newest revision again", "rezup unpin dev", target=False)


def _rollback(commands: Commands) -> None:
    text = "go back to the revision before, until the next `add`"
    parser = _act(commands, "rollback", text, "rezup rollback prod --remote -m 'Nuke does not start'", target=False)
    parser.add_argument("--to", metavar="REV", default="", help="go to this revision instead")


def _tag(commands: Commands) -> None:
    parser = _act(commands, "tag", "give a revision a label, or move one to it", "rezup tag dev staging", target=True)
    parser.add_argument("label", metavar="LABEL", help="a letter first, then letters, digits, '_' and '-'")


def _untag(commands: Commands) -> None:
    parser = _act(commands, "untag", "remove a label", "rezup untag dev staging", target=False)
    parser.add_argument("label", metavar="LABEL", help="the label")


def _history(commands: Commands) -> None:
    text = "show who did what to a container, when, where and why"
    parser = add_command(commands, "history", text, "rezup history prod", "rezup history --all")
    add_which(parser, "name", "NAME", ".main", DEFAULT)


def _diff(commands: Commands) -> None:
    parser = add_command(commands, "diff", "show what differs between two revisions", "rezup diff prod@~1 prod")
    parser.add_argument("old", metavar="NAME[@A]", help="a revision; default: what `use NAME` gives")
    parser.add_argument(
        "new", metavar="NAME[@B]", help="the revision to compare it with; default: what `use NAME` gives"
    )


def _packages(commands: Commands) -> None:
    text = "show what is installed, under which licence, and from where"
    example = "rezup packages dev --environment rez --format requirements"
    parser = add_command(commands, "packages", text, "rezup packages dev", example)
    parser.add_argument("target", nargs="?", default=".main", metavar="NAME[@REV]", help=DEFAULT)
    parser.add_argument("-e", "--environment", metavar="VENV", help="only this environment; default: all")
    text = "table, or requirements for a file that pip reads; default: table"
    parser.add_argument("--format", choices=PACKAGE_FORMATS, default=PACKAGE_FORMATS[0], metavar="FORMAT", help=text)


DECLARED: dict[str, Callable[[Commands], None]] = {
    "pin": _pin,
    "unpin": _unpin,
    "rollback": _rollback,
    "tag": _tag,
    "untag": _untag,
    "history": _history,
    "diff": _diff,
    "packages": _packages,
}
