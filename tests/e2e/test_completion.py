"""Completion in real shells: keys are pressed on a terminal, and what stands on the line then is looked at."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import rezup_command
from tests.e2e.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX terminal")

CTRL_U, TAB, TELL = "\x15", "\t", "\x18\x14"  # Ctrl-X Ctrl-T: write the line to a file
STARTED = {
    "bash": (
        ["--norc", "-i"],
        'bind -x \'"\\C-x\\C-t": printf "%s" "$READLINE_LINE" > told.part; mv told.part told\'; eval "$(rezup completion bash)"',
    ),
    "zsh": (
        ["-f", "-i"],
        (
            'tell() { printf "%s" "$BUFFER" > told.part; mv told.part told }; zle -N tell; bindkey "^X^T" tell; '
            'autoload -Uz compinit; compinit -u -D; eval "$(rezup completion zsh)"'
        ),
    ),
    "fish": (
        ["--no-config", "-i"],
        "bind \\cx\\ct 'commandline > told.part; mv told.part told'; rezup completion fish | source",
    ),
}


class Line:
    """A shell on a terminal, and the line that is being typed there."""

    def __init__(self, terminal: Terminal, program: Path, home: Path) -> None:
        self.terminal = terminal
        self.program = program
        self._told = home / "told"

    def completed(self, typed: str) -> str:
        """What a line is after TAB was pressed at its end, without the blank behind it; the line is empty again then."""
        found = self._press(typed + TAB)
        while self._press(CTRL_U):
            pass
        return found.removesuffix(" ")

    def _press(self, keys: str) -> str:
        """Press keys; what then stands on the line."""
        self._told.unlink(missing_ok=True)
        self.terminal.press(keys + TELL)
        deadline = time.monotonic() + 20
        while not self._told.exists():
            assert time.monotonic() < deadline, self.terminal.shown
            self.terminal.drain(0.02)
        return self._told.read_text(encoding="utf-8").rstrip("\n")


def prepare(home: Path) -> dict[str, str]:
    """Containers, labels and odd files as far as completion looks at them; the environment of the shells."""
    for container, timestamp in [
        ("dev", "1700000000.000001"),
        ("my-tool", "1.1"),
        (".main", "1.1"),
        ("dev", "1690000000.5"),
    ]:
        folder = home / ".rezup" / container / "revisions" / timestamp
        folder.mkdir(parents=True)
        (folder / "revision.json").write_text("{}", encoding="utf-8")
    (home / ".rezup" / "dev" / "labels").mkdir()
    (home / ".rezup" / "dev" / "labels" / "staging").write_text("1690000000.5", encoding="utf-8")
    (home / "my dir").mkdir()
    for name in ("it's $x.toml", "my dir/in it.toml"):
        (home / name).write_text("", encoding="utf-8")
    tools = home / ".rezup" / "dev" / "revisions" / "1690000000.5" / "venv" / "rez" / "bin" / "rez"
    tools.mkdir(parents=True)
    for name in ("rez-pipeline-env", "rez-pipeline-show"):
        (tools / name).touch(0o755)
    (home / "bin").mkdir()
    tool = home / "bin" / "rezup"
    tool.write_text(f'#!/bin/sh\nexec {shlex.join(rezup_command())} "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    (home / "bin" / "studio-tool").symlink_to("rezup")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    return {**kept, "HOME": str(home), "PATH": path, "TERM": "xterm", "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null"}


@pytest.fixture
def line(request: pytest.FixtureRequest, home: Path, need_program: Callable[[str], Path]) -> Iterator[Line]:
    """A shell that has taken its completion script."""
    words, text = STARTED[request.param]
    program = need_program(request.param)
    environ = prepare(home)
    with Terminal([str(program), *words], environ, home) as terminal:
        terminal.type(f"{text}; echo rea''dy")
        terminal.expect("ready\n")
        terminal.drain(0.3)
        yield Line(terminal, program, home)


WORDS = {
    "rezup us": "rezup use",
    "rezup use d": "rezup use dev",
    "rezup use my-": "rezup use my-tool",
    "rezup use .m": "rezup use .main",
    "rezup use dev@st": "rezup use dev@staging",
    "rezup use dev@17": "rezup use dev@1700000000.000001",
    "rezup use dev@~": "rezup use dev@~1",
    "rezup use 'dev@st": "rezup use 'dev@staging'",
    "rezup use --lo": "rezup use --local",
    "rezup use -l -q d": "rezup use -l -q dev",
    "rezup env --format po": "rezup env --format powershell",
    "rezup recipe init --example al": "rezup recipe init --example allzpark",
    "rezup use x": "rezup use x",
    "rezup add -m m": "rezup add -m m",
    "true && rezup use d": "true && rezup use dev",
    "rezup use dev -- studio-t": "rezup use dev -- studio-tool",
    "rezup use dev@staging -- rez-pipeline-e": "rezup use dev@staging -- rez-pipeline-env",
    "rezup use dev -- rez-pipe": "rezup use dev -- rez-pipeline-",
    "rezup use my-tool -- rez-pipe": "rezup use my-tool -- rez-pipe",
    "rezup use dev -- rez-pipeline-env rez-pipe": "rezup use dev -- rez-pipeline-env rez-pipe",
    "rezup use -- cat my": "rezup use -- cat my\\ dir/",
}


@pytest.mark.parametrize("line", STARTED, indirect=True)
def test_words(line: Line) -> None:
    assert {typed: line.completed(typed) for typed in WORDS} == WORDS


@pytest.mark.parametrize("line", STARTED, indirect=True)
@pytest.mark.parametrize("typed", ["rezup use d", "rezup pin dev", "rezup diff dev@st", "rezup add --from d"])
def test_a_revision_can_be_typed_behind_a_name_at_once(line: Line, typed: str) -> None:
    name, mark, _ = typed.rpartition(" ")[2].partition("@")
    assert name in {"d", "dev"}
    ahead = typed.rpartition(" ")[0]
    if mark:
        assert line.completed(typed) == f"{ahead} dev@staging"
    else:
        assert line.completed(typed + TAB.join(["", "@st"])) == f"{ahead} dev@staging"


@pytest.mark.parametrize("line", STARTED, indirect=True)
@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("rezup add -f i", "it's $x.toml"),
        ("rezup add -f 'i", "it's $x.toml"),
        ('rezup add -f "i', "it's $x.toml"),
        ("rezup add -f my", "my dir/"),
        ("rezup add -f my\\ dir/", "my dir/in it.toml"),
        ("rezup add --file 'my dir/", "my dir/in it.toml"),
        ("rezup add -f ~/i", "~/it's $x.toml"),
        ("rezup use -d ~/my\\ dir/i", "~/my dir/in it.toml"),
    ],
)
def test_odd_paths(line: Line, home: Path, typed: str, path: str) -> None:
    """The shell itself must read the word as the path."""
    words = line.completed(typed).removeprefix("rezup ")
    read = subprocess.run(
        [line.program, "-c", f"printf '%s\\n' {words}"], cwd=home, capture_output=True, text=True, check=True
    )
    assert read.stdout.splitlines()[-1] == path.replace("~", str(home))


@pytest.mark.parametrize("line", STARTED, indirect=True)
def test_revisions_are_shown_newest_first(line: Line) -> None:
    line.terminal.press("rezup use dev@" + TAB + TAB)
    shown = r"current\W[\s\S]*latest\W[\s\S]*~1\W[\s\S]*staging\W[\s\S]*1700000000\.000001\W[\s\S]*1690000000\.5"
    line.terminal.expect(shown, timeout=20)


def test_fish_tells_what_they_are(home: Path, need_program: Callable[[str], Path]) -> None:
    program = need_program("fish")
    environ = prepare(home)
    ask = "rezup completion fish | source; complete -C 'rezup use dev@'; complete -C 'rezup use -l m'"
    done = subprocess.run(
        [program, "--no-config", "-c", ask],
        env={**environ, "TZ": "UTC"},
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "dev@current\twhat `use` gives",
        "dev@latest\tthe newest",
        "dev@~1\tthe one before",
        "dev@staging\tlabel",
        "dev@1700000000.000001\t2023-11-14 22:13",
        "dev@1690000000.5\t2023-07-22 04:26",
        "my-tool",
        "my-tool@\ta revision of it",
    ]


def test_zsh_loads_it_from_a_folder_of_functions(home: Path, need_program: Callable[[str], Path]) -> None:
    program = need_program("zsh")
    environ = prepare(home)
    done = subprocess.run([home / "bin" / "rezup", "completion", "zsh"], env=environ, capture_output=True, check=True)
    (home / "functions").mkdir()
    (home / "functions" / "_rezup").write_bytes(done.stdout)
    tell = STARTED["zsh"][1].partition("autoload")[0]
    with Terminal([str(program), "-f", "-i"], environ, home) as terminal:
        terminal.type(f"{tell} fpath=(~/functions $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy")
        terminal.expect("ready\n")
        terminal.drain(0.3)
        line = Line(terminal, program, home)
        assert [line.completed("rezup use d"), line.completed("rezup use m")] == ["rezup use dev", "rezup use my-tool"]


def test_the_script_is_printed_whatever_the_studio_is_like(home: Path) -> None:
    """It is asked for by a shell's start-up file: no site-customize script, no recipe, no container is needed."""
    environ = {**prepare(home), "REZUP_RECIPES": "/nowhere"}
    (home / "rezup.toml").write_text('[init]\nscript = "gone.py"\n', encoding="utf-8")
    done = subprocess.run(
        [home / "bin" / "rezup", "completion", "bash"], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    checked = subprocess.run(["bash", "-n"], input=done.stdout, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_it_loads_nothing_that_is_slow(home: Path) -> None:
    """The user waits with a finger on the key, so what builds, draws, asks an index or starts programs stays away."""
    environ = prepare(home)
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "COMP_LINE": "rezup use dev@", "COMP_POINT": "14"}
    entry = "import os, sys; os.dup2(1, 8); from rezup.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-X", "importtime", "-c", entry]
    done = subprocess.run(command, env={**environ, **asked}, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "rezup.completion.candidates" in loaded, "it has answered"
    slow = (
        "rich",
        "packaging",
        "virtualenv",
        "dotenv",
        "filelock",
        "asyncio",
        "urllib.request",
        "tomli_w",
        "rezup.main",
    )
    rooms = ("builder", "environments", "resolve", "selfupdate", "doctor", "maintenance", "bundles", "session.entry")
    heavy = (*slow, *(f"rezup_api.{room}" for room in rooms))
    assert sorted(name for name in loaded if f"{name}.".startswith(tuple(f"{one}." for one in heavy))) == []
