"""Start a program that goes on when this process ends, and of which neither this process nor what it becomes hears again."""

from __future__ import annotations

import os
import signal
import tempfile
from typing import TYPE_CHECKING

from rezup_api.netfs.limit import YES, begin_any
from rezup_api.process import runner

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
        # This child begins a session and closes what this process has open: leases, which would hold revisions, and pipes,
        # whose readers would wait. It starts the program, ends at once and is collected, so that a command which this process
        # becomes has no child that it does not know.
        return begin_any(lambda: _started(words, environ, job.fileno()), "", LIMIT, job.fileno())() == YES


def _started(words: Sequence[str], environ: Mapping[str, str], job: int) -> int:
    if os.name != "nt":
        os.chdir("/")  # the folder that the user is in can be unmounted or removed meanwhile
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # `begin_any` blocks some
    runner.leave(words, environ, job)
    return YES
