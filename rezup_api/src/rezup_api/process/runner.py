"""Start a process, read what it prints, and make sure that it does not outlive us: the only place that does so.

A builder may be killed at any instant. What it started must not go on writing into a folder that another process then clears:
on Linux the kernel ends the child together with its parent (`PR_SET_PDEATHSIG`, see prctl(2)); elsewhere the child keeps the
builder's lock open, which tells others to wait.
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
    """Those of the signals that this system has."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


# Who waits beside a command passes these on to it.
FORWARDED = _signals("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGWINCH")
# The terminal sends these to the whole group; the command decides what they mean, and who waits waits for that.
FROM_TERMINAL = _signals("SIGINT", "SIGQUIT")


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended: its exit status (negative: the signal), what it wrote to stdout, the end of its stderr.

    `timed_out` says that it was ended because its time was up.
    """

    command: tuple[str, ...]
    status: int
    stdout: str
    tail: str
    timed_out: bool = False


class Running:
    """A started process; `wait` collects it, `kill` ends it.

    What it writes goes into anonymous files, not into pipes: nothing blocks while nobody reads, a grandchild that stays keeps
    nobody waiting, and no thread is needed, with which a fork before `exec` would not be safe.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        command: tuple[str, ...],
        files: Captures,
        on_line: OnLine | None,
        *,
        apart: bool,
    ) -> None:
        self._popen = popen
        self._command = command
        self._files = files
        self._on_line = on_line
        self._apart = apart and os.name != "nt"

    def wait(self, timeout: float | None = None) -> Completed:
        """Wait for the end; the process is killed when `timeout` seconds have passed or when the wait is interrupted."""
        try:
            ended = self._follow(None if timeout is None else time.monotonic() + timeout)
        except BaseException:
            self.kill()
            raise
        remark = ""
        if not ended:
            self.kill()
            remark = f"(ended after {timeout:g} s without finishing)"
        lines = self._files.stderr.lines()
        with self._files:
            tail = [*lines[-TAIL_LINES:], *([remark] if remark else [])]
            stdout = self._files.stdout.text()
            return Completed(self._command, self._popen.returncode, stdout, "\n".join(tail), not ended)

    def _follow(self, deadline: float | None) -> bool:
        """Wait until the process has ended, passing on its lines as they come; False when the deadline came first."""
        told = 0
        while self._popen.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                return False
            following = self._on_line if CAN_FOLLOW else None
            self._pause(None if deadline is None and following is None else LOOK_INTERVAL)
            if following is not None:
                lines = self._files.stderr.text().rpartition("\n")[0].splitlines()
                for line in lines[told:]:
                    following(line)
                told = len(lines)
        return True

    def _pause(self, seconds: float | None) -> None:
        """Until the process ends, or the time is over; woken at once where the system can (pidfd_open(2))."""
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
        """End the process, politely first, and collect it; one that runs apart with all that it started."""
        self._signal(signal.SIGTERM)
        try:
            self._popen.wait(2.0)
        except subprocess.TimeoutExpired:
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self._popen.wait()

    def _signal(self, number: int) -> None:
        if self._apart and self._popen.poll() is None:  # until it is collected, the group's number is nobody else's
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
) -> Running:
    """Start a process.

    Args:
        command: program and arguments.
        environ: the whole environment of the process.
        cwd: its working folder.
        stdin: text given to it; without, it reads nothing.
        holding: descriptors of locks that it keeps open for as long as it runs.
        on_line: called with every line of stderr as it comes, during `wait`.
        redact: strikes credentials out of what is reported.
        apart: in a session of its own, without the terminal: Ctrl-C does not reach it, and what it does to its group
            does not reach us.

    Raises:
        InstallError: the program cannot be started.
    """
    words = tuple(str(word) for word in command)
    report(CommandStarted(tuple(redact(word) for word in words)))
    files = Captures(stdin)
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
            running = Running(popen, words, files, on_line, apart=apart)
    except BaseException as error:
        if running is not None:
            running.kill()
        files.__exit__()
        if isinstance(error, OSError):
            told = f"cannot start {words[0]}: {error.strerror}"
            raise InstallError(told, program_hint(words[0], error), command=words) from error
        raise
    return running


def _undisturbed() -> AbstractContextManager[Collection[int]]:
    """Put Ctrl-C off for the time of a fork: where it strikes in what runs after one, Python only says that it ignored it.

    Gives the signals that were blocked before.
    """
    return _held_back((signal.SIGINT,))


@contextmanager
def _held_back(numbers: Collection[int]) -> Iterator[Collection[int]]:
    """Put signals off until the end of the body; gives those that were blocked before, which a child is to inherit."""
    if os.name == "nt":
        yield ()
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def attend(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> int:
    """Run `command` on this terminal and wait for it, passing on the signals that are meant for it.

    Args:
        descriptor: a lease that this process keeps, and the command inherits where the system knows inheritance.

    Returns:
        Its exit status; 128 and the signal's number if one ended it.

    Raises:
        LaunchError: it cannot be started.
    """
    with _held_back((*FORWARDED, *FROM_TERMINAL)) as mask:
        child = _popen(command, environ, descriptor, mask)
        if hasattr(signal, "SIGCHLD"):
            signal.signal(
                signal.SIGCHLD, signal.SIG_DFL
            )  # where the caller ignores it, nobody could wait for the command
        for number in FORWARDED:
            signal.signal(number, lambda received, frame: child.send_signal(received))
        for number in FROM_TERMINAL:
            signal.signal(number, signal.SIG_IGN)
    status = child.wait()
    return status if status >= 0 else 128 - status


def release(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> None:
    """Start `command` and leave it to itself; see `attend` for the arguments and errors."""
    child = _popen(command, environ, descriptor)
    child.returncode = 0  # nobody will wait for it; without this, Python warns of that


def _popen(
    command: Sequence[str], environ: Mapping[str, str], descriptor: int, mask: Collection[int] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command of the user's; `mask` holds the signals that it has blocked, None for those that are now."""
    posix = os.name != "nt"
    try:
        return subprocess.Popen(
            list(command),
            env=dict(environ),
            pass_fds=(descriptor,) if posix else (),
            restore_signals=True,
            preexec_fn=(lambda: signal.pthread_sigmask(signal.SIG_SETMASK, mask))
            if posix and mask is not None
            else None,
        )
    except OSError as error:
        if is_bare_script(command[0], error):
            return _popen([POSIX_SHELL, *command], environ, descriptor, mask)
        raise refusal(command[0], error) from error


def _before_exec(parent: int, mask: Collection[int]) -> Callable[[], None]:
    """What a child does before `exec`: let Ctrl-C through again, and on Linux ask the kernel to kill it when `parent` ends."""
    prctl = _prctl() if LINUX else None

    def before_exec() -> None:
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # not Python's way, which would be an error of ours
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if prctl is not None:
            prctl(1, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it died between fork and here: nobody will tell us
                os._exit(1)

    return before_exec


def _prctl() -> Callable[..., int] | None:
    import ctypes

    try:
        function: Callable[..., int] = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return function
