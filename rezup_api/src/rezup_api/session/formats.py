"""Write the changes that a session makes to the environment as text for other programs: shells, and readers of `.env` files.

Each statement stands on a line of its own wherever the format allows that, so that a shell may read the text as a whole or line
by line. Values are quoted so that every release of the shell reads them alike, interactive or not. The functions are pure:
they neither read nor set the environment.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Changes = Mapping[str, str | None]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WINDOWS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.()-]*")
_DOTENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Python holds each byte that is not UTF-8 as one of these characters (PEP 383).
_BYTE = re.compile("[\udc80-\udcff]")
# Variables that bash, zsh or ksh set themselves, refuse to set, or read in their own way. Setting one would have no effect, or
# would end the script.
_SHELLS_OWN = """
    _ ARGC BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_CMDS BASH_COMMAND BASH_LINENO BASH_SOURCE BASH_SUBSHELL
    BASH_VERSINFO DIRSTACK EGID EPOCHREALTIME EPOCHSECONDS EUID FUNCNEST GID GROUPS HISTCHARS HISTCMD KEYBOARD_HACK KSH_VERSION
    LINENO OPTIND PPID RANDOM SECONDS SHELLOPTS SHLVL SRANDOM TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT TTYIDLE UID USERNAME WATCH
    ZSH_EVAL_CONTEXT ZSH_SUBSHELL
    aliases argv builtins cdpath commands dirstack dis_aliases dis_builtins dis_functions dis_functions_source dis_galiases
    dis_patchars dis_reswords dis_saliases fignore fpath funcfiletrace funcsourcetrace funcstack functions functions_source
    functrace galiases histchars history historywords jobdirs jobstates jobtexts keymaps mailpath manpath module_path modules
    nameddirs options parameters patchars path pipestatus psvar reswords saliases signals status termcap terminfo userdirs
    usergroups watch widgets zsh_eval_context zsh_scheduled_events
"""
# The same shells read these variables as numbers, and end the script if the value is anything else.
_SHELLS_NUMBERS = "COLUMNS HISTSIZE JOBMAX KEYTIMEOUT LINES LISTMAX MAILCHECK SAVEHIST TMOUT"
_FISHS_OWN = """
    _ FISH_VERSION PWD SHLVL fish_kill_signal fish_killring fish_pid history hostname pipestatus status status_generation umask
    version
