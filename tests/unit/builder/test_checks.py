"""Checks of a recipe: run as a session would run them, apart from the terminal, and what fails is told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from rezup_api.builder.checks import run_checks
from rezup_api.disk.staging import staged
from rezup_api.errors import InstallError, LaunchError
from rezup_api.events import Event, StepFinished
from rezup_api.store.layout import BIN
from rezup_api.store.metadata import FORMAT, Environment, Metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.recipe.model import Recipe
    from rezup_api.store.layout import ContainerFolder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the checks are of sh")

METADATA = Metadata(FORMAT, "3", environments=(Environment("rez"), Environment("plugged")))


@dataclass
class Bench:
    """Runs checks in a stage."""

    folder: ContainerFolder
    recipe_of: Callable[..., Recipe]
    events: list[Event] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stage: str = ""

    def run(self, *commands: str, more: str = "", **variables: str) -> list[str]:
        """Run them; what was told of those that passed."""
        text = "".join(f"\n[[check]]\ncommand = '''{command}'''\n" for command in commands)
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder.root), **variables}
        with staged(self.folder.path) as stage:
            self.stage = str(stage.path)
            try:
                run_checks(self.recipe_of(more + text), stage, METADATA, environ=environ, report=self.events.append)
            finally:
                self.left = os.listdir(stage.path)
        return [event.text for event in self.events if isinstance(event, StepFinished)]


@pytest.fixture
def bench(folder: ContainerFolder, recipe_of: Callable[..., Recipe]) -> Bench:
    """A place to run checks in."""
    return Bench(folder, recipe_of)


def test_what_passes_is_told_in_order_and_nothing_is_left(bench: Bench) -> None:
    assert bench.run("touch here && test -e here", "true") == [
        "Checked: touch here && test -e here",
        "Checked: true",
    ]
    assert bench.left == []


def test_without_checks_nothing_happens(bench: Bench) -> None:
    assert bench.run() == []
    assert bench.events == []


@pytest.mark.parametrize(
    "command",
    [
        'test "$REZUP_CONTAINER" = dev',
        'test "$STUDIO" = berlin',
        'test -z "$(cat)"',
        f'case $PATH in "$STAGE"/venv/rez/{BIN}/rez:"$STAGE"/venv/plugged/{BIN}/rez:*) ;; *) exit 1;; esac',
        'test "$PWD" = "$STAGE/.check"',
        "! tty -s",
    ],
)
def test_it_sees_what_a_session_sees(bench: Bench, command: str) -> None:
    script = f'STAGE=$(dirname "$PWD"); {command}'
    assert bench.run(script, more='[env]\nSTUDIO = "berlin"\n') == [f"Checked: {script}"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("exit 3", "(exit status 3)"),
        ("kill -KILL $$", "(ended by signal 9)"),
        ("echo out; echo err >&2; exit 1", "(exit status 1):\n  out\n  err"),
    ],
)
def test_what_fails_is_told(bench: Bench, command: str, said: str) -> None:
    with pytest.raises(InstallError) as caught:
        bench.run("true", command, "touch never")
    assert caught.value.message == f"the check {command!r} fails in the new revision {said}"
    assert bench.left == []
    assert [event.text for event in bench.events if isinstance(event, StepFinished)] == ["Checked: true"]


def test_only_the_end_of_a_long_output_is_shown(bench: Bench) -> None:
    with pytest.raises(InstallError) as caught:
        bench.run("seq 1 100; exit 1")
    lines = caught.value.message.splitlines()[1:]
    assert lines == [f"  {number}" for number in range(81, 101)]


def test_a_check_that_takes_too_long_is_ended(bench: Bench) -> None:
    with pytest.raises(InstallError, match="ended by signal"):
        bench.run("sleep 60'''\ntimeout = 0.2 #'''")


def test_a_dotenv_file_that_cannot_be_read_is_said(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(LaunchError):
        bench.run("true", more=f'[dotenv]\n1 = "{tmp_path}"\n')
