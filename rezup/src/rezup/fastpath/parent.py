"""The parent process, which decides which shell is opened for a user; few launches ask for it."""

import os


def parent_words() -> "tuple[str, ...]":
    """The command line of the parent process; empty if it cannot be read."""
    try:
        with open(f"/proc/{os.getppid()}/cmdline", "rb") as stream:
            return tuple([os.fsdecode(word) for word in stream.read().split(b"\0")[:-1]])
    except OSError:
        return ()
