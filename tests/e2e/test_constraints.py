"""Constraints and required hashes: kept to where versions are chosen, and where these are installed, by either engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.packages import project, wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="places of POSIX")
# Each case makes environments. The gate takes some; `scripts/test.py --whole` takes each.
WHOLE = bool(os.environ.get("REZUP_TESTS_WHOLE"))
PINS = '[rez]\nurl = "rez==3.4.0"\n'
# As a machine's administrator writes them: about what nobody asks for, and without `==`.
LIMITS = "torch<=2.14.1\nsix<1.16\n"
ASK_SIX = ("use", "--", "rez-python", "-c", "import six; print(six.__version__)")


def limit(machine: Machine, place: str, text: str = LIMITS) -> None:
    """Constrain what is installed on a machine, in its configuration or its recipe."""
    path = machine.home / ("limits.txt" if place == "variable" else "our limits.txt")
    path.write_text(text, encoding="utf-8")
    if place == "variable":  # which pip splits at blanks
        machine.variables["PIP_CONSTRAINT"] = str(path)
    elif place == "variable of uv":
        machine.variables["UV_CONSTRAINT"] = path.as_uri()
    elif place == "recipe":
        recipe = machine.home / "rezup.toml"
        recipe.write_text(f'{recipe.read_text(encoding="utf-8")}options = ["--constraint={path}"]\n', encoding="utf-8")
    else:
        section = "install" if place == "file, for install" else "global"
        named = machine.home / "pip.conf"
        named.write_text(f"[{section}]\nconstraint = {path.as_uri()}\n", encoding="utf-8")
        machine.variables["PIP_CONFIG_FILE"] = str(named)


@pytest.mark.parametrize(
    ("engine", "place"),
    [
        *(("uv", place) for place in ("file", "variable", "variable of uv", "recipe")),
        *(("pip", place) for place in ("file", "file, for install", "variable", "recipe")),
    ]
    if WHOLE
    else [("uv", "file"), ("pip", "file, for install")],
)
def test_constraints_are_kept_where_versions_are_chosen(machine: Machine, engine: str, place: str) -> None:
    machine.recipe(f'{PINS}lib = ["six"]\n[pip]\nengine = "{engine}"\n')
    limit(machine, place)
    machine.run("add")
    assert machine.run(*ASK_SIX).stdout == "1.15.0\n"


def old_tools(folder: Path, *requires: str) -> str:
    """The part of a recipe for isolated extensions of Python 2.7, each of which requires something else."""
    told = []
    for number, required in enumerate(requires):
        name = f"old{number}"
        sources = project(folder / name, name, {f"{name}/__init__.py": ""}, requires=[required])
        told.append(f'[[extension]]\nname = "{name}"\nurl = "{sources}"\nisolation = true\npython = 2.7\n')
    return "".join(told)


def installed_in(machine: Machine, environment: str, distribution: str) -> list[str]:
    """The versions of a distribution in an environment of the newest revision."""
    found = (machine.revisions()[-1] / "venv" / environment).rglob(f"{distribution}-*.dist-info")
    return [path.name.removeprefix(f"{distribution}-").removesuffix(".dist-info") for path in found]


# Of these, every run has what two machines make of one lock, below.
@pytest.mark.whole
@pytest.mark.parametrize("place", ["file", "file, for install", "variable", "recipe"])
def test_constraints_of_a_machine_with_python_2_7(
    machine: Machine, python_27: Callable[[Machine], None], tmp_path: Path, place: str
) -> None:
    python_27(machine)
    machine.recipe(f'[rez]\nurl = "rez>=2.83"\n{old_tools(tmp_path, "six")}[pip]\n')
    limit(machine, place)
    machine.run("add")
    assert installed_in(machine, "old0", "six") == ["1.15.0"]


def test_constraints_where_python_2_7_cannot_be_locked(
    machine: Machine, python_27: Callable[[Machine], None], tmp_path: Path
) -> None:
    # What comes from an address is not locked: pip resolves while it installs.
    python_27(machine)
    url = wheel(tmp_path, "studio-colours", {"studio_colours.py": ""}).as_uri()
    machine.recipe(f'[rez]\nurl = "rez>=2.83"\n{old_tools(tmp_path, "six")}lib = ["studio-colours @ {url}"]\n')
    limit(machine, "file")
    machine.run("add")
    assert installed_in(machine, "old0", "six") == ["1.15.0"]
    assert installed_in(machine, "old0", "studio_colours") != []


@pytest.mark.parametrize("engine", ["uv", "pip"] if WHOLE else ["pip"])
def test_environments_need_not_agree(
    machine: Machine, python_27: Callable[[Machine], None], tmp_path: Path, engine: str
) -> None:
    python_27(machine)
    tools = old_tools(tmp_path, "six==1.14.0", "six==1.16.0")
    machine.recipe(f'[rez]\nurl = "rez>=2.83"\nlib = ["six==1.15.0"]\n{tools}[pip]\nengine = "{engine}"\n')
    machine.run("add")
    found = {name: installed_in(machine, name, "six") for name in ("rez", "old0", "old1")}
    assert found == {"rez": ["1.15.0"], "old0": ["1.14.0"], "old1": ["1.16.0"]}


@pytest.mark.parametrize(
    ("engine", "shared"),
    [("uv", False), ("uv", True), ("pip", False), ("pip", True)] if WHOLE else [("uv", False)],
)
def test_what_is_locked_is_installed_whatever_a_machine_would_choose(
    publisher: Machine, consumer: Machine, python_27: Callable[[Machine], None], engine: str, shared: bool
) -> None:
    python_27(publisher)
    python_27(consumer)
    asked = '[shared]\nname = "production"\nrequires = ["six"]\n' if shared else ""
    lib = "" if shared else 'lib = ["six"]\n'
    tools = old_tools(publisher.home / "sources", "six")
    publisher.recipe(f'[rez]\nurl = "rez>=2.83"\n{lib}{tools}{asked}[pip]\nengine = "{engine}"\n')
    limit(publisher, "file")
    publisher.run("add", "--remote", "--skip-use")
    limit(consumer, "file", "six>=1.16\ntorch<=2.14.1\n")
    for variable, text in (("UV_CONSTRAINT", "six>=1.16"), ("UV_OVERRIDE", "six==1.14.0"), ("UV_EXCLUDE", "six")):
        limits = consumer.home / f"{variable}.txt"
        limits.write_text(f"{text}\n", encoding="utf-8")
        consumer.variables[variable] = str(limits)
    consumer.variables |= {"UV_EXCLUDE_NEWER": "2020-01-01", "PIP_REQUIRE_HASHES": "1"}
    consumer.run("pull")
    assert consumer.run(*ASK_SIX).stdout == "1.15.0\n"
    assert installed_in(consumer, "old0", "six") == ["1.15.0"]


def test_constraints_of_a_recipe_are_not_for_the_tools_of_rezup(
    cold_machine: Machine, python_27: Callable[[Machine], None], tmp_path: Path
) -> None:
    # The release of virtualenv that can make environments for Python 2.7 needs a filelock that is newer than Python 2.7's.
    python_27(cold_machine)
    cold_machine.recipe(f'[rez]\nurl = "rez>=2.83"\n{old_tools(tmp_path, "six")}[pip]\n')
    limit(cold_machine, "recipe", "filelock==3.2.1\nsix<1.16\n")
    cold_machine.variables["UV_REQUIRE_HASHES"] = "1"
    cold_machine.run("add")
    assert installed_in(cold_machine, "old0", "six") == ["1.15.0"]


def test_a_build_may_need_what_has_no_hash(machine: Machine, tmp_path: Path) -> None:
    # Hashes are asked of what is installed. What a local path is built with comes from nobody's lock.
    sources = project(tmp_path / "tool", "studio-tool", {"studio_tool/__init__.py": ""})
    machine.variables |= {"UV_REQUIRE_HASHES": "1", "PIP_REQUIRE_HASHES": "1"}
    for engine in ("uv", "pip"):
        machine.recipe(f'{PINS}lib = ["{sources}"]\n[pip]\nengine = "{engine}"\n')
        machine.run("add")
        assert installed_in(machine, "rez", "studio_tool") == ["1.0"]


@pytest.mark.parametrize(
    ("engine", "where"),
    [(engine, where) for engine in ("uv", "pip") for where in ("recipe", "file", "variable", "variable of uv")]
    if WHOLE
    else [("uv", "file"), ("pip", "variable")],
)
def test_hashes_can_be_required(machine: Machine, engine: str, where: str) -> None:
    options = 'options = ["--require-hashes"]\n' if where == "recipe" else ""
    machine.recipe(f'{PINS}lib = ["six"]\n[pip]\nengine = "{engine}"\n{options}')
    if where == "file":
        machine.variables["PIP_CONFIG_FILE"] = str(machine.home / "pip.conf")
        (machine.home / "pip.conf").write_text("[global]\nrequire-hashes = true\n", encoding="utf-8")
    elif where == "variable":
        machine.variables["PIP_REQUIRE_HASHES"] = "1"
    elif where == "variable of uv":
        machine.variables["UV_REQUIRE_HASHES"] = "1"
    machine.variables["PIP_CONSTRAINT"] = str(machine.home / "limits.txt")
    (machine.home / "limits.txt").write_text(LIMITS, encoding="utf-8")
    done = machine.run("-D", "add")
    assert "uv has no counterpart" not in done.stderr
    if engine == "uv" and where != "variable of uv":
        assert any("--require-hashes" in line for line in done.stderr.splitlines() if " pip install " in line)
    assert machine.run(*ASK_SIX).stdout == "1.15.0\n"
