"""Start a process, read what it prints, and make sure that it does not outlive this one.

A builder may be killed at any moment. A process that it started must not go on writing into a folder that another builder then
removes. On Linux the kernel ends the child together with its parent (`PR_SET_PDEATHSIG`, see prctl(2)). On other systems the
child keeps the builder's lock open, so that other builders wait for it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError
from rezup_api.events import CommandStarted, Reporter, silent
from rezup_api.process import child_statuses
from rezup_api.process.capture import CAN_FOLLOW, Captures
from rezup_api.process.refusals import is_bare_script, program_hint, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    OnLine = Callable[[str], None]

TAIL_LINES = 40
POSIX_SHELL = "/bin/sh"
LOOK_INTERVAL = 0.1
LINUX = sys.platform == "linux"


def _signals(*names: str) -> tuple[int, ...]:
    """The numbers of the signals, without those that this system lacks."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


# `attend` passes these on to the command that it waits for.
FORWARDED = _signals("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGWINCH")
# The terminal sends these to rezup and to the command alike. The command decides what they mean; rezup ignores them.
FROM_TERMINAL = _signals("SIGINT", "SIGQUIT")


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended.

    `status` is its exit status, or the negative number of the signal that ended it. `stdout` is all its output, `tail` the last
    lines of its stderr. `timed_out` says that rezup ended it because its time was over.
    """

    command: tuple[str, ...]
    status: int
    stdout: str
    tail: str
    timed_out: bool = False


class Running:
    """A started process; `wait` collects it, `kill` ends it.

    It writes into files without a name, not into pipes. So it never blocks because nobody reads, a grandchild that still runs
    does not keep us waiting for the end of a pipe, and we need no thread, which would make `preexec_fn` unsafe.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        command: tuple[str, ...],
        files: Captures,
        on_line: OnLine | None,
        *,
        apart: bool,
        ends: float | None = None,
    ) -> None:
        self._popen = popen
        self._command = command
        self._files = files
        self._on_line = on_line
        self._apart = apart and os.name != "nt"
        self._ends = ends
        self._over = False

    def wait(self, timeout: float | None = None) -> Completed:
        """Wait for the end; kill the process after `timeout` seconds, when its time is over, or when the wait is interrupted."""
        limits = [self._ends, None if timeout is None else time.monotonic() + timeout]
        try:
            ended = self._follow(min((limit for limit in limits if limit is not None), default=None))
        except BaseException:
            self.kill()
            raise
        remark = ""
        if ended:
            self._collected()
        else:
            self.kill()
            after = "" if timeout is None else f" after {timeout:g} s"
            remark = f"(rezup ended it{after}, because it had not finished)"
        lines = self._files.stderr.lines()
        with self._files:
            tail = [*lines[-TAIL_LINES:], *([remark] if remark else [])]
            stdout = self._files.stdout.text()
            return Completed(self._command, self._popen.returncode, stdout, "\n".join(tail), not ended)

    def _follow(self, deadline: float | None) -> bool:
        """Wait until the process has ended, and pass on its lines as they come; False when the deadline comes first."""
        passed_on = 0
        while self._popen.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                return False
            following = self._on_line if CAN_FOLLOW else None
            self._pause(None if deadline is None and following is None else LOOK_INTERVAL)
            if following is not None:
                lines = (
                    self._files.stderr.text().rpartition("\n")[0].splitlines()
                )  # without a line that is half written
                for line in lines[passed_on:]:
                    following(line)
                passed_on = len(lines)
        return True

    def _pause(self, seconds: float | None) -> None:
        """Wait until the process ends, or for so many seconds; pidfd_open(2), where there is one, wakes us at the end."""
        if seconds is None:
            self._popen.wait()
            return
        try:
            descriptor = os.pidfd_open(self._popen.pid)
        except (AttributeError, OSError):
            time.sleep(seconds)
            return
        try:
            select.select([descriptor], [], [], seconds)
        finally:
            os.close(descriptor)

    def kill(self) -> None:
        """End the process and collect it: SIGTERM first, SIGKILL 2 s later. One that runs apart ends with its children."""
        self._signal(signal.SIGTERM)
        try:
            self._popen.wait(2.0)
        except subprocess.TimeoutExpired:
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self._popen.wait()
        self._collected()

    def _collected(self) -> None:
        if not self._over:
            self._over = True
            child_statuses.release_statuses()

    def _signal(self, number: int) -> None:
        # Never send to the group of a process that was collected: the kernel may have given its number to another group.
        if self._apart and self._popen.poll() is None:
            os.killpg(self._popen.pid, number)
        else:
            self._popen.send_signal(number)


