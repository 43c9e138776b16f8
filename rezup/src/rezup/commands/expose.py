"""`rezup expose`: put tools of a container on PATH."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from rezup.cli import PROGRAM
from rezup.output.render import Lines, Result
from rezup_api import absolute

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.results import Exposed
    from rezup_api.session import Launcher


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Write a launcher for each tool, and say what is missing on PATH."""
    done = studio.expose(
        arguments.target,
        arguments.tools,
        command=own_command(),
        name=arguments.launcher,
        folder=named_folder(arguments, studio),
        packages=arguments.request,
    )
    lines = [f"Exposed {stands_for(one)}: {done.folder / one.name}" for one in done.launchers]
    if not done.on_path:
        lines += [f"{done.folder} is not on PATH; to put it there:", f"  {path_line(done.folder, os.environ)}"]
    return Result(exposed_data(done), Lines(tuple(lines)), acted=True)


def own_command() -> tuple[str, ...]:
    """What starts this rezup: the command by the path at which it was called, which may be a link, or else its Python."""
    called = os.path.abspath(sys.argv[0])
    if os.path.basename(called) == PROGRAM and os.access(called, os.X_OK):
        return (called,)
    return (sys.executable, "-m", PROGRAM)


def named_folder(arguments: argparse.Namespace, studio: Studio) -> Path | None:
    """The folder that the user has named; None for the default one."""
    return absolute(arguments.to, studio.environ) if arguments.to else None


def stands_for(launcher: Launcher) -> str:
    """What a launcher runs, in a few words."""
    inside = f", in rez-env {' '.join(launcher.packages)}" if launcher.packages else ""
    return f"{launcher.tool} of {launcher.target}{inside}"


def exposed_data(done: Exposed) -> dict[str, Any]:
    """Launchers as programs get them."""
    return {
        "folder": str(done.folder),
        "on_path": done.on_path,
        "launchers": [
            {
                "launcher": one.name,
                "path": str(done.folder / one.name),
                "target": one.target,
                "tool": one.tool,
                "packages": list(one.packages),
                "command": list(one.command),
                "broken": one.broken,
            }
            for one in done.launchers
        ],
    }


def path_line(folder: Path, environ: Mapping[str, str]) -> str:
    """What a user types to put a folder at the front of PATH, in the shell that `SHELL` names."""
    shell = os.path.basename(environ.get("SHELL", ""))
    quoted = shlex.quote(str(folder))
    if shell == "fish":
        return f"fish_add_path {quoted}"
    if shell in ("csh", "tcsh"):
        return f"setenv PATH {quoted}:$PATH:q"
    return f'export PATH={quoted}:"$PATH"'
