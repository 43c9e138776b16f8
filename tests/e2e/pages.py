"""Pages of the documentation, followed by somebody who does what they say: files are written, commands run, output compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tests.e2e.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# What differs from one machine and moment to the next; the order matters.
VARYING = (
    (r" +", " "),
    (r"-{2,}", "--"),
    (r"\d{10}\.\d{6,7}", "TIMESTAMP"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d \S+", "MADE BY"),
    (r"(now|\d+ (minute|hour|day|week|month|year)s?) MADE BY", "AGE MADE BY"),
    (r"\(\d+\.\d s\)", "(TIME)"),
    (r"\d+(\.\d+)? ([KM]i?[bB]|bytes|seconds?)", "SIZE"),
    (r"python\d\.\d+", "pythonX"),
    (r"\b\d+\.\d+(\.\d+)?\b", "VERSION"),
    (r"\d+ (wheels|files|more packages)", r"N \1"),
    (r"process \d+, \w+", "PROCESS"),
    (r"published by \w+", "published by SOMEBODY"),
)
BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)
NAMED = re.compile(r"(?:#!.*\n)?# (?P<more>at the end of )?(?P<path>~/\S+)(?:,.*)?\n")
PROMPT = re.compile(r"^(?:\((?P<container>[.\w]+)\) )?\$ (?P<line>.*)\n", re.MULTILINE)
SHELLS = ("sh", "bash", "zsh", "fish")
ENTERING = re.compile(r"rezup(?: use (?P<target>[^\s-]\S*))?")
QUESTION = re.compile(r"\[y/N\] (?P<answer>\w+)$", re.MULTILINE)


class Spot(NamedTuple):
    """A place on a page.

    Args:
        heading: the last heading above it.
        line: the command line as it is printed, without its prompt; of a block that has no prompts the first line.
    """

    heading: str
    line: str


class User(Protocol):
    """Whose home folder a page is followed in."""

    home: Path
    variables: dict[str, str]

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every command."""

    def command(self, *words: str) -> list[str]:
        """The command line of rezup."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: the heading above it, what its fence says, and its text without the indentation of a list."""

    heading: str
    kind: str
    text: str

    @property
    def spot(self) -> Spot:
        """Where it begins."""
        found = PROMPT.match(self.text) if self.kind in {"console", "text"} else None
        return Spot(self.heading, found["line"] if found else self.text.partition("\n")[0])

    @property
    def is_typed(self) -> bool:
        """Whether it shows command lines behind prompts."""
        return self.kind in {"console", "text"} and PROMPT.search(self.text) is not None


def blocks_of(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in its order."""
    ends = [(match.start(), match.end()) for match in BLOCK.finditer(page)]
    inside = [match for match in HEADING.finditer(page) if not any(start < match.start() < end for start, end in ends)]
    for match in BLOCK.finditer(page):
        above = [heading["text"] for heading in inside if heading.start() < match.start()]
        yield Block(above[-1] if above else "", match["kind"], textwrap.dedent(match["text"]))


def normalised(text: str, varying: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Lines in which what varies is replaced by a word."""
    for pattern, word in (*VARYING, *varying):
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.splitlines()]


def lines_of(text: str) -> Iterator[tuple[str, str, str]]:
    """The command lines of a console block: the container in the prompt, what is typed, and the output below it."""
    parts = PROMPT.split(text)[1:]
    for prompt, line, output in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        yield prompt or "", line, output


def fits(expected: list[str], printed: list[str]) -> bool:
    """Whether lines are as expected, where a line `...` stands for any others and `...` in one for any text."""
    any_text = re.escape("...")
    patterns = (
        r"(?:.*\n)*" if line.strip() == "..." else re.escape(line).replace(any_text, ".*") + r"\n" for line in expected
    )
    return re.fullmatch("".join(patterns), "".join(f"{line}\n" for line in printed)) is not None


