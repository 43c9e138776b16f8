"""Open an interactive shell that shows its container in the prompt, without a change to the user's own files.

The start-up files in `startup/` first read the user's own, then put the revision's tools back to the front of PATH, and the name
of the container before the prompt. The files are the same for every session: what differs between sessions comes in
variables, which they unset again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.events import one_line, visible
from rezup_api.session.detection import BASH_LOGIN, BOURNE, CSH, POWERSHELL, Shell, choose_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["STARTUP", "Opening", "Shell", "choose_shell", "interactive", "script_command"]

STARTUP = Path(__file__).parent / "startup"
_DISABLED, _PROMPT = "REZUP_DISABLE_PROMPT", "REZUP_PROMPT"
# PowerShell runs the start-up file as text, because the execution policy may forbid script files. The path comes in a variable,
# because PowerShell would read a path on the command line as code.
_READ_SCRIPT = ". ([scriptblock]::Create([IO.File]::ReadAllText($env:REZUP_STARTUP)))"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a shell is opened.

    Args:
        command: the command line of the shell.
        environ: variables for the start-up files, which are added to those of the session.
        consulted: the names of all variables of the session on which `command` and `environ` depend.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str]
    consulted: tuple[str, ...] = ()


def interactive(shell: Shell, session: Mapping[str, str], tools: str, mark: str) -> Opening:
    """Say how a shell is opened for a person; no file is read for that.

    Args:
        shell: the shell to open.
        session: the environment of the session.
        tools: the folder that must be first on PATH after the user's start-up files have run.
        mark: the name of the container as the prompt shows it, with an asterisk if a newer revision exists.
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
        return "bourne"  # in this mode bash reads the files that sh reads
    for kind, names in (("bourne", BOURNE), ("csh", CSH), ("powershell", POWERSHELL)):
        if shell.name in names:
            return kind
    return shell.name


def _shown(shell: Shell, session: Mapping[str, str], mark: str) -> str:
    """The text before the user's prompt, with the escapes that make this shell show it literally; empty for no text."""
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
    text = visible(one_line(f"({mark})")) + " "
    return "".join(escapes.get(character, character) for character in text)


# Characters that have a meaning in a prompt, and how they are written so that the shell shows them. bash and zsh read a prompt
# twice: first escapes, then variables. In zsh the second reading is an option that may change, so `startup/zsh/.zshenv` adds
# the escapes for it before every prompt.
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
    """By ENV. All but mksh expand its value once: the path comes in a second variable, so that no character of it is expanded."""
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
    """By ZDOTDIR; `startup/zsh/.zshenv` takes care of systems whose own start-up file sets that variable."""
    told = {"ZDOTDIR": str(STARTUP / "zsh"), "REZUP_STARTUP": str(STARTUP)}
    if "ZDOTDIR" in session:
        told["REZUP_ZDOTDIR"] = session["ZDOTDIR"]
    return Opening((shell.program, *(("-l",) if shell.login else ()), "-i"), told, ("ZDOTDIR",))


def _fish(shell: Shell, _: Mapping[str, str]) -> Opening:
    told = {"REZUP_STARTUP": str(STARTUP / "fish.fish")}
    login = ("-l",) if shell.login else ()
    return Opening((shell.program, *login, "--init-command", 'source "$REZUP_STARTUP"', "-i"), told)


def _csh(shell: Shell, session: Mapping[str, str]) -> Opening:
    """By HOME, because csh has neither an option nor a variable that names a start-up file."""
    if "HOME" not in session:
        return Opening((shell.program,), {}, ("HOME",))
    told = {"HOME": str(STARTUP / "csh"), "REZUP_HOME": session["HOME"], **_login(shell)}
    return Opening((shell.program,), told, ("HOME",))


def _xonsh(shell: Shell, _: Mapping[str, str]) -> Opening:
    login = ("-l",) if shell.login else ()
    return Opening((shell.program, *login, "-i", "--rc", str(STARTUP / "rc.xsh")), {})


def _powershell(shell: Shell, _: Mapping[str, str]) -> Opening:
    login = ("-Login",) if shell.login else ()  # PowerShell accepts this option only as the first one
    told = {"REZUP_STARTUP": str(STARTUP / "powershell.ps1")}
    return Opening((shell.program, *login, "-NoLogo", "-NoExit", "-Command", _READ_SCRIPT), told)


def _cmd(shell: Shell, _: Mapping[str, str]) -> Opening:
    """By `/K`. The variable holds the quotes too: cmd strips quotes of the command line, and Python would escape them."""
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
