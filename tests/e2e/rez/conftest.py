"""What Rez is held to in a revision: with every Python that is here, from an index, from its sources, and from a lock."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.e2e.repositories import RezUser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _pytest.mark import ParameterSet
    from tests.e2e.conftest import Machine

VERSION = "3.4.0"
PYTHONS = ("3.9", "3.11", "3.13")
KINDS = ("plain", "editable", "locked")
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


def _params() -> list[ParameterSet]:
    """Every kind with every Python; the tests of one run in one worker, for they share the machine."""
    names = [(kind, python) for python in PYTHONS for kind in KINDS]
    return [pytest.param(name, id="-".join(name), marks=pytest.mark.xdist_group("-".join(name))) for name in names]


EACH = _params()
# The one that is held against an install by Rez's own installer.
(COMPARED,) = (param for param in EACH if param.id == "plain-3.11")


@pytest.fixture(scope="session", params=EACH)
def installed(
    request: pytest.FixtureRequest,
    session_machine: Callable[[], Machine],
    tmp_path_factory: pytest.TempPathFactory,
    need_python: Callable[[str], Path],
) -> Installed:
    """A machine that has one revision with Rez."""
    kind, python = request.param
    need_python(python)
    machine = session_machine()
    url = f"rez=={VERSION}"
    if kind == "editable":
        sources = request.getfixturevalue("rez_sources")
        url = str(shutil.copytree(sources, tmp_path_factory.mktemp("my rez") / "rez"))
    recipe = RECIPE.format(url=url, edit=str(kind == "editable").lower(), python=python)
    if kind == "locked":
        share = tmp_path_factory.mktemp("share")
        publisher = session_machine()
        publisher.recipe(recipe)
        for each in (publisher, machine):
            each.variables["REZUP_ROOT_REMOTE"] = str(share)
        publisher.run("add", "--remote", "--skip-use")
        machine.run("pull")
    else:
        machine.recipe(recipe)
        machine.run("add", "--skip-use")
    return Installed(machine, kind, python)


@pytest.fixture
def user(installed: Installed, tmp_path: Path) -> RezUser:
    """Somebody who works with that Rez, with repositories of their own."""
    return RezUser(installed.machine, tmp_path / "rez")
