"""Which shell to open, and how it is told to show where one is, without touching anybody's files.

The start-up files in `startup/` read the user's own first, then put the revision's tools back to the front of PATH and the
container's name into the prompt. They are the same for every session; what differs comes in variables.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.settings import Settings

STARTUP = Path(__file__).parent / "startup"
# They close every descriptor they did not open, and with it the lease.
CLOSING_DESCRIPTORS = frozenset({"csh", "tcsh"})


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell: its name, "bash", and the program."""

    name: str
    program: str


@dataclass(frozen=True, slots=True)
class Opening:
    """How a shell is opened: its command line, and variables for its start-up files."""

    command: tuple[str, ...]
    environ: Mapping[str, str]


def choose_shell(settings: Settings, environ: Mapping[str, str]) -> Shell:
    """The shell to open: REZUP_DEFAULT_SHELL, else the one the user is in, else the login shell.

    Raises:
        LaunchError: there is none, or the one that was named is not there.
    """
    if settings.default_shell:
        program = shutil.which(settings.default_shell, path=environ.get("PATH"))
        if program is None:
            raise LaunchError(f"the shell {settings.default_shell!r} is not there", "change REZUP_DEFAULT_SHELL")
        return _shell(program)
    return _detected(environ)


def _detected(environ: Mapping[str, str]) -> Shell:
    from shellingham import ShellDetectionFailure, detect_shell

    try:
        name, program = detect_shell()
    except (ShellDetectionFailure, OSError):
        program = environ.get("COMSPEC" if os.name == "nt" else "SHELL", "")
        name = ""
    found = shutil.which(program or name, path=environ.get("PATH")) if program or name else None
    if found is None:
        raise LaunchError("cannot tell which shell to open", "name one, as in: REZUP_DEFAULT_SHELL=/bin/bash rezup")
    return _shell(found)


def _shell(program: str) -> Shell:
    name = os.path.basename(program).lower().removesuffix(".exe")
    return Shell(name, program)


def interactive(shell: Shell, session: Mapping[str, str], tools: str, mark: str) -> Opening:
    """How `shell` is opened for a person.

    Args:
        session: the session's environment.
        tools: what must be first on PATH after the user's start-up files.
        mark: what the prompt shows.
    """
    told = {"REZUP_TOOLS": tools}
    if not session.get("REZUP_DISABLE_PROMPT"):
        told["REZUP_MARK"] = session.get("REZUP_PROMPT") or mark
    if shell.name == "bash":
        return Opening((shell.program, "--rcfile", str(STARTUP / "bash.sh"), "-i"), told)
    if shell.name == "zsh":
        folder = {"ZDOTDIR": str(STARTUP / "zsh"), "REZUP_ZDOTDIR": session.get("ZDOTDIR", "")}
        return Opening((shell.program, "-i"), {**told, **folder})
    if shell.name == "fish":
        return Opening((shell.program, "--init-command", f"source '{STARTUP / 'fish.fish'}'", "-i"), told)
    return Opening((shell.program, "-NoLogo") if shell.name in {"pwsh", "powershell"} else (shell.program, "-i"), {})


def script(shell: Shell, path: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The command that runs a script file in `shell`."""
    if shell.name == "cmd":
        return (shell.program, "/Q", "/C", path, *arguments)
    if shell.name in {"pwsh", "powershell"}:
        return (shell.program, "-NoLogo", "-File", path, *arguments)
    return (shell.program, path, *arguments)
