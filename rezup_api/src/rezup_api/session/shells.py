"""How each shell is opened so that it shows where one is, without touching anybody's files.

The start-up files in `startup/` read the user's own first, then put the revision's tools back to the front of PATH and the
container into the prompt. They are the same for every session; what differs comes in variables, which they take away again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.session.detection import BASH_LOGIN, BOURNE, CSH, POWERSHELL, Shell, choose_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["STARTUP", "Opening", "Shell", "choose_shell", "interactive", "script_command"]

STARTUP = Path(__file__).parent / "startup"
_DISABLED, _PROMPT = "REZUP_DISABLE_PROMPT", "REZUP_PROMPT"
# Read by a shell in place of those that the variable names: PowerShell and cmd would read it as code otherwise, and refuse
# to run a script file where the execution policy says so.
_READ_SCRIPT = ". ([scriptblock]::Create([IO.File]::ReadAllText($env:REZUP_STARTUP)))"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a shell is opened.

    Args:
        command: its command line.
        environ: variables for its start-up files, set on top of the session's.
        consulted: the names of all variables of the session that this depends on.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str]
    consulted: tuple[str, ...] = ()


def interactive(shell: Shell, session: Mapping[str, str], tools: str, mark: str) -> Opening:
    """How `shell` is opened for a person. Nothing on the disk is looked at.

    Args:
        session: the session's environment.
        tools: what must be first on PATH after the user's start-up files.
        mark: the container's name as the prompt shows it, with an asterisk where its revision is not the newest.
    """
    how = _HOW.get(_kind(shell, session))
    if how is None:
        return Opening((shell.program,), {}, ("POSIXLY_CORRECT",))
    told = {"REZUP_TOOLS": tools}
    shown = _shown(shell, session, mark)
    if shown:
        told["REZUP_MARK"] = shown
    opening = how(shell, session)
    consulted = {_DISABLED, _PROMPT, "POSIXLY_CORRECT", *opening.consulted}
    return Opening(opening.command, {**told, **opening.environ}, tuple(sorted(consulted)))


def script_command(shell: Shell, path: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The command that runs a script file in `shell`."""
    if shell.name == "cmd":
        return (shell.program, "/Q", "/C", path, *arguments)
    if shell.name in POWERSHELL:
        return (shell.program, "-NoLogo", "-File", path, *arguments)
    return (shell.program, path, *arguments)


def _kind(shell: Shell, session: Mapping[str, str]) -> str:
    if shell.name == "bash" and "POSIXLY_CORRECT" in session:
        return "bourne"  # it reads what sh reads, and no other file
    for kind, names in (("bourne", BOURNE), ("csh", CSH), ("powershell", POWERSHELL)):
        if shell.name in names:
            return kind
    return shell.name


def _shown(shell: Shell, session: Mapping[str, str], mark: str) -> str:
    """What goes before the user's prompt, so written that this shell shows it as it is; empty for nothing."""
    if session.get(_DISABLED):
        return ""
    chosen = session.get(_PROMPT)
    if chosen:
        mark = chosen + ("*" if mark.endswith("*") else "")
    escapes = _ESCAPES.get(_kind(shell, session), {})
    if shell.name in {"ksh", "ksh93", "mksh", "lksh", "oksh", "pdksh"}:
        escapes = {**escapes, "!": "!!"}
    if shell.name in {"ksh", "ksh93"}:
        escapes = {**escapes, "'": "\\'", '"': '\\"'}
    if shell.name == "tcsh":
        escapes = {**escapes, "%": "%%", "\\": "\\\\"}
    text = " ".join(f"({mark})".splitlines()) + " "
    return "".join(escapes.get(character, character) for character in text)


