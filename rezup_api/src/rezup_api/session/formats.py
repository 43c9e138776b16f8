"""What a session changes in the environment, written for other programs to take: shells, and readers of `.env` files.

Each statement stands on a line of its own wherever the format can do that, so that it does not matter whether a shell takes the
text as a whole or line by line. What is not plain is quoted in the way that holds for every release of the shell, interactive
or not. Pure: nothing here reads or sets the environment.
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
# Not UTF-8: such a byte is one of these characters in Python (PEP 383).
_BYTE = re.compile("[\udc80-\udcff]")
# What bash, zsh and ksh set themselves, refuse, or read in their own way: a value of ours would be lost, or end the script.
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
# The same shells read these as numbers, and end the script at anything else.
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
    """What makes `before` into `after`: variables with their new values, None for those to be removed; sorted by name."""
    names = sorted({*before, *after})
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def written(form: str, changed: Changes) -> Written:
    """The changes as the text of a format.

    Args:
        form: one of `FORMATS`.
        changed: see `changes`.

    Raises:
        UsageError: the format cannot hold one of the values.
    """
    return FORMATS[form](changed)


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
    """For fish: `... | source`. PATH is a list there; other variables that end so are split and joined by fish itself."""
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
    """For csh and tcsh: written to a file that is sourced; or `eval` of it in backquotes, where no value has a line break.

    Backquotes put blanks in place of line breaks. A value that has one is not set there, and a message says so.
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
    # `!` is history even between quotes, and so is, for who has set backslash_quote, the backslash.
    special = {"'": "'\\''", "!": "'\\!'", "\\": "'\\\\'", "\n": "\\\n"}
    return "'" + "".join(special.get(character, character) for character in value) + "'"


def _powershell(changed: Changes) -> Written:
    """For PowerShell: `... | Invoke-Expression`.

    Plain ASCII, for PowerShell decodes what a program prints by the console's code page, which may be anything. That also
    takes care of the other characters that it takes for quotes.
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
    """For python-dotenv, which reads all of it back as it was; plain values as docker and everybody else read them too."""
    named, unnamed = _split(changed, _DOTENV_NAME)
    _refuse_bytes("dotenv", named)
    lines = [f"{name}={_dotenv_quoted(value)}\n" for name, value in named.items() if value is not None]
    return Written("".join(lines), unnamed, tuple(name for name, value in named.items() if value is None))


def _dotenv_quoted(value: str) -> str:
    # python-dotenv replaces ${NAME} even between single quotes, and knows no escape but a default value.
    value = re.sub(r"\$(?=\{[^}]*\})", "${:-$}", value)
    if not re.search(r"[\r\n#$]|^['\"`\s]|\s$", value):
        return value  # quotes would be part of the value for docker
    if "\r" in value:  # between single quotes it would be read as a line break
        escapes = {"\\": "\\\\", '"': '\\"', "\r": "\\r", "\n": "\\n"}
        return '"' + "".join(escapes.get(character, character) for character in value) + '"'
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _split(changed: Changes, pattern: re.Pattern[str], own: Sequence[str] = ()) -> tuple[Changes, tuple[str, ...]]:
    """The changes that a format can name, and the names of the others."""
    named = {name: value for name, value in changed.items() if pattern.fullmatch(name) and name not in own}
    return named, tuple(name for name in changed if name not in named)


def _refuse_bytes(form: str, named: Changes) -> None:
    """Raise for a value that is not UTF-8, which a format of text cannot hold."""
    for name, value in named.items():
        if value is not None and _BYTE.search(value):
            message = f"the format {form} cannot hold {name}: its value is not UTF-8"
            raise UsageError(message, "take sh, fish, csh or json")


FORMATS: Mapping[str, Callable[[Changes], Written]] = {
    "dotenv": _dotenv,
    "sh": _sh,
    "fish": _fish,
    "csh": _csh,
    "powershell": _powershell,
}