def start(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    report: Reporter = silent,
    cwd: Path | None = None,
    stdin: str | None = None,
    holding: Collection[int] = (),
    on_line: OnLine | None = None,
    redact: Callable[[str], str] = str,
    apart: bool = False,
    ends: float | None = None,
) -> Running:
    """Start a process.

    Args:
        command: program and arguments.
        environ: the whole environment of the process.
        report: gets a `CommandStarted` with the words of the command.
        cwd: its working folder.
        stdin: the text that it reads; without it, the process reads nothing.
        holding: descriptors of locks that the process keeps open for as long as it runs.
        on_line: called with every line of stderr as it comes, during `wait`.
        redact: strikes credentials out of the reported words.
        apart: run it in a session of its own, without the terminal. Ctrl-C does not reach it, and a signal that it sends to its
            process group does not reach us.
        ends: when its time is over, by `time.monotonic`; None for no limit.

    Raises:
        InstallError: the program cannot be started.
    """
    words = tuple(str(word) for word in command)
    report(CommandStarted(tuple(redact(word) for word in words)))
    child_statuses.keep_statuses()
    try:
        files = Captures(stdin)
    except BaseException:
        child_statuses.release_statuses()
        raise
    running = None
    try:
        with _undisturbed() as mask:
            popen = subprocess.Popen(
                words,
                env=dict(environ),
                cwd=cwd,
                stdin=subprocess.DEVNULL if files.stdin is None else files.stdin.file,
                stdout=files.stdout.file,
                stderr=files.stderr.file,
                pass_fds=tuple(holding) if os.name != "nt" else (),
                preexec_fn=None if os.name == "nt" else _before_exec(os.getpid(), mask),
                start_new_session=apart,
            )
            running = Running(popen, words, files, on_line, apart=apart, ends=ends)
    except BaseException as error:
        if running is not None:
            running.kill()
        else:
            child_statuses.release_statuses()
        files.__exit__()
        if isinstance(error, OSError):
            message = f"cannot start {words[0]}: {error.strerror}"
            raise InstallError(message, program_hint(words[0], error), command=words) from error
        raise
    return running


def _undisturbed() -> AbstractContextManager[Collection[int]]:
    """Put Ctrl-C off during a fork, as `_held_back` does."""
    # Python runs handlers after a fork (`os.register_at_fork`) and in `preexec_fn`. A KeyboardInterrupt that strikes there
    # is printed as ignored and lost, so the user's Ctrl-C would have no effect.
    return _held_back((signal.SIGINT,))


@contextmanager
def _held_back(numbers: Collection[int]) -> Iterator[Collection[int]]:
    """Put signals off until the end of the body; gives the mask of before, which a child must get back before `exec`."""
    if os.name == "nt":
        yield ()
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def attend(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> int:
    """Run `command` on this terminal, wait for it, and pass on the signals that are meant for it.

    Args:
        descriptor: a lease that this process keeps, and that the command inherits (not on Windows).

    Returns:
        The exit status of the command; if a signal ended it, 128 plus the number of the signal, as in a shell.

    Raises:
        LaunchError: the command cannot be started.
    """
    # A signal that arrives before its handler is set would end rezup and leave the command behind; it waits until then.
    with _held_back((*FORWARDED, *FROM_TERMINAL)) as mask:
        child_statuses.keep_statuses()  # before the start: a command that ends at once has a status, too
        child = _popen(command, environ, descriptor, mask)
        for number in FORWARDED:
            signal.signal(number, lambda received, frame: child.send_signal(received))
        for number in FROM_TERMINAL:
            signal.signal(number, signal.SIG_IGN)
    status = child.wait()
    return status if status >= 0 else 128 - status


def release(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> None:
    """Start `command` and do not wait for it; see `attend` for the arguments and errors."""
    child = _popen(command, environ, descriptor)
    child.returncode = 0  # otherwise Python warns that nobody has waited for the process


def leave(command: Sequence[str], environ: Mapping[str, str], stdin: int) -> None:
    """Start a command that reads from an open file and writes nowhere, and do not wait for it; an OSError if that fails."""
    nothing = subprocess.DEVNULL
    apart = getattr(subprocess, "DETACHED_PROCESS", 0)  # of Windows, where it gives the command no console
    child = subprocess.Popen(
        list(command), env=dict(environ), stdin=stdin, stdout=nothing, stderr=nothing, creationflags=apart
    )
    child.returncode = 0


def _popen(
    command: Sequence[str], environ: Mapping[str, str], descriptor: int, mask: Collection[int] | None = None
) -> subprocess.Popen[bytes]:
    """Start the user's command; `mask` is the set of signals that are blocked in it, None for those that are blocked now."""
    posix = os.name != "nt"
    try:
        return subprocess.Popen(
            list(command),
            env=dict(environ),
            pass_fds=(descriptor,) if posix else (),
            restore_signals=True,
            preexec_fn=(lambda: _as_before(mask)) if posix and mask is not None else None,
        )
    except OSError as error:
        if is_bare_script(command[0], error):
            return _popen([POSIX_SHELL, *command], environ, descriptor, mask)
        raise refusal(command[0], error) from error


def _as_before(mask: Collection[int]) -> None:
    """Give the user's command the signals that rezup was started with."""
    if child_statuses.ignores_again():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _before_exec(parent: int, mask: Collection[int]) -> Callable[[], None]:
    """A function for a child to call before `exec`: it lets Ctrl-C through, and on Linux ties the child's life to `parent`."""
    prctl = _prctl() if LINUX else None

    def before_exec() -> None:
        # Before the mask is lifted: a Ctrl-C that has waited must end the child, and not raise KeyboardInterrupt in here,
        # which Python would report to us as an error of `preexec_fn`.
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if prctl is not None:
            prctl(1, signal.SIGKILL, 0, 0, 0)  # 1 is PR_SET_PDEATHSIG
            # A parent that died between the fork and `prctl` sends no signal any more.
            if os.getppid() != parent:
                os._exit(1)

    return before_exec


def _prctl() -> Callable[..., int] | None:
    import ctypes  # here and not in the child, where an import could wait for a lock that nobody releases

    try:
        function: Callable[..., int] = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return function
