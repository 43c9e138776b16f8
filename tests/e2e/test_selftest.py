"""Rez's own test suite: what it says of an install by Rez's installer it says of a revision, test by test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from tests.e2e.conftest import tree_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Machine

VERSION = "3.4.0"
# What that release gives on CPython 3.9 to 3.13; a plain `pip install rez` gives 13 fewer, which it skips.
AT_LEAST = 297
NEWEST = 13
RECIPE = """
[rez]
name = "rez"
url = "rez=={version}"
python = "{python}"
lib = ["pytest", "pytest-subtests"]
"""
# What Rez's installer does after `pip install`, which is not part of its distribution; see Rez's page on installation. It is run
# by the new environment's own interpreter, and writes the scripts with the same library.
FINISH = """
import os, shutil, sys
import rez
from rez.cli._entry_points import get_specifications
from rez.vendor.distlib.scripts import ScriptMaker

bin_folder = os.path.dirname(sys.executable)
tools = os.path.join(bin_folder, "rez")
scripts = get_specifications()
for name in scripts:
    os.remove(os.path.join(bin_folder, name))
os.mkdir(tools)
maker = ScriptMaker(None, tools)
maker.executable = sys.executable
maker.make_multiple(scripts.values(), options={"interpreter_args": ["-E"]})
shutil.copytree(os.path.join(rez.__path__[0], "completion"), os.path.join(sys.prefix, "completion"))
with open(os.path.join(tools, ".rez_production_install"), "w") as stream:
    stream.write(rez.__version__)
"""


@pytest.mark.slow
def test_a_revision_passes_what_an_install_by_the_installer_of_rez_passes(
    new_machine: Callable[[], Machine],
    need_program: Callable[[str], Path],
    need_python: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    need_program("patchelf")
    python = need_python(f"3.{min(sys.version_info.minor, NEWEST)}")
    ours, theirs = new_machine(), new_machine()
    for machine in (ours, theirs):
        # Rez takes a package below its temporary folder for one under test. Ours would lie there, like all that tests make.
        (machine.home / "tmp").mkdir()
        machine.variables.update(TMPDIR=str(machine.home / "tmp"), PATH=without_csh(tmp_path / machine.home.name))
    ours.recipe(RECIPE.format(version=VERSION, python=python))
    ours.run("add", "-s")
    [revision] = ours.revisions()
    before = tree_digest(revision)
    tools = install_as_rez_does(theirs, python)

    suite = ["rez-selftest", "--", "--junitxml=result.xml", "-p", "no:cacheprovider"]
    together = [
        started(ours, ours.command("use", "--", *suite), ours.environ),
        started(theirs, [str(tools / suite[0]), *suite[1:]], with_first_on_path(theirs.environ, tools)),
    ]
    for running in together:
        running.wait(timeout=600)

    outcome, expected = outcomes(ours), outcomes(theirs)
    assert not differences(outcome, expected)
    counts = Counter(outcome.values())
    assert counts["passed"] >= AT_LEAST, counts
    assert set(counts) == {"passed", "skipped"}, [name for name, told in outcome.items() if told == "failed"]
    assert tree_digest(revision) == before


def install_as_rez_does(machine: Machine, python: Path) -> Path:
    """Make a production install of Rez as its installer does; the folder of its scripts."""
    environment = machine.home / "reference"
    inside = environment / "bin" / "python"
    commands: tuple[list[str | Path], ...] = (
        [python, "-m", "venv", environment],
        [inside, "-m", "pip", "install", "--quiet", f"rez=={VERSION}", "pytest", "pytest-subtests"],
        [inside, "-E", "-c", FINISH],
    )
    for command in commands:
        done = subprocess.run(command, env=machine.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return environment / "bin" / "rez"


def without_csh(folder: Path) -> str:
    """PATH, without a `csh`: Rez's suite fails on Linux where that is tcsh, as it is on Debian beside a tcsh.

    Args:
        folder: is made, and holds links to the programs that lie beside a `csh`.
    """
    kept: list[str] = []
    for number, place in enumerate(os.get_exec_path()):
        if not (Path(place) / "csh").exists():
            kept.append(place)
            continue
        beside = folder / str(number)
        beside.mkdir(parents=True)
        for name in set(os.listdir(place)) - {"csh"}:
            (beside / name).symlink_to(Path(place) / name)
        kept.append(str(beside))
    return os.pathsep.join(kept)


def with_first_on_path(environ: dict[str, str], folder: Path) -> dict[str, str]:
    return {**environ, "PATH": f"{folder}{os.pathsep}{environ['PATH']}"}


def started(machine: Machine, command: list[str], environ: dict[str, str]) -> subprocess.Popen[str]:
    """Start the suite in a folder of its own; it writes there, and so do its tests."""
    folder = machine.home / "suite"
    folder.mkdir()
    with open(folder / "output.txt", "w", encoding="utf-8") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True
        )


def outcomes(machine: Machine) -> dict[str, str]:
    """The outcome of every test: `test_solver.TestSolver.test_01` → passed, skipped or failed."""
    result = machine.home / "suite" / "result.xml"
    assert result.exists(), (machine.home / "suite" / "output.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for case in ElementTree.parse(result).iter("testcase"):
        # The name of the class begins with the path to it, from wherever pytest thinks its root is.
        name = f"{case.attrib['classname'].rpartition('.tests.')[2]}.{case.attrib['name']}"
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        assert name not in found, f"{name} is there twice"
        found[name] = outcome
    return found


def differences(outcome: dict[str, str], expected: dict[str, str]) -> list[str]:
    return [
        f"{name}: {outcome.get(name, 'missing')} in the revision, {expected.get(name, 'missing')} in the reference"
        for name in sorted({*outcome, *expected})
        if outcome.get(name) != expected.get(name)
    ]
