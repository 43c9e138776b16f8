"""Why the system does not run a program, in our words."""

from __future__ import annotations

import errno
import os

from rezup_api.errors import LaunchError

NOT_EXECUTABLE = 126
NOT_FOUND = 127
NOEXEC = "its file system is mounted noexec; let REZUP_ROOT_LOCAL name a folder on another"


def is_bare_script(program: str, error: OSError) -> bool:
    """Whether `error` is the system's refusal of a script without `#!`, which shells and `env` give to sh (execvp(3))."""
    if error.errno != errno.ENOEXEC or os.name == "nt":
        return False
    try:
        with open(program, "rb") as stream:
            return b"\0" not in stream.read(256)  # else it is a program for another machine
    except OSError:
        return False


def refusal(program: str, error: OSError) -> LaunchError:
    """The system's refusal to run a program that was found, in our words."""
    hints = {
        errno.ENOENT: "it exists, so the interpreter that its first line names does not",
        errno.E2BIG: "its arguments and environment are too long together",
        errno.ENOEXEC: "it is no script, and no program for this machine",
    }
    status = NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
    return LaunchError(
        f"cannot run {program}: {error.strerror or error}", hints.get(error.errno or 0, ""), status=status
    )


def program_hint(program: str, error: OSError) -> str:
    """The way out where a program lies on a file system that runs none; empty for any other reason."""
    return NOEXEC if error.errno in {errno.EACCES, errno.EPERM} and runs_nothing(program) else ""


def runs_nothing(program: str) -> bool:
    """Whether a program lies on a file system that is mounted so that none of its programs runs."""
    try:
        return bool(os.statvfs(program).f_flag & os.ST_NOEXEC)
    except (OSError, AttributeError):
        return False  # it is not there, or the system has no such flag
