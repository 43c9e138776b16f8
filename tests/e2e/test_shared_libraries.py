"""Libraries that the revisions of a container share, and that never change under a session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine, tree_digest
from tests.packages import wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="recipes with paths of POSIX")
WHERE = "import os, six; print(six.__version__, os.path.dirname(os.path.realpath(six.__file__)))"


def recipe(requires: list[str], engine: str = "uv", more: str = "") -> str:
    """A recipe with shared libraries."""
    listed = ", ".join(f'"{item}"' for item in requires)
    return f"""
        [rez]
        url = "rez==3.4.0"
        [shared]
        name = "studio"
        requires = [{listed}]
        [pip]
        engine = "{engine}"
        {more}
        """


def libraries(machine: Machine) -> list[Path]:
    """The folders of shared libraries."""
    folder = machine.root / ".main" / "libs"
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("engine", ["uv", pytest.param("pip", marks=pytest.mark.slow)])
def test_one_folder_for_equal_content(machine: Machine, engine: str) -> None:
    machine.recipe(recipe(["six==1.16.0", "toml"], engine))
    machine.run("add")
    (first,) = libraries(machine)
    assert first.name.startswith("studio-")
    before = tree_digest(first)
    assert machine.run("use", "--", "rez-python", "-c", WHERE).stdout == f"1.16.0 {first}\n"
    assert (first / "toml").is_dir()
    assert list(first.glob("__pycache__/six.*.pyc"))
    assert not list(machine.revisions()[0].glob("venv/rez/lib/*/site-packages/six.py")), "they are not installed twice"

    machine.run("add")
    assert libraries(machine) == [first], "the next revision links the same folder"

    # What the older revisions see does not change when the requirement does.
    machine.recipe(recipe(["six==1.17.0", "toml"], engine))
    machine.run("add")
    (second,) = set(libraries(machine)) - {first}
    assert machine.run("use", "--", "rez-python", "-c", WHERE).stdout == f"1.17.0 {second}\n"
    assert machine.run("use", ".main@~1", "--", "rez-python", "-c", WHERE).stdout == f"1.16.0 {first}\n"
    assert tree_digest(first) == before

    assert machine.leftovers() == []


def test_the_way_back_finds_the_folder_that_is_still_there(machine: Machine) -> None:
    made = []
    for version in ("1.16.0", "1.17.0", "1.16.0"):
        machine.recipe(recipe([f"six=={version}"]))
        machine.run("add")
        made.append(libraries(machine))
    assert len(made[0]) == 1
    assert len(made[1]) == 2
    assert made[2] == made[1]
    assert machine.run("use", "--", "rez-python", "-c", WHERE).stdout == f"1.16.0 {made[0][0]}\n"


@pytest.mark.parametrize("engine", ["uv", pytest.param("pip", marks=pytest.mark.whole)])
def test_a_library_from_a_path(machine: Machine, tmp_path: Path, engine: str) -> None:
    path = wheel(tmp_path / "a place", "studio-lib", {"studio_lib.py": "VALUE = 1\n"})
    machine.recipe(recipe([str(path)], engine))
    machine.run("add")
    assert machine.run("use", "--", "rez-python", "-c", "import studio_lib as s; print(s.VALUE)").stdout == "1\n"
    (first,) = libraries(machine)
    # The same version with other content is another library.
    wheel(tmp_path / "a place", "studio-lib", {"studio_lib.py": "VALUE = 2\n"})
    machine.run("add")
    assert machine.run("use", "--", "rez-python", "-c", "import studio_lib as s; print(s.VALUE)").stdout == "2\n"
    asked = ("rez-python", "-c", "import studio_lib as s; print(s.VALUE)")
    assert machine.run("use", ".main@~1", "--", *asked).stdout == "1\n"
    assert len(libraries(machine)) == 2
    assert first in libraries(machine)


def test_what_rez_needs_anyway_is_not_shared(machine: Machine, tmp_path: Path) -> None:
    path = wheel(tmp_path, "needs-both", {"needs_both.py": ""}, requires=["six<1.17", "toml"])
    machine.recipe(
        f"""
        [rez]
        url = "rez==3.4.0"
        lib = ["six"]
        [shared]
        name = "studio"
        requires = ["{path}"]
        """
    )
    machine.run("add")
    (folder,) = libraries(machine)
    assert (folder / "needs_both.py").is_file()
    assert (folder / "toml").is_dir()
    assert not (folder / "six.py").exists()
    (own,) = machine.revisions()[0].glob("venv/rez/lib/*/site-packages/six.py")
    assert machine.run("use", "--", "rez-python", "-c", WHERE).stdout == f"1.16.0 {own.parent}\n", "resolved as one"


def test_an_isolated_extension_does_not_see_them(machine: Machine, tmp_path: Path) -> None:
    code = "import importlib.util as u\ndef main():\n    print(u.find_spec('six') is None)\n"
    path = wheel(tmp_path, "apart", {"apart.py": code}, entry_points="[console_scripts]\napart = apart:main\n")
    machine.recipe(recipe(["six"], more=f'[[extension]]\nname = "apart"\nurl = "{path}"\nisolation = true'))
    machine.run("add")
    assert machine.run("use", "--", "apart").stdout == "True\n"
    machine.run("use", "--", "rez-python", "-c", "import six")


def test_they_move_with_their_root(machine: Machine, tmp_path: Path) -> None:
    machine.recipe(recipe(["six==1.16.0"]))
    machine.run("add")
    moved = tmp_path / "m\u00f6ved root"
    machine.root.rename(moved)
    machine.variables["REZUP_ROOT_LOCAL"] = str(moved)
    (folder,) = libraries(machine)
    assert machine.run("use", "--", "rez-python", "-c", WHERE).stdout == f"1.16.0 {folder}\n"


def test_a_library_that_does_not_exist(machine: Machine) -> None:
    machine.recipe(recipe(["no-such-distribution-for-rezup"]))
    done = machine.run("add", status=6)
    assert "no-such-distribution-for-rezup" in done.stderr
    assert machine.revisions() == []
    assert libraries(machine) == []
    assert machine.leftovers() == []
