"""Declare the commands for those who look after the studio: bundles, recipes, and rezup itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.cli import SHELLS
from rezup.cli.parser import DEFAULT, TARGET, Parser, add_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.cli.parser import Commands


def _bundle(commands: Commands) -> None:
    text = "write a revision into one file that needs no network"
    parser = add_command(commands, "bundle", text, "rezup bundle prod -o prod.zip", "rezup bundle --verify prod.zip")
    parser.usage = (
        "rezup bundle NAME@REV -o FILE [--platform PLATFORM ...] [--json]\n       rezup bundle --verify FILE [--json]"
    )
    parser.add_argument("target", nargs="?", metavar="NAME[@REV]", help=TARGET)
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


# Each action of `rezup recipe`: what it does, and an example.
ACTIONS = {
    "show": ("show the effective recipe, and where each value comes from", "rezup recipe show dev"),
    "check": ("report everything that is wrong with a recipe", "rezup recipe check dev"),
    "init": ("write a commented recipe to start from", "rezup recipe init dev --example vfx-2026"),
}


def _recipe(commands: Commands) -> None:
    examples = (line for _, line in ACTIONS.values())
    parser = add_command(commands, "recipe", "show, check or start a recipe", *examples, json=False)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    for name, (text, example) in ACTIONS.items():
        action = add_command(actions, name, text, example)
        shown = name == "show"
        kept = "a container; or a revision or bundle, for the recipe that it keeps; default: .main"
        metavar = "NAME[@REV]|FILE" if shown else "NAME"
        action.add_argument("name", nargs="?", default=".main", metavar=metavar, help=kept if shown else DEFAULT)
        action.add_argument("-f", "--file", metavar="RECIPE", help="this file instead of the one found by name")
        if name == "init":
            action.add_argument(
                "--example",
                nargs="?",
                const="",
                metavar="EXAMPLE",
                help="write an example for a real case; without a name, list the examples",
            )


def _python(commands: Commands) -> None:
    examples = ("rezup python list", "rezup python install 3.12")
    parser = add_command(commands, "python", "show or install interpreters", *examples, json=False)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    add_command(actions, "list", "show the interpreters that there are, and which revisions use them", examples[0])
    text = "install one for revisions to come, beside those of the machine"
    action = add_command(actions, "install", text, examples[1])
    action.add_argument("wanted", metavar="VERSION", help="such as 3.12 or 3.12.1")
    action.add_argument("--mirror", metavar="PLACE", help="where from; default: [python] mirror of the recipe of .main")


def _upgrade(commands: Commands) -> None:
    parser = add_command(commands, "upgrade", "take a newer release of rezup itself", "rezup upgrade --check")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--check", action="store_true", help="only show whether there is a newer release")
    which.add_argument("--rollback", action="store_true", help="go back to the release that ran before")


def _completion(commands: Commands) -> None:
    text = "print the script that completes rezup in a shell"
    parser = add_command(commands, "completion", text, 'eval "$(rezup completion bash)"')
    shells = f"one of {', '.join(SHELLS[:-1])} or {SHELLS[-1]}"
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=shells)


DECLARED: dict[str, Callable[[Commands], None]] = {
    "bundle": _bundle,
    "recipe": _recipe,
    "python": _python,
    "upgrade": _upgrade,
    "completion": _completion,
}
