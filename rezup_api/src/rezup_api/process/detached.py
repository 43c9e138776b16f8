"""Start a program that goes on when this process ends, and of which neither this process nor what it becomes hears again."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from typing import TYPE_CHECKING

from rezup_api.netfs.limit import YES, begin_any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Seconds for two forks.
LIMIT = 5.0


def start_detached(words: Sequence[str], environ: Mapping[str, str], text: bytes) -> bool:
    """Start a program in a session of its own, without a terminal; nobody sees what it prints.

    Args:
        words: the path of the program and its arguments.
        environ: its whole environment.
        text: what it reads.

    Returns:
        False if this process cannot make another one. If the program cannot be started, nobody is told.
    """
    with tempfile.TemporaryFile(buffering=0) as job:
        job.write(text)
        job.seek(0)
        if os.name == "nt":
            return _start_on_windows(words, environ, job.fileno())
        # The first child begins a session and closes what this process has open: leases, which would hold revisions, and pipes,
        # whose readers would wait. The second one runs the program. The first one ends at once and is collected, so that a
        # command which this process becomes has no child that it does not know.
        return begin_any(lambda: _fork(words, environ, job.fileno()), "", LIMIT, job.fileno())() == YES


def _fork(words: Sequence[str], environ: Mapping[str, str], job: int) -> int:
    if os.fork() == 0:
        try:
            _become(words, environ, job)
        finally:
            os._exit(127)
    return YES


def _become(words: Sequence[str], environ: Mapping[str, str], job: int) -> None:
    os.dup2(job, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)
    os.chdir("/")  # the folder that the user is in can be unmounted or removed meanwhile
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # `begin_any` blocks some
    os.execve(words[0], list(words), dict(environ))


def _start_on_windows(words: Sequence[str], environ: Mapping[str, str], job: int) -> bool:
    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    nothing = subprocess.DEVNULL
    try:
        child = subprocess.Popen(
            list(words), env=dict(environ), stdin=job, stdout=nothing, stderr=nothing, creationflags=flags
        )
    except OSError:
        return False
    child.returncode = 0  # otherwise Python warns that nobody has waited for the process
    return True