"""


@dataclass(frozen=True, slots=True)
class Written:
    """The changes in one format.

    Args:
        text: what the other program reads.
        unnamed: the variables that are left out, because the format cannot name them.
        kept: the variables that should be removed, which the format cannot say.
    """

    text: str
    unnamed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """The changes that turn `before` into `after`, sorted by name: the new value of each variable, None for one to be removed."""
    names = sorted({*before, *after})
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def written(form: str, changed: Changes) -> Written:
    """The changes as the text of a format.

    Args:
        form: a key of `FORMATS`.
        changed: what `changes` returned.

    Raises:
        UsageError: the format cannot hold one of the values.
    """
    return FORMATS[form](changed)


def holding(form: str, lock_file: str, interpreter: str) -> str:
    """A statement by which the shell that reads it holds a revision for as long as it lives; empty if the format has none.

    The shell opens the file, and another program takes the shared lock on that open file: the lock belongs to the open file, and
    not to the process that has asked for it (flock(2)). fish and csh cannot open a file for good.

    Args:
        form: a key of `FORMATS`.
        lock_file: the file on which every process that uses the revision holds a lease.
        interpreter: a Python.
    """
    if form != "sh" or os.name == "nt":
        return ""
    # 7 because dash knows numbers of one digit only; 5 is LOCK_SH | LOCK_NB. ksh passes the descriptor on only if told to.
    path, lock = _sh_quoted(lock_file), "import fcntl; fcntl.flock(7, 5)"
    take = f"{_sh_quoted(interpreter)} -I -S -c '{lock}' 7<&7 2>/dev/null || :"
    return f"if [ -r {path} ]; then exec 7<{path}; {take}; fi\n"


def _sh(changed: Changes) -> Written:
    """For bash, zsh, ksh, dash and every other POSIX shell: `eval "$(...)"`."""
    texts = [name for name in _SHELLS_NUMBERS.split() if not re.fullmatch("[0-9]+", changed.get(name) or "")]
    named, unnamed = _split(changed, _NAME, [*_SHELLS_OWN.split(), *texts])
    lines = (
        f"unset -v {name}\n" if value is None else f"export {name}={_sh_quoted(value)}\n"
        for name, value in named.items()
    )
    return Written("".join(lines), unnamed)


def _sh_quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def _fish(changed: Changes) -> Written:
    """For fish: `... | source`. PATH must be a list; fish itself splits and joins all other variables whose names end in PATH."""
    named, unnamed = _split(changed, _NAME, _FISHS_OWN.split())
    lines = []
    for name, value in named.items():
        if value is None:
            lines.append(f"set -eg {name};\n")
        else:
            words = value.split(os.pathsep) if name == "PATH" else [value]
            lines.append(f"set -gx {name} {' '.join(_fish_quoted(word) for word in words)};\n")
    return Written("".join(lines), unnamed)


def _fish_quoted(value: str) -> str:
    plain = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "'\\n'")
    return "'" + _BYTE.sub(lambda match: f"'\\X{ord(match[0]) - 0xDC00:02x}'", plain) + "'"


def _csh(changed: Changes) -> Written:
    """For csh and tcsh: the user writes the text to a file and sources that, or calls `eval` with the command in backquotes.

    Backquotes turn line breaks into blanks, so that a value with a line break would come out wrong. The text finds out how it is
    read: within backquotes it does not set such a value, and prints a message instead.
    """
    named, unnamed = _split(changed, _NAME)
    lines = []
    for name, value in named.items():
        if value is None:
            lines.append(f"unsetenv {name};\n")
        elif "\n" in value:
            told = f"{name} has a line break: write what rezup env prints to a file, and source that"
            lines.append(f"if ( '\\\n' == '\\ ' ) sh -c 'echo \"rezup: {told}\" >&2';\n")
            lines.append(f"if ( '\\\n' != '\\ ' ) setenv {name} {_csh_quoted(value)};\n")
        else:
            lines.append(f"setenv {name} {_csh_quoted(value)};\n")
    return Written("".join(lines), unnamed)


def _csh_quoted(value: str) -> str:
    # `!` means the history even between quotes. The backslash is an escape between quotes if the user has set backslash_quote.
    special = {"'": "'\\''", "!": "'\\!'", "\\": "'\\\\'", "\n": "\\\n"}
    return "'" + "".join(special.get(character, character) for character in value) + "'"


def _powershell(changed: Changes) -> Written:
    """For PowerShell: `... | Invoke-Expression`.

    The text is plain ASCII, because PowerShell decodes what a program prints by the code page of the console, which may be any.
    No other character is left then that PowerShell takes for a quote, such as the typographic ones.
    """
    named, unnamed = _split(changed, _WINDOWS_NAME)
    _refuse_bytes("powershell", named)
    lines = (
        f"Remove-Item -LiteralPath 'Env:{name}' -ErrorAction SilentlyContinue\n"
        if value is None
        else f"${{env:{name}}} = {_powershell_quoted(value)}\n"
        for name, value in named.items()
    )
    return Written("".join(lines), unnamed)


def _powershell_quoted(value: str) -> str:
    return "'" + re.sub(r"[^ -~]+", _powershell_characters, value.replace("'", "''")) + "'"


def _powershell_characters(match: re.Match[str]) -> str:
    text = match[0].encode("utf-16-le")
    units = (int.from_bytes(text[at : at + 2], "little") for at in range(0, len(text), 2))
    return "'" + "".join(f" + [char]0x{unit:04X}" for unit in units) + " + '"


def _dotenv(changed: Changes) -> Written:
    """For `.env` files. python-dotenv reads back every value as it was; docker and other readers agree on plain values."""
    named, unnamed = _split(changed, _DOTENV_NAME)
    _refuse_bytes("dotenv", named)
    lines = [f"{name}={_dotenv_quoted(value)}\n" for name, value in named.items() if value is not None]
    return Written("".join(lines), unnamed, tuple(name for name, value in named.items() if value is None))


def _dotenv_quoted(value: str) -> str:
    # python-dotenv replaces ${NAME} even between single quotes. A variable without a name, with the default "$", escapes it.
    value = re.sub(r"\$(?=\{[^}]*\})", "${:-$}", value)
    if not re.search(r"[\r\n#$]|^['\"`\s]|\s$", value):
        return value  # docker takes quotes as a part of the value
    if "\r" in value:  # between single quotes, python-dotenv reads it as a line break
        escapes = {"\\": "\\\\", '"': '\\"', "\r": "\\r", "\n": "\\n"}
        return '"' + "".join(escapes.get(character, character) for character in value) + '"'
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _split(changed: Changes, pattern: re.Pattern[str], own: Sequence[str] = ()) -> tuple[Changes, tuple[str, ...]]:
    """The changes to variables that the format can set, and the names of all other variables."""
    named = {name: value for name, value in changed.items() if pattern.fullmatch(name) and name not in own}
    return named, tuple(name for name in changed if name not in named)


def _refuse_bytes(form: str, named: Changes) -> None:
    """Raise UsageError for a value that is not UTF-8: the format can hold text only."""
    for name, value in named.items():
        if value is not None and _BYTE.search(value):
            message = f"the format {form} cannot hold {name}: its value is not UTF-8"
            raise UsageError(message, "use --format sh, fish, csh or json")


FORMATS: Mapping[str, Callable[[Changes], Written]] = {
    "dotenv": _dotenv,
    "sh": _sh,
    "fish": _fish,
    "csh": _csh,
    "powershell": _powershell,
}
