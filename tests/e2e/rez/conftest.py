"""What Rez is held to in a revision: with every Python that is here, from an index, from its sources, and from a lock."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from tests.e2e.conftest import Machine
from tests.e2e.repositories import RezUser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


VERSION = "3.4.0"
PYTHONS = ("3.9", "3.11", "3.13")
KINDS = ("plain", "editable", "locked")
EACH = [(kind, python) for python in PYTHONS for kind in KINDS]
# The one that is held against an install by Rez's own installer.
COMPARED = ("plain", "3.11")
# What is tried in each: Rez's own tests, and an extension that makes packages.
RECIPE = """
[rez]
url = "{url}"
edit = {edit}
python = {python}
lib = ["pytest", "pytest-subtests"]
[[extension]]
name = "rez-pip"
url = "rez-pip==0.4.2"
"""


@dataclass(frozen=True)
class Installed:
    """A machine with a Rez in `.main`.

    Args:
        kind: where that Rez came from, one of `KINDS`.
        python: its Python, "3.11".
    """

    machine: Machine
    kind: str
    python: str

    @property
    def revision(self) -> Path:
        """The revision's folder."""
        (path,) = self.machine.revisions()
        return path


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """`once(name, make)` is a folder that the first of the workers has made, for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def get(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                making = folder.with_name(f"{name}.part")
                shutil.rmtree(making, ignore_errors=True)
                making.mkdir()
                make(making)
                making.rename(folder)
        return folder

    return get


@pytest.fixture(scope="session", params=EACH, ids="-".join)
def installed(
    request: pytest.FixtureRequest,
    once: Callable[[str, Callable[[Path], None]], Path],
    machine_in: Callable[[Path], Machine],
    need_python: Callable[[str], Path],
) -> Installed:
    """A machine that has one revision with Rez."""
    kind, python = request.param
    need_python(python)

    def make(folder: Path) -> None:
        url = f"rez=={VERSION}"
        if kind == "editable":
            # Not in the folder that gets another name.
            url = str(once(f"sources-{python}", lambda sources: _copy(request, sources)) / "rez")
        recipe = RECIPE.format(url=url, edit=str(kind == "editable").lower(), python=python)
        machine = machine_in(folder / "home")
        if kind == "locked":
            (folder / "share").mkdir()
            machine.variables["REZUP_ROOT_REMOTE"] = str(folder / "share")
            publisher = machine_in(folder / "publisher")
            publisher.variables.update(machine.variables)
            publisher.recipe(recipe)
            publisher.run("add", "--remote", "--skip-use")
            machine.run("pull")
        else:
            machine.recipe(recipe)
            machine.run("add", "--skip-use")

    folder = once(f"{kind}-{python}", make)
    machine = Machine(folder / "home")
    if kind == "locked":
        machine.variables["REZUP_ROOT_REMOTE"] = str(folder / "share")
    return Installed(machine, kind, python)


def _copy(request: pytest.FixtureRequest, folder: Path) -> None:
    """Rez's sources, for a developer of their own."""
    shutil.copytree(request.getfixturevalue("rez_sources"), folder / "rez")


@pytest.fixture
def user(installed: Installed, tmp_path: Path) -> RezUser:
    """Somebody who works with that Rez, with repositories of their own."""
    return RezUser(installed.machine, tmp_path / "rez")
