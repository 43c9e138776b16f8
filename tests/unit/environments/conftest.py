"""A machine on which the environments of revisions are made, by an engine without a network."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.staging import staged
from rezup_api.environments.build import Built, build_environments, workplace
from rezup_api.events import Event, StepFinished
from rezup_api.packages.lock_source import LockSource
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.settings import Settings
from rezup_api.store.layout import BIN, ContainerFolder, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.fake_engine import FakeEngine

    from rezup_api.recipe.model import Recipe

FIRST, SECOND, THIRD = (f"170000000{digit}.000000" for digit in range(1, 4))


@dataclass
class Machine:
    """Where revisions of one container are built."""

    folder: ContainerFolder
    engine: FakeEngine
    recipe_of: Callable[..., Recipe]
    events: list[Event] = field(default_factory=list)
    built: Built | None = None

    def build(self, timestamp: str, text: str = "", origin: LockSource = LockSource()) -> Path:  # noqa: B008
        """Build a revision; its folder."""
        environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
        self.engine.calls.clear()
        self.events.clear()
        with staged(self.folder.path) as stage, ExitStack() as holds:
            self.built = build_environments(
                workplace(
                    self.recipe_of(text),
                    self.folder,
                    stage,
                    settings=Settings.from_environ(environ),
                    environ=environ,
                    report=self.events.append,
                    holds=holds,
                    origin=origin,
                )
            )
            self.folder.revisions.mkdir(exist_ok=True)
            stage.appear(self.folder.revisions / timestamp)
        return self.folder.revisions / timestamp

    @property
    def told(self) -> list[str]:
        """What stays of each step."""
        return [event.text for event in self.events if isinstance(event, StepFinished)]


@pytest.fixture
def machine(tmp_path: Path, engine: FakeEngine, recipe_of: Callable[..., Recipe]) -> Machine:
    """A machine without revisions."""
    if os.name == "nt":
        pytest.skip("the Rez of these tests runs commands with sh")
    return Machine(ContainerFolder(tmp_path / "root", "dev"), engine, recipe_of)


def packages_of(revision: Path, environment: str = "rez") -> Path:
    """Where an environment's packages lie."""
    return site_packages(revision / "venv" / environment, host_interpreter().version)


def run(revision: Path, *words: str) -> str:
    """What a Python of the revision prints."""
    python = revision / "venv" / "rez" / BIN / "python"
    return subprocess.run([python, *words], capture_output=True, text=True, check=True).stdout.strip()
