"""One environment, made whole by an engine without a network: what is in it, and when it is made again."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.packages import wheel
from tests.unit.environments.conftest import FIRST, SECOND, THIRD, Machine, packages_of, run
from tests.unit.fake_engine import library_wheel, project_folder, rez_wheel

from rezup_api.errors import InstallError
from rezup_api.packages.lock_source import read_lock_source
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.store.layout import BIN

if TYPE_CHECKING:
    from pathlib import Path


def test_an_environment_from_nothing(machine: Machine) -> None:
    revision = machine.build(FIRST)
    assert machine.built is not None
    (environment,) = machine.built.environments
    assert (environment.name, environment.rez, environment.locked) == ("rez", "3.4.0", True)
    assert environment.python == host_interpreter().version_text
    assert environment.size > 0
    assert (machine.built.libraries, environment.editable) == ((), ())
    assert sorted(path.name for path in revision.iterdir()) == ["files.rez.json", "pylock.rez.toml", "venv"]
    tool = revision / "venv" / "rez" / BIN / "rez" / "rez"
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("Rez 3.4.0 from")
    assert list((packages_of(revision) / "rez" / "__pycache__").iterdir()), "its byte code is compiled"
    listed = json.loads((revision / "files.rez.json").read_text(encoding="utf-8"))["files"]
    assert not [name for name in listed if not (revision / "venv" / "rez" / name).exists()]
    assert machine.told[-1] == "Tested: rez-env works, also inside another one"


def test_the_same_again_is_put_together_from_the_cache(machine: Machine) -> None:
    first = machine.build(FIRST)
    assert "install" in machine.engine.calls
    second = machine.build(SECOND)
    assert machine.engine.calls == ["lock"], "nothing is installed, and nothing is tried again"
    assert machine.told == [f"Resolved rez for Python {host_interpreter().version_text}"]
    one, other = (packages_of(revision) / "rez" / "cli.py" for revision in (first, second))
    assert one.read_bytes() == other.read_bytes()
    assert run(second, "-c", "import rez; print(rez.__file__)").startswith(str(second))


def test_another_answer_of_the_index_is_another_environment(machine: Machine) -> None:
    machine.build(FIRST)
    rez_wheel(machine.engine.index, "3.5.0")
    machine.build(SECOND)
    assert machine.engine.calls == ["lock", "install"]
    assert machine.built is not None
    assert machine.built.environments[0].rez == "3.5.0"
    rez_wheel(machine.engine.index, "3.5.0")
    machine.build(THIRD, '[rez]\nurl = "rez==3.4.0"')
    assert machine.engine.calls == ["lock"], "what the guess was wrong about is still found by what it was resolved to"
    assert machine.built.environments[0].rez == "3.4.0"


def test_what_differs_on_the_machine_is_another_environment(machine: Machine) -> None:
    machine.build(FIRST)
    machine.build(SECOND, '[rez]\nflags = ["-E", "-s"]')
    assert "install" in machine.engine.calls
    machine.build(THIRD, '[pip]\noptions = ["--timeout=3"]')
    assert "install" in machine.engine.calls


def test_a_lock_decides_what_is_in_it(machine: Machine) -> None:
    first = machine.build(FIRST)
    rez_wheel(machine.engine.index, "3.5.0")
    machine.build(SECOND, origin=read_lock_source(first, "dev@1"))
    assert machine.engine.calls == []
    assert machine.built is not None
    assert machine.built.environments[0].rez == "3.4.0"


@pytest.mark.parametrize(("cached", "calls"), [(True, ["lock", "install", "forget six", "install"]), (False, None)])
def test_what_the_installer_gave_damaged_is_installed_once_more(
    machine: Machine, cached: bool, calls: list[str] | None
) -> None:
    library_wheel(machine.engine.index, "six")
    machine.engine.spoiled.add("six")
    machine.engine.cached = cached
    recipe = '[rez]\nlib = ["six"]'
    if calls is None:
        with pytest.raises(InstallError, match="the wheel of six lists other files than it holds"):
            machine.build(FIRST, recipe)
        assert not machine.folder.path.exists(), "a revision that cannot be built leaves nothing"
        return
    revision = machine.build(FIRST, recipe)
    assert machine.engine.calls == calls
    assert (packages_of(revision) / "six" / "__init__.py").read_text(encoding="utf-8") == "# 1.0\n"


def test_two_packages_of_one_file_are_refused(machine: Machine) -> None:
    for name in ("one", "two"):
        wheel(machine.engine.index, name, {"same/__init__.py": f"# {name}\n"})
    with pytest.raises(InstallError, match=r"one and two both own same/__init__\.py"):
        machine.build(FIRST, '[rez]\nlib = ["one", "two"]')


def test_a_local_path_is_built_and_its_wheel_kept(machine: Machine, tmp_path: Path) -> None:
    source = project_folder(tmp_path, "tool", "x = 1\n")
    revision = machine.build(FIRST, f'[rez]\nlib = ["{source}"]')
    assert [path.name for path in (revision / "wheels").iterdir()] == ["tool-1.0-py2.py3-none-any.whl"]
    assert (packages_of(revision) / "tool" / "__init__.py").read_text(encoding="utf-8") == "x = 1\n"
