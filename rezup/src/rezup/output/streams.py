"""The standard streams: messages that never fail, streams that a caller has closed, and output that goes aside."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds to wait until the reader of a message has made room for it, where writing does not wait by itself.
PATIENCE = 1.0


class _Unfailing(io.FileIO):
    """A file for messages, where writing never fails: a message that nobody can read must not decide what rezup does."""

    def write(self, data: Any) -> int:
        """Write what can be written; the length of all of it."""
        try:
            while (written := super().write(data)) is None:  # the reader of a pipe that does not block is slow
                import select

                if not select.select([], [self], [], PATIENCE)[1]:
                    return len(data)
        except OSError:  # the disk is full, or the reader or the terminal has gone
            return len(data)
        return written


def _unfailing(like: Any, descriptor: int) -> io.TextIOWrapper:
    """A stream for messages to an open descriptor, with the encoding of the stream `like`; see `_Unfailing`."""
    raw = io.BufferedWriter(_Unfailing(descriptor, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=like.encoding, errors=like.errors, line_buffering=True)


def complete_streams() -> None:
    """Make stderr a stream that never fails, and open the null device for each standard stream that the caller has closed.

    Otherwise the next file that rezup opens would get the number of the stream, and output would go into that file. Python closes
    these descriptors on `exec`, so that the command finds the streams closed, as the caller left them.
    """
    if sys.stderr is not None and sys.stderr is sys.__stderr__:
        sys.stderr = _unfailing(sys.stderr, 2)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


@contextmanager
def printing_aside() -> Iterator[None]:
    """Send what the site-customize script prints to stderr, because another program may read the output of the command."""
    # The descriptor is redirected, not `sys.stdout`: the script may start programs that print.
    sys.stdout.flush()
    stream, stdout = sys.stdout, os.dup(1)
    os.dup2(2, 1)
    if stream is sys.__stdout__:
        sys.stdout = _unfailing(
            stream, 1
        )  # as stderr is: what cannot be written must not stay for the output of the command
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stdout = stream
        os.dup2(stdout, 1)
        os.close(stdout)