def succeeds(expected: str) -> bool:
    """Whether a command whose output this is has succeeded: rezup and Python say so when they have not."""
    return re.search(r"^(rezup: (?!warning: )|Traceback )", expected, re.MULTILINE) is None


@dataclass
class Reader:
    """Somebody who does what a page says, in its order, in one terminal.

    No mode of a file is set: where a script is to be run, the page has to say `chmod +x`. What a block exports, and the folder
    that it goes to, hold for the blocks below it. The reader is in the container that the prompt names, and in those around it.

    Args:
        machine: whose home folder it is done in.
        programs: a folder that is first on PATH.
        changed: what the page names and this machine has otherwise, an address say, in files, command lines, and what is printed.
        varying: patterns, and words, for what varies on this page alone.
        before: what happens elsewhere, or is told in prose, before the line is typed.
        not_run: the blocks that are passed over, and why.
        statuses: the exit statuses of lines that tell by them alone that something is wrong.
        shell: the program that runs blocks of `sh`.
    """

    machine: User
    programs: Path | None = None
    changed: Mapping[str, str] = field(default_factory=dict)
    varying: Sequence[tuple[str, str]] = ()
    before: Mapping[Spot, Callable[[Reader], None]] = field(default_factory=dict)
    not_run: Mapping[Spot, str] = field(default_factory=dict)
    statuses: Mapping[Spot, int] = field(default_factory=dict)
    shell: str = "sh"
    commands: int = 0

    def __post_init__(self) -> None:
        self._state = Path()
        self._spots: set[Spot] = set()

    def move_to(self, machine: User) -> None:
        """Sit down at another machine, in a new terminal."""
        self.machine = machine
        self._folder = machine.home
        self._inside: list[str] = []
        self._last = ""
        own = self._path("bin")
        own.mkdir(exist_ok=True)
        rezup = own / "rezup"  # the `rezup` of the page is the one that is tested
        rezup.write_text(f'#!/bin/sh\nexec {shlex.join(machine.command())} "$@"\n', encoding="utf-8")
        rezup.chmod(0o755)
        first = f"{own}{os.pathsep}{self.programs}" if self.programs else str(own)
        # Rez folds its output to the width of the terminal.
        told = {"LOGNAME": "ana", "COLUMNS": "1000", "PATH": f"{first}{os.pathsep}{os.environ['PATH']}"}
        self.environ = {**machine.environ, **told, **machine.variables}

    def follow(self, page: str) -> None:
        """Write the files, type the commands, and compare what is printed; everything that was announced must be there."""
        with tempfile.TemporaryDirectory() as state:
            self._state = Path(state)
            self.move_to(self.machine)
            for block in blocks_of(page):
                self._follow(block)
        announced = {*self.before, *self.not_run, *self.statuses}
        assert announced <= self._spots, f"the page has no such lines: {announced - self._spots}"

    def _follow(self, block: Block) -> None:
        if block.spot in self.not_run:
            self._spots.add(block.spot)
        elif (named := NAMED.match(block.text)) is not None:
            self._prepare(block.spot)
            self._write(block.text, named)
        elif block.is_typed:
            for prompt, line, expected in lines_of(block.text):
                self._type(Spot(block.heading, line), prompt, expected)
        elif block.kind in SHELLS:
            self._prepare(block.spot)
            self._run_script(block)
        else:
            assert block.kind != "python", f"{block.spot}: give the file a name, and run it"

    def _prepare(self, spot: Spot) -> None:
        if spot in self.before and spot not in self._spots:
            self.before[spot](self)
        self._spots.add(spot)

    def here(self, text: str) -> str:
        """A text of the page as it is for this machine."""
        for there, here in self.changed.items():
            text = text.replace(there, here)
        return text

    def _path(self, name: str) -> Path:
        return self._state / name

    def _write(self, text: str, named: re.Match[str]) -> None:
        path = self.machine.home / named["path"].removeprefix("~/")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = self.here(text)
        if named["more"]:
            text = path.read_text(encoding="utf-8") + text
        path.write_text(text, encoding="utf-8")

    def _run_script(self, block: Block) -> None:
        assert not self._inside, f"{block.spot}: the page has left its reader in {self._inside}"
        self.commands += 1
        shell = self.shell if block.kind == "sh" else block.kind
        text = self.here(block.text)
        if shell == "fish":
            text = "".join(f"{line}\nor exit\n" for line in text.splitlines())
        words = [shell, "-c" if shell == "fish" else "-ec", f"{text}\n{self._keep_state()}"]
        done = self._run(words)
        assert done.returncode == 0, f"{block.text}\n{done.stderr}{done.stdout}"
        self._take_state()

    def _type(self, spot: Spot, prompt: str, expected: str) -> None:
        line = spot.line
        if prompt and prompt not in self._inside and re.match(rf"rezup add {re.escape(prompt)}\b", self._last):
            self._inside.append(prompt)  # as on a terminal, where `add` enters what it has made
        assert prompt == (self._inside[-1].partition("@")[0] if self._inside else ""), (
            f"{spot}: who types it is not there"
        )
        self._prepare(spot)
        self._last = line
        self.commands += 1
        if line == "exit":
            self._inside.pop()
            return
        entering = ENTERING.fullmatch(line)
        if entering is not None:
            line = f"rezup use {entering['target'] or '.main'} -- true"
        status, printed = self._answer(line, QUESTION.search(expected))
        printed = self._as_on_the_page(printed)
        if spot in self.statuses:
            assert status == self.statuses[spot], f"{line}\n{printed}"
        else:
            assert (status == 0) is succeeds(expected), f"{line}: {status}\n{printed}"
        page, told = (normalised(text, self.varying) for text in (expected, printed))
        assert fits(page, told), f"{line}\nexpected:\n{expected}\nprinted:\n{printed}\n{page}\n{told}"
        if entering is not None:
            self._inside.append(entering["target"] or ".main")

    def _answer(self, line: str, question: re.Match[str] | None) -> tuple[int, str]:
        """What a line answers, its exit status and what it prints; on a terminal where it is to ask something."""
        rezup = str(self._path("bin") / "rezup")
        entered = [word for target in self._inside for word in (rezup, "use", target, "--")]
        keep = f'pwd >"{self._path("folder")}"' if self._inside else self._keep_state()
        words = [*entered, "sh", "-c", f"{self.here(line)}\nstatus=$?; {keep}; exit $status"]
        if question is None:
            done = self._run(words)
            status, printed = done.returncode, done.stderr + done.stdout
        else:
            environ = {**self.environ, "TERM": "xterm"}
            with Terminal(["/usr/bin/env", *words], environ, self._folder) as terminal:
                terminal.expect(r"\[y/N\] ")
                terminal.type(question["answer"])
                status = terminal.wait()
                printed = terminal.shown
        self._take_state()
        return status, printed

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            env=self.environ,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def _keep_state(self) -> str:
        return f'pwd >"{self._path("folder")}"; env -0 >"{self._path("environ")}"'

    def _take_state(self) -> None:
        """What holds for the next line: the folder, and outside of sessions the environment."""
        folder, environ = self._path("folder"), self._path("environ")
        if folder.exists():
            self._folder = Path(folder.read_text(encoding="utf-8").strip())
        if environ.exists():
            pairs = (pair.partition("=") for pair in environ.read_text(encoding="utf-8").split("\0") if pair)
            self.environ = {name: value for name, _, value in pairs if name not in {"_", "SHLVL", "PWD", "OLDPWD"}}
        for path in (folder, environ):
            path.unlink(missing_ok=True)

    def _as_on_the_page(self, printed: str) -> str:
        home = f"/home/{self.environ['LOGNAME']}"
        for there, here in (*self.changed.items(), (home, str(self.machine.home))):
            printed = printed.replace(here, there)
        return printed
