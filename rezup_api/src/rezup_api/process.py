"""Start a process, read what it prints, and make sure that it does not outlive us: the only place that does so.

A builder may be killed at any instant. What it started must not go on writing into a folder that another process then clears:
on Linux the kernel ends the child together with its parent (`PR_SET_PDEATHSIG`, see prctl(2)); elsewhere the child keeps the
builder's lock open, which tells others to wait.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError, LaunchError
from rezup_api.events import CommandStarted, Reporter, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import IO

TAIL_LINES = 40
LINUX = sys.platform.startswith("linux")


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended: its exit status (negative: the signal), what it wrote to stdout, the end of its stderr."""

    command: tuple[str, ...]
    status: int
    stdout: str
    tail: str


class Running:
    """A started process; `wait` collects it, `kill` ends it."""

    def __init__(self, popen: subprocess.Popen[str], command: tuple[str, ...], on_line: Callable[[str], None] | None):
        self._popen = popen
        self._command = command
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._stdout: list[str] = []
        self._threads = (
            threading.Thread(target=self._read_stderr, args=(popen.stderr, on_line), daemon=True),
            threading.Thread(target=self._read_stdout, args=(popen.stdout,), daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def _read_stderr(self, stream: IO[str], on_line: Callable[[str], None] | None) -> None:
        for line in stream:
            self._tail.append(line.rstrip("\n"))
            if on_line is not None:
                on_line(line.rstrip("\n"))

    def _read_stdout(self, stream: IO[str]) -> None:
        self._stdout.append(stream.read())

    def wait(self, timeout: float | None = None) -> Completed:
        """Wait for the end; the process is killed when `timeout` seconds have passed or when the wait is interrupted."""
        try:
            status = self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._completed(-int(signal.SIGTERM), f"(ended after {timeout:g} s without finishing)")
        except BaseException:
            self.kill()
            raise
        return self._completed(status)

    def _completed(self, status: int, remark: str = "") -> Completed:
        for thread in self._threads:
            # A grandchild may keep the pipe open for ever; what the process itself wrote has arrived by then.
            thread.join(2.0)
        tail = "\n".join([*self._tail, remark] if remark else self._tail)
        return Completed(self._command, status, "".join(self._stdout), tail)

    def kill(self) -> None:
        """End the process, politely first, and collect it."""
        self._popen.terminate()
        try:
            self._popen.wait(2.0)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def start(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    report: Reporter = silent,
    cwd: Path | None = None,
    stdin: str | None = None,
    holding: Collection[int] = (),
    on_line: Callable[[str], None] | None = None,
    redact: Callable[[str], str] = str,
) -> Running:
    """Start a process.

    Args:
        command: program and arguments.
        environ: the whole environment of the process.
        cwd: its working folder.
        stdin: text given to it; without, it reads nothing.
        holding: descriptors of locks that it keeps open for as long as it runs.
        on_line: called with every line of stderr as it comes, from another thread.
        redact: strikes credentials out of what is reported.

    Raises:
        InstallError: the program cannot be started.
    """
    words = tuple(str(word) for word in command)
    report(CommandStarted(tuple(redact(word) for word in words)))
    try:
        popen = subprocess.Popen(
            words,
            env=dict(environ),
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            pass_fds=tuple(holding) if os.name != "nt" else (),
            preexec_fn=_end_with_parent(os.getpid()) if LINUX else None,
        )
    except OSError as error:
        raise InstallError(f"cannot start {words[0]}: {error.strerror}", command=words) from error
    running = Running(popen, words, on_line)
    if stdin is not None and popen.stdin is not None:
        _feed(popen.stdin, stdin)
    return running


def run(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    report: Reporter = silent,
    cwd: Path | None = None,
    stdin: str | None = None,
    holding: Collection[int] = (),
    on_line: Callable[[str], None] | None = None,
    redact: Callable[[str], str] = str,
    timeout: float | None = None,
) -> Completed:
    """Start a process and wait for it; see `start`. `timeout` in seconds."""
    running = start(
        command,
        environ=environ,
        report=report,
        cwd=cwd,
        stdin=stdin,
        holding=holding,
        on_line=on_line,
        redact=redact,
    )
    return running.wait(timeout)


def attend(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> int:
    """Run `command` on this terminal and wait for it, passing on the signals that are meant for it.

    Args:
        descriptor: a lease that this process keeps, and the command inherits where the system knows inheritance.

    Returns:
        Its exit status; 128 and the signal's number if one ended it.

    Raises:
        LaunchError: it cannot be started.
    """
    child = _popen(command, environ, descriptor)
    for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGWINCH"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda received, frame: child.send_signal(received))
    # The terminal sends these to the whole group; the command decides what they mean, and we wait for that.
    for name in ("SIGINT", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
    status = child.wait()
    return status if status >= 0 else 128 - status


def release(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> None:
    """Start `command` and leave it to itself; see `attend` for the arguments and errors."""
    child = _popen(command, environ, descriptor)
    child.returncode = 0  # nobody will wait for it; without this, Python warns of that


def _popen(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(command), env=dict(environ), pass_fds=(descriptor,) if os.name != "nt" else (), restore_signals=True
        )
    except OSError as error:
        raise LaunchError(f"cannot run {command[0]}: {error.strerror}", status=126) from error


def _feed(stream: IO[str], text: str) -> None:
    try:
        stream.write(text)
        stream.close()
    except BrokenPipeError:
        pass  # it ended without reading; its status tells why


def _end_with_parent(parent: int) -> Callable[[], None] | None:
    """What a child does before `exec` so that the kernel kills it when `parent` ends."""
    import ctypes

    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None

    def before_exec() -> None:
        prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and here: nobody will tell us
            os._exit(1)

    return before_exec
