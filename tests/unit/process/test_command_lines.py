"""The words for a shell, and how a process has ended."""

from __future__ import annotations

import os
import subprocess

import pytest

from rezup_api.process.command_lines import ending, shell_words


def test_the_shell_runs_the_line_as_it_stands() -> None:
    done = subprocess.run(shell_words("echo one && exit 3"), capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("one", 3)
    assert shell_words("x")[0] == ("cmd" if os.name == "nt" else "/bin/sh")


@pytest.mark.parametrize(("status", "text"), [(3, "exit status 3"), (-9, "ended by signal 9")])
def test_a_status_is_told_in_words(status: int, text: str) -> None:
    assert ending(status) == text
