"""All environments of a revision: those of isolated extensions too, and nothing where one of them fails."""

from __future__ import annotations

import subprocess

import pytest
from tests.packages import wheel
from tests.unit.environments.conftest import FIRST, SECOND, Machine, packages_of
from tests.unit.fake_engine import rez_wheel

from rezup_api.errors import InstallError
from rezup_api.store.layout import BIN


def test_an_isolated_extension_has_an_environment_of_its_own(machine: Machine) -> None:
    wheel(
        machine.engine.index,
        "plugged",
        {"plugged/__init__.py": "def main(): print('plugged')\n"},
        entry_points="[console_scripts]\nplugged = plugged:main\n",
    )
    revision = machine.build(FIRST, '[[extension]]\nname = "plugged"\nisolation = true')
    assert machine.built is not None
    assert [environment.name for environment in machine.built.environments] == ["rez", "plugged"]
    assert not (packages_of(revision) / "plugged").exists()
    assert (packages_of(revision, "plugged") / "plugged").is_dir()
    assert (revision / "pylock.plugged.toml").is_file()
    tool = revision / "venv" / "plugged" / BIN / "rez" / "plugged"
    assert subprocess.run([tool], capture_output=True, text=True, check=True).stdout == "plugged\n"


def test_a_rez_that_does_not_run_never_appears(machine: Machine) -> None:
    rez_wheel(machine.engine.index, status=3)
    with pytest.raises(InstallError, match="Rez does not run in the new environment"):
        machine.build(FIRST)
    assert not machine.folder.path.exists()
    rez_wheel(machine.engine.index)
    machine.build(SECOND)
    assert machine.told[-1].startswith("Tested"), "what failed is tried again"
