"""Become the command: on POSIX by `execve`, so that nothing of rezup is left and PID, signals and status are the command's own.

Elsewhere, where the command's shell would close the lease, and for `--no-wait`, the command is a child.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from rezup_api.errors import LaunchError
from rezup_api.netfs.limit import has_stuck_child
from rezup_api.process import runner
from rezup_api.process.refusals import NOEXEC, NOT_EXECUTABLE, NOT_FOUND, is_bare_script, refusal, runs_nothing
from rezup_api.session.descriptors import closes_descriptors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup_api.disk.flock import Held


def find_command(name: str, environ: Mapping[str, str]) -> str:
    """The program that `name` means on the session's PATH.

    Raises:
        LaunchError: with status 127 when there is none, 126 when it cannot be executed (as `env` and shells have it).
    """
    if not name:
        raise LaunchError("the command is empty", status=NOT_FOUND)
    if os.name == "nt":
        return _find_on_windows(name, environ)
    folders = [""] if "/" in name else environ.get("PATH", os.defpath).split(os.pathsep)
    unfit = ""
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            unfit = unfit or path
        elif "/" in name and os.path.isdir(path):
            unfit = path
    if unfit:
        hint = NOEXEC if runs_nothing(unfit) else "chmod +x it, or run it with its interpreter"
        raise LaunchError(f"{unfit} is not executable", hint, status=NOT_EXECUTABLE)
    raise LaunchError(f"{name}: command not found in this container", status=NOT_FOUND)


def _find_on_windows(name: str, environ: Mapping[str, str]) -> str:
    import shutil

    found = shutil.which(name, path=environ.get("PATH"))
    if found is None:
        raise LaunchError(f"{name}: command not found in this container", status=NOT_FOUND)
    return found


def become(command: Sequence[str], environ: Mapping[str, str], lease: Held) -> int:
    """Run `command` in this process's place, or as a child that is waited for where that cannot be.

    Args:
        command: program and arguments, which reach it as they are.
        environ: its whole environment.
        lease: what keeps the revision; the command inherits it.

    Returns:
        The child's exit status, 128 and the signal's number if one ended it. On POSIX it does not return as a rule.

    Raises:
        LaunchError: it cannot be started.
    """
    program = find_command(command[0], environ)
    if os.name == "nt" or closes_descriptors(program) or has_stuck_child():
        return runner.attend([program, *command[1:]], environ, lease.descriptor)
    _restore_signals()
    sys.stdout.flush()
    sys.stderr.flush()
    _exec(program, command, environ)


def detach(command: Sequence[str], environ: Mapping[str, str], lease: Held) -> int:
    """Start `command` as a child that nobody waits for; it inherits the lease. Returns 0 once it runs.

    Raises:
        LaunchError: it cannot be started.
    """
    program = find_command(command[0], environ)
    runner.release([program, *command[1:]], environ, lease.descriptor)
    return 0


def _exec(program: str, command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    try:
        os.execve(program, list(command), environ)
    except OSError as error:
        if is_bare_script(program, error):
            os.execve(runner.POSIX_SHELL, [runner.POSIX_SHELL, program, *command[1:]], environ)
        raise refusal(program, error) from error


def _restore_signals() -> None:
    """What Python changed at its start, and a command would inherit: it ignores SIGPIPE and SIGXFSZ."""
    for name in ("SIGPIPE", "SIGXFSZ"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)
