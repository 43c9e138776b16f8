"""What Rez is held to in a revision: with every Python that is here, from an index, from its sources, and from a lock."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.repositories import RezUser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


VERSION = "3.4.0"
PYTHONS = ("3.9", "3.11", "3.13")
KINDS = ("plain", "editable", "locked")
# The one that is held against an install by Rez's own installer.
COMPARED = ("plain", "3.11")
# In these each Python and each kind is once; only `scripts/test.py --whole` runs the others.
SOME = (COMPARED, ("editable", "3.9"), ("locked", "3.13"))
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


def kinds(*always: tuple[str, str]) -> list[Any]:
    """Every kind of install with every Python, as parameters; only `--whole` runs those that are not named."""
    every = [(kind, python) for python in PYTHONS for kind in KINDS]
    return [pytest.param(one, id="-".join(one), marks=() if one in always else pytest.mark.whole) for one in every]


@pytest.fixture(scope="session", params=kinds(*SOME))
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
