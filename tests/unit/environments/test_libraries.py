"""Shared libraries: made once, found by each revision wherever the root lies."""

from __future__ import annotations

import os

import pytest
from tests.packages import wheel
from tests.unit.environments.conftest import FIRST, SECOND, Machine, run
from tests.unit.fake_engine import library_wheel

from rezup_api.errors import InstallError

RECIPE = '[shared]\nname = "common"\nrequires = ["numpy"]'


def test_shared_libraries_are_made_once_and_linked(machine: Machine) -> None:
    library_wheel(machine.engine.index, "numpy", text="where = __file__\n")
    recipe = '[shared]\nname = "common"\nrequires = ["numpy"]'
    first = machine.build(FIRST, recipe)
    assert "install_into" in machine.engine.calls
    second = machine.build(SECOND, recipe)
    assert "install_into" not in machine.engine.calls
    assert machine.built is not None
    (name,) = machine.built.libraries
    assert name.startswith("common-")
    for revision in (first, second):
        where = run(revision, "-c", "import numpy; print(numpy.where)")
        assert os.path.realpath(where).startswith(str(machine.folder.libraries / name))
    moved = machine.folder.root.rename(machine.folder.root.with_name("moved"))
    where = run(moved / second.relative_to(machine.folder.root), "-c", "import numpy; print(numpy.where)")
    assert os.path.realpath(where).startswith(str(moved)), "the link holds wherever the root lies"


def test_other_versions_are_another_folder(machine: Machine) -> None:
    library_wheel(machine.engine.index, "numpy", "1.0")
    machine.build(FIRST, RECIPE)
    library_wheel(machine.engine.index, "numpy", "2.0")
    machine.build(SECOND, RECIPE)
    folders = sorted(path.name for path in machine.folder.libraries.iterdir() if not path.name.endswith(".json"))
    assert len(folders) == 2
    assert all(name.startswith("common-") for name in folders)


@pytest.mark.parametrize("cached", [True, False])
def test_what_the_installer_gave_damaged_is_installed_once_more(machine: Machine, cached: bool) -> None:
    library_wheel(machine.engine.index, "numpy", text="x = 1\n")
    machine.engine.spoiled.add("numpy")
    machine.engine.cached = cached
    if not cached:
        with pytest.raises(InstallError, match="the wheel of numpy lists other files than it holds"):
            machine.build(FIRST, RECIPE)
        return
    revision = machine.build(FIRST, RECIPE)
    assert machine.engine.calls.count("install_into") == 2
    assert run(revision, "-c", "import numpy; print(numpy.x)") == "1"


def test_scripts_of_libraries_are_not_kept(machine: Machine) -> None:
    files = {"numpy/__init__.py": ""}
    wheel(machine.engine.index, "numpy", files, entry_points="[console_scripts]\nf2py = numpy:main\n")
    machine.build(FIRST, RECIPE)
    (folder,) = (path for path in machine.folder.libraries.iterdir() if path.is_dir())
    assert not (folder / "bin").exists(), "they were made for an interpreter that moves"


def test_what_the_environment_has_anyway_needs_no_folder(machine: Machine) -> None:
    library_wheel(machine.engine.index, "numpy")
    machine.build(FIRST, f'{RECIPE}\n[rez]\nlib = ["numpy"]')
    assert machine.built is not None
    assert machine.built.libraries == ()
    assert not machine.folder.libraries.exists()
