"""Make the words that let a shell run a command line, and say in words how a process has ended."""

from __future__ import annotations

import os

from rezup_api.process.runner import POSIX_SHELL


def shell_words(command: str) -> list[str]:
    """The words that let the shell of this system run a command line."""
    return ["cmd", "/d", "/c", command] if os.name == "nt" else [POSIX_SHELL, "-c", command]


def ending(status: int) -> str:
    """How a process has ended, in words; see `runner.Completed` for the status."""
    return f"exit status {status}" if status > 0 else f"ended by signal {-status}"
