"""Explain why the system refuses to run a program."""

from __future__ import annotations

import errno
import os

from rezup_api.errors import LaunchError

NOT_EXECUTABLE = 126
NOT_FOUND = 127
NOEXEC = "its file system is mounted noexec: set REZUP_ROOT_LOCAL to a folder on another file system"


def is_bare_script(program: str, error: OSError) -> bool:
    """Whether `error` is the system's refusal of a script without `#!`, which shells and `env` give to sh (execvp(3))."""
    if error.errno != errno.ENOEXEC or os.name == "nt":
        return False
    try:
        with open(program, "rb") as stream:
            # Shells decide in the same way: a file with a NUL byte is a program, here one for another kind of machine.
            return b"\0" not in stream.read(256)
    except OSError:
        return False


def refusal(program: str, error: OSError) -> LaunchError:
    """The error for a program that exists and that the system refuses to run.

    Its exit status is 126 or 127, as for a shell (POSIX, "Exit Status for Commands").
    """
    hints = {
        errno.ENOENT: "the file exists, but the interpreter that its first line names does not",
        errno.E2BIG: "its arguments and its environment together are too long",
        errno.ENOEXEC: "it is neither a script nor a program for this machine",
    }
    status = NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
    return LaunchError(
        f"cannot run {program}: {error.strerror or error}", hints.get(error.errno or 0, ""), status=status
    )


def program_hint(program: str, error: OSError) -> str:
    """What the user can do when a program lies on a file system that runs no programs; empty for any other reason."""
    return NOEXEC if error.errno in {errno.EACCES, errno.EPERM} and runs_nothing(program) else ""


def runs_nothing(program: str) -> bool:
    """Whether a program lies on a file system that is mounted with `noexec`, so that none of its programs runs."""
    try:
        return bool(os.statvfs(program).f_flag & os.ST_NOEXEC)
    except (OSError, AttributeError):
        return False  # the program does not exist, or the system has no such flag
