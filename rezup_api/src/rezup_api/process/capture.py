"""Connect a started process to files without a name instead of pipes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

# Whether a file can be read while a process writes into it.
CAN_FOLLOW = hasattr(os, "pread")


class Captured:
    """One file without a name; the system removes it when the last process that has it open ends."""

    def __init__(self) -> None:
        self.file: IO[bytes] = _anonymous_file()

    def text(self) -> str:
        """All that was written so far. Where `CAN_FOLLOW` is False, call it only after the process has ended."""
        size = os.fstat(self.file.fileno()).st_size
        # The process shares the position of this file and writes where it stands, so reading must not move it (pread(2)):
        # after a `seek` here, the process would write over its earlier output.
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
    """The files from which one process reads and into which it writes, closed together.

    Args:
        stdin: the text that the process reads; None when it reads nothing.
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
