"""Declare the commands for launchers: files on PATH that run tools of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.cli.parser import add_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.cli.parser import Commands, Parser


def _expose(commands: Commands) -> None:
    parser = add_command(
        commands,
        "expose",
        "put tools of a container on PATH",
        "rezup expose prod rez-env rez",
        "rezup expose prod maya --request 'maya-2024 show' --as maya-show",
    )
    parser.add_argument(
        "target", metavar="NAME[@REV]", help="what the tools run in, looked up each time they are called"
    )
    parser.add_argument("tools", nargs="+", metavar="TOOL", help="a program of the container, or of the packages")
    parser.add_argument("--as", dest="launcher", default="", metavar="LAUNCHER", help="what to call it; default: TOOL")
    text = "run it in the environment of these Rez packages, with blanks between"
    parser.add_argument("--request", default="", metavar="PACKAGES", help=text)
    _add_folder(parser, "write it to this folder")


def _unexpose(commands: Commands) -> None:
    text = "remove what `expose` has put on PATH"
    parser = add_command(commands, "unexpose", text, "rezup unexpose rez-env rez")
    parser.add_argument("launchers", nargs="+", metavar="LAUNCHER", help="its name, as `rezup exposed` lists it")
    _add_folder(parser, "remove it from this folder")


def _exposed(commands: Commands) -> None:
    parser = add_command(commands, "exposed", "list what `expose` has put on PATH", "rezup exposed")
    _add_folder(parser, "list those in this folder")


def _add_folder(parser: Parser, text: str) -> None:
    parser.add_argument("--to", default="", metavar="DIR", help=f"{text}; default: ~/.local/bin")


DECLARED: dict[str, Callable[[Commands], None]] = {"expose": _expose, "unexpose": _unexpose, "exposed": _exposed}
