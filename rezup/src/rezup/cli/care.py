"""Declare the commands that look after what is there."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rezup.cli.parser import DEFAULT, YES, add_command, add_dry_run, add_message, add_place, add_which, add_yes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.cli.parser import Commands


def _doctor(commands: Commands) -> None:
    text = "find out what is wrong with this machine, and the way out"
    parser = add_command(commands, "doctor", text, "rezup doctor", "rezup doctor dev --report")
    parser.add_argument("name", nargs="?", metavar="NAME", help="a container to look at, too; default: none")
    parser.add_argument(
        "--report", action="store_true", help="print a text to paste into a bug report, without secrets"
    )


def _sessions(commands: Commands) -> None:
    parser = add_command(commands, "sessions", "show what is running in containers", "rezup sessions dev")
    parser.add_argument("name", nargs="?", metavar="NAME", help="default: all containers")


def _gc(commands: Commands) -> None:
    text = "remove revisions that nobody needs, and leftovers"
    parser = add_command(commands, "gc", text, "rezup gc --keep 5 --older-than 30d")
    add_which(parser, "name", "NAME", None, "default: all containers")
    parser.add_argument("--keep", type=_count, metavar="N", help="keep the newest N revisions")
    parser.add_argument("--older-than", metavar="AGE", help='remove only what is older: "12h", "30d"')
    add_dry_run(parser, "only show what would be removed")
    add_place(parser)
    add_yes(parser, YES)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _verify(commands: Commands) -> None:
    text = "check every installed file against its recorded digest"
    parser = add_command(commands, "verify", text, "rezup verify dev --repair", "rezup verify --all")
    add_which(parser, "target", "NAME[@REV]", ".main", DEFAULT)
    parser.add_argument(
        "--repair", action="store_true", help="replace what is damaged, and remove what does not belong"
    )


def _drop(commands: Commands) -> None:
    parser = add_command(commands, "drop", "remove a container", "rezup drop dev")
    parser.add_argument("name", metavar="NAME", help="the container")
    add_yes(parser, "do not ask before removing it")
    parser.add_argument("--force", action="store_true", help="remove it even while it is in use")
    add_dry_run(parser, "only say what would be removed")
    add_message(parser)
    add_place(parser)


DECLARED: dict[str, Callable[[Commands], None]] = {
    "doctor": _doctor,
    "sessions": _sessions,
    "gc": _gc,
    "verify": _verify,
    "drop": _drop,
}
