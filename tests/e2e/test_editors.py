"""Editors: with what `rezup env` prints for them, pyright finds Rez and its extensions; and the revision that is named stays."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Machine
from tests.packages import project, wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="recipes with paths of POSIX")

PYRIGHT = "pyright@1.1.414"
# A typed extension, one from its sources, a shared library: all are used, and the types are known.
SCRIPT = """
import rez
import plain_extension
import edited_extension.below
import shared_library
from rez.resolved_context import ResolvedContext

version: str = rez.__version__
answer: int = plain_extension.answer()
shared: str = shared_library.NAME
context = ResolvedContext(["python"])
below = edited_extension.below.VALUE + 1
"""
WRONG = "import nonesuch\nimport plain_extension\nanswer: str = plain_extension.answer()\n"


@pytest.fixture(scope="module")
def user(session_machine: Callable[[], Machine]) -> Machine:
    """A machine with a revision of `dev` that has two extensions and a shared library."""
    machine = session_machine()
    files = {"plain_extension/__init__.py": "def answer() -> int:\n    return 42\n", "plain_extension/py.typed": ""}
    plain = wheel(machine.home / "wheels", "plain-extension", files)
    shared = wheel(machine.home / "wheels", "shared-library", {"shared_library.py": 'NAME: str = "shared"\n'})
    below = {"edited_extension/__init__.py": "", "edited_extension/below.py": "VALUE = 1\n"}
    edited = project(machine.home / "edited", "edited-extension", below)
    machine.recipe(
        f"""
        [[extension]]
        name = "plain-extension"
        url = "{plain}"
        [[extension]]
        name = "edited-extension"
        url = "{edited}"
        edit = true
        [shared]
        name = "studio"
        requires = ["{shared}"]
        [env]
        STUDIO = "berlin"
        """,
        "dev",
    )
    machine.run("add", "dev", "--skip-use")
    return machine


def complaints(pyright: Path, folder: Path, *options: str) -> list[tuple[str, str]]:
    """What pyright finds in two scripts, one right and one wrong: the name of the file, and the rule that it breaks."""
    for name, text in (("right.py", SCRIPT), ("wrong.py", WRONG)):
        (folder / name).write_text(text, encoding="utf-8")
    words = [str(pyright), "--outputjson", *options, "."]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] == 2, done.stdout
    return [(os.path.basename(one["file"]), one["rule"]) for one in found["generalDiagnostics"]]


EXPECTED = [("wrong.py", "reportMissingImports"), ("wrong.py", "reportAssignmentType")]


def test_pyright_finds_rez_and_its_extensions(
    user: Machine, need_node_program: Callable[[str], Path], tmp_path: Path
) -> None:
    told = user.run("env", "dev", "--format", "pyright").stdout
    (tmp_path / "pyrightconfig.json").write_text(told, encoding="utf-8")
    assert complaints(need_node_program(PYRIGHT), tmp_path) == EXPECTED


def test_what_visual_studio_code_gets_leads_to_them_too(
    user: Machine, need_node_program: Callable[[str], Path], tmp_path: Path
) -> None:
    pyright = need_node_program(PYRIGHT)
    found = json.loads(user.run("env", "dev", "--format", "vscode").stdout)
    interpreter = found["python.defaultInterpreterPath"]
    assert complaints(pyright, tmp_path, "--pythonpath", interpreter) == EXPECTED
    # Pylance, which is pyright, has a setting of this name; it is enough without the interpreter.
    config = {"extraPaths": found["python.analysis.extraPaths"]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    assert complaints(pyright, tmp_path) == EXPECTED
    ran = subprocess.run([interpreter, "-c", "import rez, plain_extension, shared_library"], check=False)
    assert ran.returncode == 0


def test_a_terminal_of_the_editor_is_in_the_session(user: Machine) -> None:
    found = json.loads(user.run("env", "dev", "--format", "vscode").stdout)
    (variables,) = (value for name, value in found.items() if name.startswith("terminal.integrated.env."))
    environ = dict(user.environ)
    for name, value in variables.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value.replace("${env:PATH}", user.environ["PATH"])
    inside = "import os, rez; print(os.environ['STUDIO'], os.environ['REZUP_CONTAINER'])"
    done = subprocess.run(["rez-python", "-c", inside], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "berlin dev\n"
    inner = Machine(user.home, environ)
    assert json.loads(inner.run("env", "dev", "--format", "vscode").stdout) == found, "the same from within"


def test_the_revision_that_is_named_is_kept(new_machine: Callable[[], Machine]) -> None:
    user = new_machine()
    user.run("add", "dev", "--skip-use")
    (named,) = user.revisions("dev")
    for form in ("vscode", "pyright"):
        told = user.run("env", "dev", "--format", form).stdout
        assert str(named) in told
        assert "current" not in told
    user.recipe('[env]\nSTUDIO = "berlin"\n', "dev")
    user.run("add", "dev", "--skip-use")
    user.run("gc", "dev", "--keep", "1")
    assert named in user.revisions("dev")
    os.utime(user.root / "dev" / ".held" / named.name, (0, 0))
    user.run("gc", "dev", "--keep", "1")
    assert named not in user.revisions("dev")
