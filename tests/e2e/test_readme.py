"""The first session of the README: its commands are run, and print what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

README = Path(__file__).resolve().parents[2] / "README.md"
HOME = "/home/ana"
# What differs from one machine and moment to the next; the order matters.
VARYING = (
    (r" +", " "),
    (r"\d{10}\.\d{6}", "TIMESTAMP"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d \S+", "MADE BY"),
    (r"\(\d+\.\d s\)", "(TIME)"),
    (r"\d+\.\d MiB", "SIZE"),
    (r"python\d\.\d+", "pythonX"),
    (r"\b\d+\.\d+(\.\d+)?\b", "VERSION"),
)


def session() -> list[tuple[list[str], str]]:
    """The command lines of the section, each with the output below it."""
    section = README.read_text(encoding="utf-8").partition("\n## A first session\n")[2].partition("\n## ")[0]
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            found.append((shlex.split(line), output))
    return found


def normalised(text: str) -> list[str]:
    """Lines in which what varies is replaced by a word."""
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.splitlines()]


def test_the_first_session(cold_machine: Machine) -> None:
    commands = session()
    assert len(commands) >= 6
    for words, expected in commands:
        assert words[0] == "rezup"
        # Rez folds its output to the width of the terminal.
        done = cold_machine.run(*words[1:], COLUMNS="1000")
        printed = (done.stderr + done.stdout).replace(str(cold_machine.home), HOME)
        assert normalised(printed) == normalised(expected), words
