"""Read the start-up files of the user's shell, and find what takes the session away or fights the mark in the prompt."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass
from rezup_api.netfs import reader
from rezup_api.session.detection import BOURNE, CSH, KNOWN, POWERSHELL
from rezup_api.settings import home_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.session.detection import Shell

PROMPTS = "see: docs/how-to/prompts.md"
_OTHERS = "|".join(sorted({*KNOWN, "tmux", "screen"} - {"cmd", "powershell"}))
# `exec fish` at the beginning of a command: rezup's shell is then another program, which has read other files.
_BECOMES = re.compile(rf"(?:^|[;&|]|\bthen\b|\bdo\b)\s*exec\s+(?:-\S+\s+)*(?:\S*/)?({_OTHERS})\b")
_EXPORTS_PROMPT = re.compile(
    r"(?:^|[;&])\s*(?:export|declare\s+-x|typeset\s+-x|set\s+-gx|setenv)\s+(PS1|PROMPT|prompt)\b"
)
_SETS_PROMPT = re.compile(r"PROMPT_COMMAND=|precmd|\bstarship\s+init\b|\boh-my-posh\b")
_SETS_ZDOTDIR = re.compile(r"(?:^|[;&]|\bthen\b)\s*(?:export\s+)?ZDOTDIR=")
_TESTS_ZDOTDIR = re.compile(r"-[nz]\s+\"?\$\{?ZDOTDIR|\$\{ZDOTDIR:?[-=]")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line of a start-up file that is in the way, and what to do about it."""

    path: Path
    line: int
    text: str
    way_out: str


def startup_files(shell: Shell, environ: Mapping[str, str]) -> list[Path]:
    """The files that a shell of the user reads at its start, whether they exist or not."""
    home = home_folder(environ)
    if shell.name == "bash":
        login = [Path("/etc/profile"), *(home / name for name in (".bash_profile", ".bash_login", ".profile"))]
        return [*(login if shell.login else ()), home / ".bashrc"]
    if shell.name == "zsh":
        own = Path(environ.get("ZDOTDIR") or home)
        names = (".zshenv", *((".zprofile",) if shell.login else ()), ".zshrc")
        return [Path("/etc/zsh/zshenv"), Path("/etc/zshenv"), *(own / name for name in names)]
    if shell.name == "fish":
        above = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "fish"
        return [above / "config.fish", *sorted(above.glob("conf.d/*.fish"))]
    if shell.name in CSH:
        return [home / ".tcshrc", home / ".cshrc", *((home / ".login",) if shell.login else ())]
    if shell.name in BOURNE:
        own_file = environ.get("ENV", "")
        return [*((home / ".profile",) if shell.login else ()), *([Path(own_file)] if os.path.isabs(own_file) else [])]
    if shell.name in POWERSHELL:
        above = home / ("Documents/PowerShell" if os.name == "nt" else ".config/powershell")
        return [above / "profile.ps1", above / "Microsoft.PowerShell_profile.ps1"]
    return []


def read_startup_files(shell: Shell, environ: Mapping[str, str]) -> dict[Path, str]:
    """The texts of the start-up files that exist and can be read."""
    found = {}
    for path in startup_files(shell, environ):
        try:
            found[path] = reader.read_bytes(path).decode("utf-8", "replace")
        except OSError:
            continue
    return found


def troubles(shell: Shell, files: Mapping[Path, str]) -> list[Trouble]:
    """What is in the way in the texts of the start-up files of a shell."""
    found = []
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            code = line.split(" #")[0]
            if not code.lstrip().startswith("#"):
                told = _trouble(shell, path, code, text)
                found += [Trouble(path, number, *told)] if told else []
    return found


def _trouble(shell: Shell, path: Path, code: str, text: str) -> tuple[str, str] | None:
    """What one line of a text does, and the way out; None if it is in nobody's way."""
    if match := _BECOMES.search(code):
        return (
            f"{shell.name} becomes {match[1]}, so that a session is in {match[1]}, and without the mark",
            f'put before it: [ -n "$REZUP_CONTAINER" ] ||, or set REZUP_DEFAULT_SHELL={match[1]}',
        )
    if match := _EXPORTS_PROMPT.search(code):
        return (
            f"{match[1]} is exported, so that shells which you start in a session show the mark, too",
            f"set {match[1]} without exporting it",
        )
    if shell.name in BOURNE and _SETS_PROMPT.search(code):
        return (f"the prompt is set anew later, and {shell.name} then shows no mark", PROMPTS)
    if path.name == "zshenv" and _SETS_ZDOTDIR.search(code) and not _TESTS_ZDOTDIR.search(text):
        return (
            "ZDOTDIR is set even where it is set already, so that zsh shows no mark",
            "put before it: [[ -n $ZDOTDIR ]] ||",
        )
    return None
