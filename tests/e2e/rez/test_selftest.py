"""Rez's own test suite: what it says of an install by Rez's installer it says of a revision, test by test.

It takes a minute. An ordinary run has it once, and expects what such an install gives; `scripts/test.py --whole` makes that
install, too, and has it for each Python and each kind of install.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from tests.e2e.conftest import tree_digest
from tests.e2e.rez.conftest import COMPARED, VERSION, kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.e2e.conftest import Machine
    from tests.e2e.rez.conftest import Installed

# What release 3.4.0 gives on CPython 3.9 to 3.13; a plain `pip install rez` gives 13 fewer, which it skips.
AT_LEAST = 297
SUITE = ("rez-selftest", "--", "--junitxml=result.xml", "-p", "no:cacheprovider")
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


@pytest.fixture(scope="session")
def suite(
    installed: Installed, need_program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, str]]:
    """`suite(command, environ)` runs Rez's tests with that Rez; the outcome of each."""
    need_program("patchelf")

    def run(command: Sequence[str | Path], environ: Mapping[str, str]) -> dict[str, str]:
        folder = tmp_path_factory.mktemp("suite")  # it writes there, and so do its tests
        # Rez takes a package below its temporary folder for one under test. Ours would lie there, like all that tests make.
        (folder / "tmp").mkdir()
        clean = {"TMPDIR": str(folder / "tmp"), "PATH": without_csh(folder / "programs", environ["PATH"])}
        with open(folder / "output.txt", "w", encoding="utf-8") as output:
            subprocess.run(
                [str(word) for word in command],
                cwd=folder,
                env={**environ, **clean},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=600,
                check=False,
            )
        return outcomes(folder)

    return run


@pytest.fixture(scope="session")
def outcome(
    installed: Installed,
    suite: Callable[..., dict[str, str]],
    once: Callable[[str, Callable[[Path], None]], Path],
) -> dict[str, str]:
    """What the suite says of the revision."""

    def make(folder: Path) -> None:
        machine = installed.machine
        before = tree_digest(installed.revision)
        told = suite(machine.command("use", "--", *SUITE), machine.environ)
        assert tree_digest(installed.revision) == before
        (folder / "outcome.json").write_text(json.dumps(told), encoding="utf-8")

    folder = once(f"suite-{installed.kind}-{installed.python}", make)
    told: dict[str, str] = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    return told


@pytest.mark.slow
@pytest.mark.parametrize("installed", kinds(COMPARED), indirect=True)
def test_rez_passes_its_own_tests(outcome: dict[str, str]) -> None:
    counts = Counter(outcome.values())
    assert counts["passed"] >= AT_LEAST, counts
    assert set(counts) == {"passed", "skipped"}, [name for name, told in outcome.items() if told == "failed"]


@pytest.mark.slow
@pytest.mark.whole
@pytest.mark.parametrize("installed", [COMPARED], indirect=True)
def test_each_as_in_an_install_by_the_installer_of_rez(
    installed: Installed,
    outcome: dict[str, str],
    suite: Callable[..., dict[str, str]],
    need_python: Callable[[str], Path],
    session_machine: Callable[[], Machine],
) -> None:
    theirs = session_machine()
    tools = install_as_rez_does(theirs, need_python(installed.python))
    path = f"{tools}{os.pathsep}{theirs.environ['PATH']}"
    expected = suite([tools / SUITE[0], *SUITE[1:]], {**theirs.environ, "PATH": path})
    assert not differences(outcome, expected)


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


def without_csh(folder: Path, path: str) -> str:
    """`path`, without a `csh`: Rez's suite fails on Linux where that is tcsh, as it is on Debian beside a tcsh.

    Args:
        folder: is made, and holds links to the programs that lie beside a `csh`.
    """
    kept: list[str] = []
    for number, place in enumerate(path.split(os.pathsep)):
        if not (Path(place) / "csh").exists():
            kept.append(place)
            continue
        beside = folder / str(number)
        beside.mkdir(parents=True)
        for name in set(os.listdir(place)) - {"csh"}:
            (beside / name).symlink_to(Path(place) / name)
        kept.append(str(beside))
    return os.pathsep.join(kept)


def outcomes(folder: Path) -> dict[str, str]:
    """The outcome of every test: `test_solver.TestSolver.test_01` → passed, skipped or failed."""
    result = folder / "result.xml"
    assert result.exists(), (folder / "output.txt").read_text(encoding="utf-8")
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