# What a prompt's text means something else by. bash and zsh take a prompt apart twice: zsh's second time, the expansion of
# variables, is an option, so its start-up file sees to that.
_ESCAPES: dict[str, dict[str, str]] = {
    "bash": {"\\": "\\\\\\\\", "$": "\\\\$", "`": "\\\\`"},
    "bourne": {"\\": "\\\\", "$": "\\$", "`": "\\`"},
    "zsh": {"%": "%%"},
    "csh": {"!": "\\!"},
    "xonsh": {"{": "{{", "}": "}}"},
    "cmd": {"$": "$$", "&": "$A", "|": "$B", "(": "$C", ")": "$F", "<": "$L", ">": "$G", "=": "$Q", '"': "'"},
}


def _bash(shell: Shell, _: Mapping[str, str]) -> Opening:
    name = BASH_LOGIN if shell.login else "bash.sh"
    return Opening((shell.program, "--rcfile", str(STARTUP / name), "-i"), {})


def _bourne(shell: Shell, session: Mapping[str, str]) -> Opening:
    """By ENV, whose value all but mksh expand: what is in a variable's value means nothing to them any more."""
    path = str(STARTUP / "posix.sh")
    told = {
        "ENV": path if shell.name in {"mksh", "lksh"} else "${REZUP_STARTUP}",
        "REZUP_STARTUP": path,
        **_login(shell),
    }
    if "ENV" in session:
        told["REZUP_ENV"] = session["ENV"]
    return Opening((shell.program, "-i"), told, ("ENV",))


def _zsh(shell: Shell, session: Mapping[str, str]) -> Opening:
    """By ZDOTDIR; `zsh.sh` sees to systems whose own start-up file sets that."""
    told = {"ZDOTDIR": str(STARTUP / "zsh"), "REZUP_STARTUP": str(STARTUP)}
    if "ZDOTDIR" in session:
        told["REZUP_ZDOTDIR"] = session["ZDOTDIR"]
    return Opening((shell.program, *(("-l",) if shell.login else ()), "-i"), told, ("ZDOTDIR",))


def _fish(shell: Shell, _: Mapping[str, str]) -> Opening:
    told = {"REZUP_STARTUP": str(STARTUP / "fish.fish")}
    login = ("-l",) if shell.login else ()
    return Opening((shell.program, *login, "--init-command", 'source "$REZUP_STARTUP"', "-i"), told)


def _csh(shell: Shell, session: Mapping[str, str]) -> Opening:
    """By HOME: there is no option and no variable that names a start-up file."""
    if "HOME" not in session:
        return Opening((shell.program,), {}, ("HOME",))
    told = {"HOME": str(STARTUP / "csh"), "REZUP_HOME": session["HOME"], **_login(shell)}
    return Opening((shell.program,), told, ("HOME",))


def _xonsh(shell: Shell, _: Mapping[str, str]) -> Opening:
    login = ("-l",) if shell.login else ()
    return Opening((shell.program, *login, "-i", "--rc", str(STARTUP / "rc.xsh")), {})


def _powershell(shell: Shell, _: Mapping[str, str]) -> Opening:
    login = ("-Login",) if shell.login else ()  # only understood as the first one
    told = {"REZUP_STARTUP": str(STARTUP / "powershell.ps1")}
    return Opening((shell.program, *login, "-NoLogo", "-NoExit", "-Command", _READ_SCRIPT), told)


def _cmd(shell: Shell, _: Mapping[str, str]) -> Opening:
    """The quotes come in with the variable: those on the command line would be taken off, or escaped."""
    return Opening((shell.program, "/K", "%REZUP_STARTUP%"), {"REZUP_STARTUP": f'"{STARTUP / "cmd.bat"}"'})


def _login(shell: Shell) -> dict[str, str]:
    return {"REZUP_LOGIN": "yes"} if shell.login else {}


_HOW: dict[str, Callable[[Shell, Mapping[str, str]], Opening]] = {
    "bash": _bash,
    "bourne": _bourne,
    "zsh": _zsh,
    "fish": _fish,
    "csh": _csh,
    "xonsh": _xonsh,
    "powershell": _powershell,
    "cmd": _cmd,
}
