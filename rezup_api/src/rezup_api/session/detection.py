"""Which shell the user is in: the one that is named, else the nearest ancestor that is a shell, else the login shell.

On Linux, where the parent process is a known shell, the answer depends on nothing but the command line of that process
(`parent_words`), PATH and SHELL. Nowhere does it wait for longer than `PATIENCE`.
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
# Seconds. Where there is no /proc, `ps` is asked, and it may hang.
PATIENCE = 2.0
DEEPEST = 10
BOURNE = frozenset({"sh", "ash", "dash", "ksh", "ksh93", "mksh", "lksh", "oksh", "pdksh"})
CSH = frozenset({"csh", "tcsh", "bsd-csh"})
POWERSHELL = frozenset({"pwsh", "powershell"})
KNOWN = BOURNE | CSH | POWERSHELL | {"bash", "zsh", "fish", "xonsh", "cmd", "elvish", "nu"}
# What accounts have for a shell that nobody is to log in to.
REFUSING = frozenset({"nologin", "false", "true"})
# The start-up file by which bash is told to read what a login shell reads.
BASH_LOGIN = "bash-login.sh"
_WITH_ARGUMENT = frozenset({"-o", "+o", "-O", "+O", "-C", "--rcfile", "--init-file", "--init-command"})


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell: its name, "bash", the program, and whether it is to read what a login shell reads."""

    name: str
    program: str
    login: bool = False


def choose_shell(settings: Settings, environ: Mapping[str, str]) -> Shell:
    """The shell to open: REZUP_DEFAULT_SHELL, else the one the user is in, else SHELL (on Windows COMSPEC).

    Raises:
        LaunchError: there is none, or the one that was named is not there.
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
    """The shell that a process with this command line is; None if it is none, or its program is not to be found."""
    word = _shell_word(words)
    if not word:
        return None
    name = _name(word)
    candidates = [word.removeprefix("-")]
    if not os.path.dirname(word):
        users = environ.get("SHELL", "")
        candidates = [users, name] if word[0] == "-" and _name(users) == name else [name, users]
    for candidate in candidates:
        program = shutil.which(candidate, path=environ.get("PATH")) if _name(candidate) == name else None
        if program is not None:
            return Shell(name, program, is_login(words))
    return None


def is_login(words: Sequence[str]) -> bool:
    """Whether a shell with this command line is a login shell: `-bash`, `bash -l`, `fish --login`, or ours of that kind."""
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
    """The word that names the shell: the first one, or xonsh's script where Python runs it; empty if there is none."""
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
    """The number of a process's parent (proc(5): the name, in parentheses, may hold anything); 0 if that cannot be told."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            return int(stream.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _detected() -> Iterator[Words]:
    """What shellingham finds, where there is no /proc of Linux's kind.

    In a thread, which nobody waits for once `ps` hangs: `exec` ends it, and so does the end of the process.
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
        from shellingham.posix.ps import iter_process_parents  # with whole command lines: they tell login shells

        for process in iter_process_parents(str(os.getppid()), DEEPEST):
            yield tuple(process.args)
    except (shellingham.ShellDetectionFailure, OSError, RuntimeError):
        return  # nothing more is found, then
