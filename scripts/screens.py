"""Make the pictures of screens in the documentation: `python3 scripts/screens.py [--output FOLDER]`.

Needs both packages: run it with the Python of the test environment, `.venv-test`. It types command lines of rezup on a made-up
machine, at a made-up moment, on terminals of given widths, and draws what they show. So the pictures are the same wherever they
are made.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from rich.console import Console
from rich.text import Text

from rezup.__main__ import main as rezup
from rezup_api.store import Environment, Metadata

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
HOME = "/home/ana"
NOW = 1_795_543_380  # 2026-11-24 18:03 UTC
HOUR = 3600
# Each picture: its name, the width of the terminal, and what is typed.
SCREENS = (
    ("status", 80, "rezup status"),
    ("status-dev", 100, "rezup status dev"),
    ("status-dev-narrow", 50, "rezup status dev"),
    ("gc", 100, "rezup gc dev --keep 1 --dry-run"),
    ("guess", 80, "rezup use dve -- maya"),
    ("help", 80, "rezup --help"),
)


class Made(NamedTuple):
    """A revision of the made-up machine.

    Args:
        hours: how old it is.
    """

    container: str
    hours: int
    creator: str
    rez: str
    message: str


REVISIONS = (
    Made(".main", 9 * 24, "ana", "3.3.0", "the first revision"),
    Made("dev", 3, "ana", "3.4.0", "the new pipeline tools"),
    Made("dev", 26, "ben", "3.4.0", "Qt for the review room, and what it needs on the farm"),
    Made("dev", 15 * 24, "ana", "3.3.0", "with pyyaml"),
    Made("prod", 50, "ben", "3.3.0", "tested on two shows"),
)


class Screen(io.StringIO):
    """What is written to a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """It is one."""
        return True


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=IMAGES, help="the folder for them; default: docs/images")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        furnish(home)
        for name, width, line in SCREENS:
            picture = drawn(shown(line, width, home), width, line, name)
            (output / f"{name}.svg").write_text(picture, encoding="utf-8")
            print(output / f"{name}.svg")


def furnish(home: Path) -> None:
    """Make the containers of the machine, as far as commands look at them that only look."""
    for made in REVISIONS:
        moment = NOW - made.hours * HOUR
        path = home / ".rezup" / made.container / "revisions" / f"{moment}.000000"
        path.mkdir(parents=True)
        (path / "rezup.toml").touch()
        environment = Environment("rez", python="3.11.7", rez=made.rez, size=24_851_251, locked=True)
        created = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment))
        metadata = Metadata(1, "3.0.0", made.creator, "ws12", created, made.message, environments=(environment,))
        (path / "revision.json").write_text(metadata.to_json(), encoding="utf-8")
    labels = home / ".rezup" / "dev" / "labels"
    labels.mkdir()
    (labels / "staging").write_text(f"{NOW - 26 * HOUR}.000000\n", encoding="utf-8")


def shown(line: str, width: int, home: Path) -> str:
    """What a command line shows on a terminal.

    Args:
        line: what is typed.
        width: how many characters fit on a line.
        home: the user's home folder; what is shown has another one instead.
    """
    environ = {"HOME": str(home), "COLUMNS": str(width), "TERM": "xterm-256color", "TZ": "UTC", "LANG": "C.UTF-8"}
    environ = {**environ, "PATH": os.environ.get("PATH", os.defpath), "XDG_CACHE_HOME": str(home / ".cache")}
    screen = Screen()
    with ExitStack() as doubles:
        doubles.enter_context(mock.patch.dict(os.environ, environ, clear=True))
        doubles.enter_context(mock.patch("time.time", return_value=float(NOW)))
        doubles.enter_context(mock.patch.object(sys, "stdout", screen))
        doubles.enter_context(mock.patch.object(sys, "stderr", screen))
        time.tzset()
        try:
            rezup(shlex.split(line)[1:])
        except SystemExit:
            pass  # a help ends the process
    time.tzset()
    return re.sub(r"\(\d+\.\d s\)", "(0.0 s)", screen.getvalue()).replace(str(home), HOME)


def drawn(text: str, width: int, line: str, name: str) -> str:
    """A picture of a terminal.

    Args:
        text: what it shows, with the colours as escapes.
        width: how many characters fit on a line.
        line: what was typed.
        name: makes the names inside of the picture differ from those of other pictures on the same page.
    """
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {line}", style="bold green"))
    console.print(Text.from_ansi(text.rstrip()))
    return console.export_svg(title="", unique_id=f"screen-{name}") + "\n"


if __name__ == "__main__":
    main()
