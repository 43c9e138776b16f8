"""Programs that stand in for uv, pip and others: they write down how they were called, and answer as they are told."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
import json, os, sys
with open({calls!r}, "a") as stream:
    stream.write(json.dumps({{"words": sys.argv[1:], "environ": dict(os.environ)}}) + "\\n")
words = " ".join(sys.argv[1:])
for wanted, status, out, err in json.load(open({answers!r})):
    if wanted in words:
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(status)
"""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A program at `path`.

    Args:
        path: where it can be run.
        folder: what it writes down and reads.
    """

    path: Path
    folder: Path

    def answer(self, *answers: tuple[str, int, str, str]) -> None:
        """Have it answer: the first whose text stands in its words gives the status, the output and the errors."""
        (self.folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")

    @property
    def calls(self) -> list[list[str]]:
        """The words of every call so far."""
        return [call["words"] for call in self._told()]

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the last call."""
        found: dict[str, str] = self._told()[-1]["environ"]
        return found

    def _told(self) -> list[dict[str, Any]]:
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def stand_in(path: Path, folder: Path) -> StandIn:
    """Write a program, which does nothing and succeeds until it is told otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    program = folder / "program.py"
    text = PROGRAM.format(calls=str(folder / "calls.jsonl"), answers=str(folder / "answers.json"))
    program.write_text(text, encoding="utf-8")
    command = shlex.join([sys.executable, "-I", "-S", str(program)])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    made = StandIn(path, folder)
    made.answer()
    return made


def value_of(words: list[str], option: str) -> str:
    """The word behind an option."""
    return words[words.index(option) + 1]
