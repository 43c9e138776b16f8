"""A program on a terminal of its own: what it shows, what is typed into it, and how it ends."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

# Run by the child between fork and its program: a session and a controlling terminal of its own, as a login has them.
_ENTRY = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execve(sys.argv[1], sys.argv[1:], os.environb)
"""
_CONTROL = re.compile(r"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]")


class Terminal:
    """A running program, its terminal 200 columns wide; ends with the `with` block.

    Args:
        command: the program's absolute path, and its arguments.
        environ: its whole environment.
        cwd: its working folder.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> None:
        import fcntl
        import termios

        self._master, child = os.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ENTRY, *command],
            env=dict(environ),
            cwd=cwd,
            stdin=child,
            stdout=child,
            stderr=child,
        )
        os.close(child)
        self._seen = b""
        self._read = 0

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._master)
        self.process.kill()
        self.process.wait()

    @property
    def raw(self) -> str:
        """All that was shown so far, with the sequences that move the cursor and set colours."""
        return self._seen.decode("utf-8", "replace")

    @property
    def shown(self) -> str:
        """All that was shown so far, as plain text."""
        return _CONTROL.sub("", self.raw).replace("\r", "")

    def type(self, line: str) -> None:
        """Type a line and press enter."""
        os.write(self._master, line.encode("utf-8") + b"\r")

    def press(self, keys: str) -> None:
        """Type without pressing enter."""
        os.write(self._master, keys.encode("utf-8"))

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._master, b"\x03")

    def interrupt_until(self, pattern: str) -> None:
        """Press Ctrl-C until that shows, as a person would."""
        deadline = time.monotonic() + 60
        while re.compile(pattern).search(self.shown, self._read) is None and time.monotonic() < deadline:
            self.interrupt()
            self.drain(1)
        self.expect(pattern, timeout=1)

    def hang_up(self) -> None:
        """Close the terminal while the program still runs."""
        os.close(self._master)

    def end_input(self) -> None:
        """Press Ctrl-D."""
        os.write(self._master, b"\x04")

    def expect(self, pattern: str, timeout: float = 60) -> re.Match[str]:
        """Wait until something that was not yet expected shows, and return where."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.compile(pattern).search(self.shown, self._read)
            if found is not None:
                self._read = found.end()
                return found
            assert self._more(deadline), f"{pattern!r} did not show:\n{self.shown}"

    def drain(self, seconds: float) -> None:
        """Take in what is shown, for so long."""
        deadline = time.monotonic() + seconds
        while self._more(deadline):
            pass

    def wait(self, timeout: float = 60) -> int:
        """Wait until the program has ended; its status, negative for a signal."""
        deadline = time.monotonic() + timeout
        while self._more(deadline):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def _more(self, deadline: float) -> bool:
        """Read what comes next; False at the end, or when it is too late."""
        if not select.select([self._master], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # Linux says so when the last one has closed the terminal
            return False
        self._seen += piece
        return bool(piece)
