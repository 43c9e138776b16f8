"""What was built is tried before anybody can enter it; what does not run is an error that names the culprit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.packages import project, wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="recipes with paths of POSIX")
TESTED = "Tested: rez-env works, also inside another one"


def refused(machine: Machine, *words: str) -> str:
    """What `add` says when it makes no revision; the caches are all that it leaves."""
    done = machine.run("add", *words, status=6)
    assert machine.revisions() == []
    assert machine.leftovers() == []
    said: str = done.stderr
    assert said.count("rezup: ") == 1, said
    return said


def extension(url: object, name: str, rez: str = "rez==3.4.0") -> str:
    """A recipe with one extension."""
    return f'[rez]\nurl = "{rez}"\n[[extension]]\nname = "{name}"\nurl = "{url}"\n'


def test_two_packages_that_own_the_same_files(machine: Machine) -> None:
    machine.recipe(extension("allzpark==1.3.129", "allzpark", "rez==2.114.1"))
    said = refused(machine)
    assert "rez and bleeding-rez" in said or "bleeding-rez and rez" in said
    assert "both own" in said


@pytest.mark.slow
def test_a_fork_that_cannot_nest_is_accepted(machine: Machine, need_python: Callable[[str], Path]) -> None:
    machine.recipe(f'[rez]\nname = "bleeding-rez"\nurl = "bleeding-rez==2.40.5"\npython = "{need_python("3.9")}"\n')
    said = machine.run("add", "--skip-use").stderr
    assert "Tested: rez-env works, but not inside another one" in said
    assert machine.run("use", "--", "rez-env", "-c", "echo in").stdout == "in\n"
    assert "but not" not in machine.run("add", "--skip-use").stderr, "it is said once"
    rows = machine.json("status", ".main")["revisions"]
    assert [row["nests"] for row in rows] == [False, False]
    assert machine.run("status", ".main").stdout.count("no rez-env inside another one") == 2


def test_the_way_out_is_an_environment_of_its_own(machine: Machine, tmp_path: Path) -> None:
    one = wheel(tmp_path, "one", {"same/__init__.py": "WHO = 1\n"})
    two = wheel(tmp_path, "two", {"same/__init__.py": "WHO = 2\n"}, entry_points="[console_scripts]\ntwo = same:x\n")
    text = f'[rez]\nurl = "rez==3.4.0"\nlib = ["{one}"]\n[[extension]]\nname = "two"\nurl = "{two}"\n'
    machine.recipe(text)
    assert "one and two both own same/__init__.py" in refused(machine)
    machine.recipe(f"{text}isolation = true\n")
    machine.run("add")


@pytest.mark.parametrize(
    "code", ["raise RuntimeError('it broke')\n", "import no_such_module_for_rezup\n", "def broken(:\n"]
)
def test_a_broken_extension(machine: Machine, tmp_path: Path, code: str) -> None:
    entry = "[rez.plugins.command]\nbad = studio_tool.plugin\n"
    files = {"studio_tool/__init__.py": "", "studio_tool/plugin.py": code}
    path = wheel(tmp_path, "rez-studio", files, entry_points=entry)
    machine.recipe(extension(path, "rez-studio"))
    said = refused(machine)
    assert "rez-studio breaks it" in said
    assert "take rez-studio out of the recipe" in said
    assert "studio_tool/plugin.py" in said, "the cause, not only what Rez says when it fails over it"


def test_an_entry_point_to_nothing(machine: Machine, tmp_path: Path) -> None:
    entry = "[rez.plugins.command]\nbad = not_there_at_all\n"
    path = wheel(tmp_path, "rez-studio", {"studio_tool.py": ""}, entry_points=entry)
    machine.recipe(extension(path, "rez-studio"))
    assert "Rez does not run in the new environment" in refused(machine)


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_rez_that_is_too_old_for_the_python(
    machine: Machine, need_python: Callable[[str], Path], version: str
) -> None:
    # It installs and imports there; only its plugins fail.
    need_python(version)
    machine.recipe(f'[rez]\nurl = "rez==2.114.1"\npython = {version}')
    said = refused(machine)
    assert "Rez does not run in the new environment" in said
    assert "Python 3.12 and newer need Rez 3.3" in said


def test_an_isolated_environment_is_tried_too(machine: Machine, tmp_path: Path) -> None:
    entry = "[rez.plugins.command]\nbad = studio_tool\n"
    path = wheel(tmp_path, "rez-studio", {"studio_tool.py": "raise RuntimeError('it broke')"}, entry_points=entry)
    machine.recipe(extension(path, "rez-studio") + "isolation = true\n")
    assert "rez-studio breaks it" in refused(machine)


def test_a_revision_that_was_there_stays(machine: Machine, tmp_path: Path) -> None:
    machine.run("add")
    path = wheel(
        tmp_path, "rez-studio", {"studio.py": "raise RuntimeError"}, entry_points="[rez.plugins.shell]\nx = studio\n"
    )
    machine.recipe(extension(path, "rez-studio"))
    machine.run("add", status=6)
    assert len(machine.revisions()) == 1
    assert machine.run("use", "--", "rez", "--version").stdout.startswith("Rez ")


def test_equal_content_is_tried_once(machine: Machine, tmp_path: Path) -> None:
    path = wheel(tmp_path, "studio-lib", {"studio_lib.py": f"PLACE = {str(tmp_path)!r}\n"})
    machine.recipe(f'[rez]\nurl = "rez==3.4.0"\nlib = ["{path}"]')

    def probed(*words: str) -> bool:
        said: str = machine.run("-D", "add", *words).stderr
        ran = any(line.startswith("+ ") and "rez-env --shell" in line for line in said.splitlines())
        assert ran == (TESTED in said)
        return ran

    assert probed()
    assert not probed(), "nothing has changed"
    assert not probed("other", "--file", str(machine.home / "rezup.toml")), "nor does the container matter"
    wheel(tmp_path, "studio-lib", {"studio_lib.py": "PLACE = 'elsewhere'\n"})
    assert probed(), "the version is the same, the content is another one"
    machine.recipe(f'[rez]\nurl = "rez==3.4.0"\nlib = ["{path}"]\nflags = ["-E", "-s"]')
    assert probed(), "other flags, other scripts"


def test_what_is_editable_is_tried_every_time(machine: Machine, tmp_path: Path) -> None:
    checkout = project(
        tmp_path / "checkout",
        "rez-studio",
        {"studio_tool/__init__.py": ""},
        entry_points={"rez.plugins.command": ["studio = studio_tool"]},
    )
    machine.recipe(extension(checkout, "rez-studio") + "edit = true\n")
    assert TESTED in machine.run("add").stderr
    assert TESTED in machine.run("add").stderr
    (checkout / "studio_tool" / "__init__.py").write_text("raise RuntimeError", encoding="utf-8")
    assert "rez-studio breaks it" in machine.run("add", status=6).stderr
    assert len(machine.revisions()) == 2
