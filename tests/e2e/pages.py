"""Pages of the documentation, followed by somebody who does what they say: files are written, commands run, output compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.conftest import Machine

HOME = "/home/ana"
# What differs from one machine and moment to the next; the order matters.
VARYING = (
    (r" +", " "),
    (r"-{2,}", "--"),
    (r"\d{10}\.\d{6}", "TIMESTAMP"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d \S+", "MADE BY"),
    (r"(now|\d+ (minute|hour|day|week|month|year)s?) MADE BY", "AGE MADE BY"),
    (r"\(\d+\.\d s\)", "(TIME)"),
    (r"\d+(\.\d+)? ([KM]i?b|MiB|bytes|seconds?)", "SIZE"),
    (r"python\d\.\d+", "pythonX"),
    (r"\b\d+\.\d+(\.\d+)?\b", "VERSION"),
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?:#!.*\n)?# (at the end of )?(~/\S+)\n")


def normalised(text: str) -> list[str]:
    """Lines in which what varies is replaced by a word."""
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.splitlines()]


def lines_of(text: str) -> Iterator[tuple[str, str, str]]:
    """The command lines of a console block: the container in the prompt, what is typed, and the output below it."""
    parts = re.split(r"^(?:\((\w+)\) )?\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    for prompt, line, output in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        yield prompt or "", line, output


def fits(expected: list[str], printed: list[str]) -> bool:
    """Whether lines are as expected, where a line `...` stands for any others and `...` in one for any text."""
    any_text = re.escape("...")
    patterns = (r"(?:.*\n)*" if line == "..." else re.escape(line).replace(any_text, ".*") + r"\n" for line in expected)
    return re.fullmatch("".join(patterns), "".join(f"{line}\n" for line in printed)) is not None


@dataclass
class Reader:
    """Somebody who does what a page says, in its order.

    Args:
        machine: whose home folder it is done in.
        programs: a folder that is first on PATH.
        changed: what the page names and this machine has otherwise, an address say: both ways, in files and in what is printed.
    """

    machine: Machine
    programs: Path | None = None
    changed: Mapping[str, str] = field(default_factory=dict)
    commands: int = 0

    def __post_init__(self) -> None:
        self._folder = self.machine.home

    def follow(self, page: str) -> None:
        """Write the files, type the commands, and compare what is printed."""
        for kind, text in BLOCK.findall(page):
            named = NAMED.match(text)
            if named is not None:
                self._write(text, named)
            elif kind == "console":
                for prompt, line, expected in lines_of(text):
                    self._type(prompt, line, expected)

    def _write(self, text: str, named: re.Match[str]) -> None:
        path = self.machine.home / named[2].removeprefix("~/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if named[1]:
            text = path.read_text(encoding="utf-8") + text
        for there, here in self.changed.items():
            text = text.replace(there, here)
        path.write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            path.chmod(0o755)

    def _type(self, prompt: str, line: str, expected: str) -> None:
        self.commands += 1
        if line == "exit" or re.fullmatch(r"rezup use \w+", line):
            return  # the prompt says in which container the next commands are typed
        script = f'{line}; status=$?; pwd >"{self.machine.home}/.folder"; exit $status'
        # The `rezup` of the page is the one that is tested.
        ours = f'rezup() {{ {shlex.join(self.machine.command())} "$@"; }}; '
        command = (
            self.machine.command("use", prompt, "--", "sh", "-c", script) if prompt else ["sh", "-c", ours + script]
        )
        done = subprocess.run(
            command,
            env=self._environ,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = self._as_on_the_page(done.stderr + done.stdout)
        assert done.returncode == 0, f"{line}\n{printed}"
        assert fits(normalised(expected), normalised(printed)), f"{line}\nexpected:\n{expected}\nprinted:\n{printed}"
        self._folder = Path((self.machine.home / ".folder").read_text(encoding="utf-8").strip())

    @property
    def _environ(self) -> dict[str, str]:
        path = os.environ["PATH"]
        # Rez folds its output to the width of the terminal.
        environ = {**self.machine.environ, "COLUMNS": "1000"}
        return {**environ, "PATH": f"{self.programs}{os.pathsep}{path}" if self.programs else path}

    def _as_on_the_page(self, printed: str) -> str:
        for there, here in (*self.changed.items(), (HOME, str(self.machine.home))):
            printed = printed.replace(here, there)
        return printed
