"""Find the function of each command. It calls the library and returns a result or an exit status; its module loads on use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rezup.cli import NAMES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from rezup.output.progress import Progress
    from rezup.output.render import Result
    from rezup_api import Studio

    Command = Callable[[argparse.Namespace, Studio, Progress], Result | int]


def _lazy(name: str) -> Command:
    """A function that imports the module of a command when it is called, so that a command loads no other command's code."""

    def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result | int:
        command: Command = import_module(f"rezup.commands.{name}").run
        return command(arguments, studio, progress)

    return run


COMMANDS: dict[str, Command] = {name: _lazy(name) for name in NAMES}
