"""The house style, as far as no tool checks it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for name in ("rezup", "rezup_api") for path in (ROOT / name / "src").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PROBES = [path for path in SOURCES if path.parent.name == "_probe"]
MOST_LINES = 350
# Modules of the standard library that Python 2.7 or 3.11 had and this Python may not have.
OLDER = {"ConfigParser", "__builtin__", "StringIO", "Queue", "imp", "distutils", "pipes"}


def name_of(path: Path) -> str:
    """A test's name for a file: its path in the checkout."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS, *TESTS], ids=name_of)
def test_module(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "its first line says what it does"
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_scripts_run_before_anything_is_installed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 8))  # an older Python must get as far as looking for a newer one
    generating = {
        "screens.py",
        "docs.py",
        "_documents.py",
        "_recipe_schema.py",
        "_reference.py",
        "_rooms.py",
    }  # they alone run after that
    described = {"rezup", "rezup_api", "tomli"} if path.name in generating else set()
    described |= {"cyclonedx", "packageurl"} if path.name == "_sbom.py" else set()
    described |= {"rich"} if path.name == "screens.py" else set()
    assert imported(text) - described <= {*sys.stdlib_module_names, *(script.stem for script in SCRIPTS)}


def test_scripts_say_which_python_they_need(need_python: Callable[[str], Path], tmp_path: Path) -> None:
    python = need_python("3.8")
    done = subprocess.run(
        [python, ROOT / "scripts" / "run.py", "--version"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "rezup needs Python 3.10 or newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_probes_are_python_2_7(need_python: Callable[[str], Path]) -> None:
    assert PROBES
    check = "import sys\nfor path in sys.argv[1:]: compile(open(path).read(), path, 'exec')"
    done = subprocess.run([need_python("2.7"), "-c", check, *PROBES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PROBES, ids=name_of)
def test_probes_import_only_the_standard_library(path: Path) -> None:
    foreign = {"rez", "pip"}  # what a probe asks about: the Rez, and the pip, of the environment it runs in
    assert imported(path.read_text(encoding="utf-8")) <= {*sys.stdlib_module_names, *OLDER, *foreign}


def imported(text: str) -> set[str]:
    """The top-level packages that a source imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").split(".")[0])
    return found
