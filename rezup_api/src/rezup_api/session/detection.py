"""Choose the shell to open: the one that the user names, else the nearest ancestor process that is a shell, else the login shell.

On Linux, if the parent process is a known shell, the answer depends only on the command line of that process (`parent_words`),
PATH and SHELL. The choice never takes longer than `PATIENCE`.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rezup_api.settings import Settings

    Words = tuple[str, ...]

HINT = "name one, as in: REZUP_DEFAULT_SHELL=/bin/bash rezup"
# Seconds to wait for `ps`, which lists the ancestors where there is no /proc, and which may hang.
PATIENCE = 2.0
# How many ancestors are looked at.
DEEPEST = 10
BOURNE = frozenset({"sh", "ash", "dash", "ksh", "ksh93", "mksh", "lksh", "oksh", "pdksh"})
CSH = frozenset({"csh", "tcsh", "bsd-csh"})
POWERSHELL = frozenset({"pwsh", "powershell"})
KNOWN = BOURNE | CSH | POWERSHELL | {"bash", "zsh", "fish", "xonsh", "cmd", "elvish", "nu"}
# Programs that stand for the shell of an account in which nobody is to log in.
REFUSING = frozenset({"nologin", "false", "true"})
# The start-up file that makes bash read what a login shell reads. Its name on a command line tells such a shell of ours.
BASH_LOGIN = "bash-login.sh"
# Options of shells that take the next word as their value.
_WITH_ARGUMENT = frozenset({"-o", "+o", "-O", "+O", "-C", "--rcfile", "--init-file", "--init-command"})


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell: its name, as in "bash", the path of its program, and whether it is to read what a login shell reads."""

    name: str
    program: str
    login: bool = False


def choose_shell(settings: Settings, environ: Mapping[str, str]) -> Shell:
    """The shell to open: REZUP_DEFAULT_SHELL, else the one the user is in, else SHELL (on Windows COMSPEC).

    Raises:
        LaunchError: no shell can be found, or REZUP_DEFAULT_SHELL names one that is not there.
    """
    if settings.default_shell:
        program = shutil.which(settings.default_shell, path=environ.get("PATH"))
        if program is None:
            raise LaunchError(f"the shell {settings.default_shell!r} is not there", "change REZUP_DEFAULT_SHELL")
        return Shell(_name(program), program)
    for words in _ancestors():
        found = shell_of(words, environ)
        if found is not None:
            return found
    program = environ.get("COMSPEC" if os.name == "nt" else "SHELL", "")
    path = shutil.which(program, path=environ.get("PATH")) if program else None
    if path is None or _name(path) in REFUSING:
        raise LaunchError("cannot tell which shell to open", HINT)
    return Shell(_name(path), path)


def known_shell(words: Sequence[str]) -> bool:
    """Whether the command line of a process is that of a shell."""
    return bool(_shell_word(words))


def shell_of(words: Sequence[str], environ: Mapping[str, str]) -> Shell | None:
    """The shell that a process with this command line runs; None if that is not a shell, or its program cannot be found."""
    word = _shell_word(words)
    if not word:
        return None
    name = _name(word)
    candidates = [word.removeprefix("-")]
    if not os.path.dirname(word):
        users = environ.get("SHELL", "")
        # A login shell calls itself "-bash", without a path; SHELL then says which bash the user logs in with.
        candidates = [users, name] if word[0] == "-" and _name(users) == name else [name, users]
    for candidate in candidates:
        program = shutil.which(candidate, path=environ.get("PATH")) if _name(candidate) == name else None
        if program is not None:
            return Shell(name, program, is_login(words))
    return None


def is_login(words: Sequence[str]) -> bool:
    """Whether a shell with this command line is a login shell: `-bash`, `bash -l`, `fish --login`, or one of rezup's."""
    if words[0].startswith("-"):
        return True
    rest = iter(words[1:])
    for word in rest:
        if word in _WITH_ARGUMENT:
            if os.path.basename(next(rest, "")) == BASH_LOGIN:
                return True
        elif word.lower() in {"--login", "-login"}:
            return True
        elif word.startswith("-") and not word.startswith("--"):
            letters = word[1:]
            if letters.isalpha() and len(letters) <= 5 and "l" in letters:
                return True
            if "c" in letters:
                return False
        elif not word.startswith(("-", "+")):
            return False
    return False


def parent_words() -> Words:
    """The command line of the parent process; empty where it cannot be read."""
    return _words(os.getppid())


def _shell_word(words: Sequence[str]) -> str:
    """The word that names the shell: the first one, or the script if Python runs xonsh; empty if this is not a shell."""
    if words and _name(words[0]) in KNOWN:
        return words[0]
    if len(words) > 1 and _name(words[0]).startswith("python"):
        return next((word for word in words[1:] if _name(word) == "xonsh" and os.path.dirname(word)), "")
    return ""


def _name(program: str) -> str:
    return os.path.basename(program).lower().removeprefix("-").removesuffix(".exe")


def _ancestors() -> Iterator[Words]:
    """The command lines of the processes above this one, nearest first."""
    if not os.path.exists(f"/proc/{os.getpid()}/stat") or not os.path.exists("/proc/self/cmdline"):
        yield from _detected()
        return
    process = os.getppid()
    for _ in range(DEEPEST):
        yield _words(process)
        process = _parent(process)
        if process < 1:
            return


def _words(process: int) -> Words:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as stream:
            return tuple(os.fsdecode(word) for word in stream.read().split(b"\0")[:-1])
    except OSError:
        return ()


def _parent(process: int) -> int:
    """The number of a process's parent; 0 if it cannot be read."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            # The name of the program stands in parentheses and may hold anything, parentheses too (proc(5)).
            return int(stream.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _detected() -> Iterator[Words]:
    """The command lines of the ancestors as shellingham finds them, where there is no /proc of Linux's kind.

    A thread asks, because `ps` may hang. If it does, this process goes on without an answer; `exec` or the end of the process
    ends the thread.
    """
    import threading

    found: list[Words] = []
    thread = threading.Thread(target=lambda: found.extend(_asked()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    yield from tuple(found)


def _asked() -> Iterator[Words]:
    import shellingham

    try:
        if os.name == "nt":
            yield (shellingham.detect_shell(os.getppid())[1],)
            return
        from shellingham.posix.ps import iter_process_parents  # gives whole command lines, which show login shells

        for process in iter_process_parents(str(os.getppid()), DEEPEST):
            yield tuple(process.args)
    except (shellingham.ShellDetectionFailure, OSError, RuntimeError):
        return  # the ancestors that were found before that stay
