"""Files without a name: what a started process reads from and writes into, instead of pipes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

# Whether a file can be read while a process writes into it.
CAN_FOLLOW = hasattr(os, "pread")


class Captured:
    """One file."""

    def __init__(self) -> None:
        self.file: IO[bytes] = _anonymous_file()

    def text(self) -> str:
        """All that was written so far.

        The process writes where this file's position is, so reading must not move it (pread(2)); without that, as on Windows,
        only what has ended is read.
        """
        size = os.fstat(self.file.fileno()).st_size
        if CAN_FOLLOW:
            return os.pread(self.file.fileno(), size, 0).decode("utf-8", "replace")
        self.file.seek(0)
        return self.file.read(size).decode("utf-8", "replace")

    def lines(self) -> list[str]:
        """The lines that were written so far."""
        return self.text().splitlines()


def _anonymous_file() -> IO[bytes]:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("rezup"), "w+b", buffering=0)
    import tempfile

    return tempfile.TemporaryFile(buffering=0)


class Captures:
    """All that one process reads and writes, closed together.

    Args:
        stdin: what it reads; None when it reads nothing.
    """

    def __init__(self, stdin: str | None) -> None:
        self.stdout = Captured()
        self.stderr = Captured()
        self.stdin = None
        if stdin is not None:
            self.stdin = Captured()
            self.stdin.file.write(stdin.encode("utf-8", "surrogateescape"))
            self.stdin.file.seek(0)

    def __enter__(self) -> Captures:
        return self

    def __exit__(self, *exception: object) -> None:
        for captured in (self.stdin, self.stdout, self.stderr):
            if captured is not None:
                captured.file.close()
