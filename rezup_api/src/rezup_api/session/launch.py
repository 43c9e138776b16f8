"""Become the command, or start it as a child.

On POSIX, `execve` puts the command in the place of this process: nothing of rezup stays in memory, and the process id, the
signals and the exit status are those of the command. The command is a child instead on Windows, where it would close the lease
(csh), where this process has a child that a share keeps beyond SIGKILL, and with `--no-wait`.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
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
    """Find the program that `name` means on the PATH of the session.

    Raises:
        LaunchError: with status 127 if there is no such program, 126 if it cannot be executed, as in env(1) and shells.
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
    """Put the command in the place of this process, or wait beside it where that is not possible; see above.

    Args:
        command: the program and its arguments, which are passed on unchanged.
        environ: the whole environment of the command.
        lease: the lease of the revision. The command inherits its descriptor, and so keeps the revision as long as it runs.

    Returns:
        The exit status of the child, or 128 plus the number of the signal that ended it. If the command takes the place of this
        process, nothing returns.

    Raises:
        LaunchError: the command cannot be started.
    """
    program = find_command(command[0], environ)
    # `execve` would hand a stuck asker of a share over to the command, which never started it and may wait for all its children.
    if os.name == "nt" or closes_descriptors(program) or has_stuck_child():
        return runner.attend([program, *command[1:]], environ, lease.descriptor)
    # `execve` throws away what still stands in Python's buffers. What cannot be written must not keep the command from running.
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            stream.flush()
    _restore_signals()  # after the flush, which SIGPIPE would end together with this process
    _exec(program, command, environ)


def detach(command: Sequence[str], environ: Mapping[str, str], lease: Held) -> int:
    """Start the command as a child that inherits the lease, and do not wait for its end; see `become` for the arguments.

    Returns:
        The exit status 0, as soon as the command runs.

    Raises:
        LaunchError: the command cannot be started.
    """
    program = find_command(command[0], environ)
    runner.release([program, *command[1:]], environ, lease.descriptor)
    return 0


def _exec(program: str, command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    try:
        # The lease stays open: unlike the descriptors that Python opens, its own has no flag to close it here (PEP 446).
        os.execve(program, list(command), environ)
    except OSError as error:
        # The kernel refuses a script without a `#!` line; shells run it with sh, and execvp(3) does too.
        if is_bare_script(program, error):
            os.execve(runner.POSIX_SHELL, [runner.POSIX_SHELL, program, *command[1:]], environ)
        raise refusal(program, error) from error


def _restore_signals() -> None:
    """Undo what Python changed at its start: it ignores SIGPIPE and SIGXFSZ, and `execve` passes an ignored signal on."""
    for name in ("SIGPIPE", "SIGXFSZ"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)
