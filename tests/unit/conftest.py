"""What unit tests share: other processes that hold, build and die while a test looks on; an engine without a network; recipes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, index_of
from tests.unit.machine import Machine
from tests.unit.office import Office
from tests.unit.studio import Studio

from rezup_api.recipe.load import load_recipe
from rezup_api.resolve import engine_choice
from rezup_api.store.layout import ContainerFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.recipe.model import Recipe
    from rezup_api.resolve.engine import Surroundings

NOBODY = 65534


@dataclass
class Other:
    """A process that has said "ready" and now waits until it is told to go on."""

    popen: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.popen.pid

    def finish(self) -> int:
        """Let it go on, and wait for its end: its exit status."""
        self.popen.communicate(timeout=60)
        return self.popen.returncode

    def kill(self) -> None:
        """End it as the kernel does: nothing in it is run any more."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()


def go_on(others: list[Other]) -> None:
    """Let all of them go on at once, and see that none fails."""
    for process in others:
        assert process.popen.stdin is not None
        process.popen.stdin.write("\n")
        process.popen.stdin.flush()
    assert [process.finish() for process in others] == [0] * len(others)


@pytest.fixture
def other() -> Iterator[Callable[..., Other]]:
    """`other(code, *words)` runs Python until it calls `wait()`; the words are in `sys.argv`."""
    started: list[subprocess.Popen[str]] = []
    prelude = (
        "import sys, os\nfrom pathlib import Path\ndef wait():\n  print('ready', flush=True); sys.stdin.readline()\n"
    )

    def start(code: str, *words: object) -> Other:
        popen = subprocess.Popen(
            [sys.executable, "-c", prelude + code, *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(popen)
        assert popen.stdout is not None
        assert popen.stdout.readline() == "ready\n", "it ended before it waited"
        return Other(popen)

    yield start
    for popen in started:
        popen.kill()
        popen.communicate()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may write to and reach; pytest's own are for its user alone."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def unprivileged() -> Callable[[Callable[[], None]], None]:
    """Calls a function in a child that permissions apply to; what it raises fails the test."""

    def run(act: Callable[[], None]) -> None:
        child = os.fork()
        if not child:
            try:
                if os.getuid() == 0:
                    os.setgroups([])
                    os.setresgid(NOBODY, NOBODY, NOBODY)
                    os.setresuid(NOBODY, NOBODY, NOBODY)
                act()
            except BaseException:  # noqa: BLE001 - whatever it is, this child must not go on as a second pytest
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    if os.name == "nt":
        pytest.skip("permissions are of another kind on Windows")
    return run


@pytest.fixture
def folder(tmp_path: Path) -> ContainerFolder:
    """The folder of a container that does not exist yet."""
    return ContainerFolder(tmp_path / "root", "dev")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A studio and a machine of it; nothing is made nor published yet."""
    for name in ("local", "remote"):
        (tmp_path / name).mkdir()
    return Studio(ContainerFolder(tmp_path / "local", "dev"), ContainerFolder(tmp_path / "remote", "dev"))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine that installs the wheels of `engine.index`, wherever an environment is made in this process."""
    fake = FakeEngine(index_of(tmp_path / "index"))

    def choose(recipe: Recipe, interpreter: Interpreter, around: Surroundings) -> FakeEngine:
        fake.beside = around.wheels
        return fake

    monkeypatch.setattr(engine_choice, "choose_engine", choose)
    return fake


@pytest.fixture
def recipe_of(tmp_path: Path) -> Callable[..., Recipe]:
    """`recipe_of(text)` is the recipe of `dev` with that text."""

    def load(text: str = "", container: str = "dev") -> Recipe:
        path = tmp_path / f"rezup.{container}.toml"
        path.write_text(text, encoding="utf-8")
        return load_recipe(container, path)

    return load


@pytest.fixture
def machine(tmp_path: Path, engine: FakeEngine, recipe_of: Callable[..., Recipe]) -> Machine:
    """A machine without containers, and an empty remote root."""
    if os.name == "nt":
        pytest.skip("the Rez of these tests runs commands with sh")
    (tmp_path / "remote").mkdir()
    return Machine(ContainerFolder(tmp_path / "local", "dev"), tmp_path / "remote", recipe_of)


@pytest.fixture
def here(tmp_path: Path, home: Path, engine: FakeEngine) -> Office:
    """A machine of a studio as scripts see it: an empty home folder, and a remote root that is not named yet."""
    if os.name == "nt":
        pytest.skip("the Rez of these tests runs commands with sh")
    (tmp_path / "remote").mkdir()
    return Office(home, tmp_path / "remote")
