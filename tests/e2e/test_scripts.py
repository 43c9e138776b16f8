"""Scripts: questions asked of a revision's Rez by another Python, and what rezup 2.x documents under its old names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.repositories import RezUser, package

from rezup_api import LaunchError, NotFoundError, RezError, Studio, UsageError
from rezup_api.rez import resolve_environ, rez_location, rez_version, run_script

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

    from rezup_api import Revision

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the repositories are listed with colons")

TOOL = """
tools = ["paint"]
def commands():
    print("noise of a package")
    env.PAINT_HOME = "{root}"
    env.PATH.prepend("{root}/bin")
    env.GREETING = "hello ${STUDIO}"
    unsetenv("LEFTOVER")
"""
RECIPE = '[rez]\npython = "{python}"\n[env]\nSTUDIO = "W\u00fcrzel & co"\n'


def made(machine: Machine, tmp_path: Path, python: str) -> tuple[Revision, RezUser]:
    """A revision for a Python, and packages."""
    machine.recipe(RECIPE.format(python=python))
    machine.run("add")
    user = RezUser(machine, tmp_path / "rez")
    package(user.released, "paint", "1.0", TOOL, {"bin/paint": "#!/bin/sh\necho painting\n"})
    revision = Studio.from_environ(machine.environ).container().find()
    assert revision.path == machine.revisions()[0]
    return revision, user


@pytest.mark.parametrize(
    "python", ["2.7", *(pytest.param(one, marks=pytest.mark.whole) for one in ("3.9", "3.11")), "3.13"]
)
def test_a_rez_of_another_python_is_asked(
    machine: Machine, need_python: Callable[[str], Path], tmp_path: Path, python: str
) -> None:
    need_python(python)
    revision, user = made(machine, tmp_path, python)
    environ = {
        **machine.environ,
        **user.environ,
        "PYTHONHOME": "/nowhere",
        "PYTHONPATH": str(tmp_path),
        "LEFTOVER": "x",
    }
    environ["ODD"] = os.fsdecode(b"\xff")
    assert revision.metadata is not None
    assert rez_version(revision, environ) == revision.metadata.environments[0].rez
    location = rez_location(revision, environ)
    assert location.is_relative_to(revision.path)
    assert (location / "resolved_context.py").is_file()

    resolved = resolve_environ(revision, ["paint"], environ)
    assert resolved["PAINT_HOME"] == str(user.released / "paint" / "1.0")
    assert resolved["GREETING"] == "hello W\u00fcrzel & co", "the recipe's variables are there as well"
    assert resolved["HOME"] == str(machine.home)
    assert "LEFTOVER" not in resolved, "a package unsets it"
    assert subprocess.run(["paint"], env=resolved, capture_output=True, text=True, check=True).stdout == "painting\n"

    script = tmp_path / "count.py"
    script.write_text(
        "import json, sys\nfrom rez.packages import iter_package_families\n"
        "print(json.dumps([sys.argv[1:], [family.name for family in iter_package_families()], sys.version_info[:2]]))",
        encoding="utf-8",
    )
    told = run_script(revision, script, "a b", "--help", environ=environ)
    assert told == [["a b", "--help"], ["paint"], [int(part) for part in python.split(".")]]


@pytest.fixture
def asked(machine: Machine, tmp_path: Path) -> tuple[Revision, dict[str, Any]]:
    """A revision, and an environment with packages."""
    revision, user = made(machine, tmp_path, f"3.{sys.version_info.minor}")
    return revision, {**machine.environ, **user.environ}


def test_a_saved_context_is_loaded(asked: tuple[Revision, dict[str, Any]], machine: Machine, tmp_path: Path) -> None:
    revision, environ = asked
    context = tmp_path / "a saved one.rxt"
    machine.run("use", "--", "rez-env", "paint", "--output", str(context), **environ)
    for given in (context, str(context)):
        assert resolve_environ(revision, given, environ)["REZ_USED_REQUEST"] == "paint"
    assert resolve_environ(revision, "paint", environ)["REZ_USED_RESOLVE"] == "paint-1.0"


def test_what_rez_refuses_is_an_error(asked: tuple[Revision, dict[str, Any]], tmp_path: Path) -> None:
    revision, environ = asked
    with pytest.raises(RezError, match="brush") as missing:
        resolve_environ(revision, ["brush"], environ)
    assert str(revision) in missing.value.message
    with pytest.raises(RezError, match="paint"):
        resolve_environ(revision, ["paint-1", "!paint-1"], environ)
    with pytest.raises(RezError):
        resolve_environ(revision, ["paint-1..=)"], environ)
    broken = tmp_path / "broken.rxt"
    broken.write_text("{}", encoding="utf-8")
    with pytest.raises(RezError, match=r"broken\.rxt|Rez of"):
        resolve_environ(revision, broken, environ)
    with pytest.raises(UsageError, match="no context file"):
        resolve_environ(revision, tmp_path / "none.rxt", environ)
    with pytest.raises(UsageError, match="no package"):
        resolve_environ(revision, [], environ)


def test_a_script_that_fails_tells_why(asked: tuple[Revision, dict[str, Any]], tmp_path: Path) -> None:
    revision, environ = asked
    script = tmp_path / "a script.py"
    script.write_text("import nonsense_of_nobody", encoding="utf-8")
    with pytest.raises(RezError, match="nonsense_of_nobody") as failed:
        run_script(revision, script, environ=environ)
    assert failed.value.status == 1
    assert "rez-python" in failed.value.hint
    script.write_text("print('no json')", encoding="utf-8")
    with pytest.raises(RezError, match="no JSON"):
        run_script(revision, script, environ=environ)
    script.write_text("import time; time.sleep(60)", encoding="utf-8")
    with pytest.raises(RezError, match="ended it after 1 s"):
        run_script(revision, script, environ=environ, timeout=1)
    script.write_text(
        "import signal, time; signal.signal(15, lambda *_: exit(0)); print('{}', flush=True); time.sleep(60)"
    )
    with pytest.raises(RezError, match="ended it after 1 s"):
        run_script(revision, script, environ=environ, timeout=1)
    script.write_text("print('noise'); print('{\"a\": 1}')", encoding="utf-8")
    assert run_script(revision, script, environ=environ) == {"a": 1}


def test_what_fails_holds_nothing(machine: Machine, tmp_path: Path) -> None:
    dotenv = tmp_path / "studio.env"
    machine.recipe(f'[dotenv]\n1 = "{dotenv}"')
    dotenv.write_text("A=1\n", encoding="utf-8")
    machine.run("add", "-s")
    revision = Studio.from_environ(machine.environ).container().find()
    dotenv.write_bytes(b"\xff\xfe")
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(LaunchError):
            rez_version(revision, machine.environ)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_revision_that_is_gone(asked: tuple[Revision, dict[str, Any]], machine: Machine) -> None:
    revision, environ = asked
    machine.run("drop", ".main", "--yes", "--local")
    with pytest.raises(NotFoundError, match="gone"):
        rez_version(revision, environ)
    with pytest.raises(NotFoundError, match="elsewhere"):
        rez_version(replace(revision, obstacle="it was made for elsewhere"), environ)


OLD_NAMES = """
import json, os
from rezup.util import get_revision, resolve_environ

revision = get_revision()
told = {"ready": revision.is_ready(), "env": revision.recipe_env()}
told["resolved"] = resolve_environ(revision, ["paint"])["PAINT_HOME"]
from rezup.util_env import dot_main
told["applied"] = {name: os.environ.get(name) for name in dot_main} == dot_main
told["names"] = sorted(dot_main)
told["path"] = os.environ["PATH"].split(":")[0]
import subprocess
told["version"] = subprocess.run(["rez", "--version"], capture_output=True, text=True).stdout.split()[1]
print(json.dumps(told))
"""


def scripted(machine: Machine, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python code as a user's script, with rezup installed beside it."""
    environ = {**machine.environ, **variables}
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=machine.home, capture_output=True, text=True, check=False
    )


def test_the_names_of_rezup_2(machine: Machine, tmp_path: Path) -> None:
    revision, user = made(machine, tmp_path, f"3.{sys.version_info.minor}")
    done = scripted(machine, OLD_NAMES, **user.environ)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ready"] is True
    assert told["env"] == {"STUDIO": "W\u00fcrzel & co", "REZUP_CONTAINER": ".main", "REZUP_USING_REMOTE": ""}
    assert told["resolved"] == str(user.released / "paint" / "1.0")
    assert told["applied"] is True
    assert {"PATH", "STUDIO", "REZUP_CONTAINER", "REZUP_REVISION"} <= set(told["names"])
    assert told["path"] == str(revision.tool_folders[0])
    assert revision.metadata is not None
    assert told["version"] == revision.metadata.environments[0].rez
    assert done.stderr == ""


def test_a_process_holds_the_container_that_it_imported(machine: Machine, tmp_path: Path) -> None:
    made(machine, tmp_path, f"3.{sys.version_info.minor}")
    code = "from rezup.util_env import dot_main; import subprocess, sys\n"
    dropped = (
        "print(subprocess.run([*sys.argv[1:], 'drop', '.main', '--yes'], capture_output=True, text=True).returncode)"
    )
    command = [sys.executable, "-c", code + dropped, *machine.command()]
    done = subprocess.run(command, env=machine.environ, capture_output=True, text=True, check=True)
    assert done.stdout == "5\n", "in use"
    assert machine.revisions()


def test_provisional_recipes(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "other recipes"
    folder.mkdir()
    text = f'[root]\nlocal = "{tmp_path}/root"\n[rez]\nurl = "rez==3.4.0"\n[env]\nFROM = "there"\n'
    (folder / "rezup.dev.toml").write_text(text, encoding="utf-8")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / ".cache").symlink_to(machine.root / ".cache")
    done = scripted(
        machine,
        "import json\nfrom rezup import ContainerError, ContainerRecipe, util\n"
        "def ask(**options):\n"
        "    try:\n        return util.get_revision('dev', **options).recipe_env().get('FROM')\n"
        "    except ContainerError as error:\n        return error.code\n"
        f"with ContainerRecipe.provisional_recipes({str(folder)!r}):\n"
        "    told = [ask(), ask(create=True), ask()]\n"
        "print(json.dumps([*told, ask()]))",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["not-found", "there", "there", "not-found"]


def test_what_is_not_built_here_is_told_or_stood_in_for(publisher: Machine, consumer: Machine) -> None:
    publisher.recipe("[env]\nWHICH = 'first'", "dev")
    publisher.run("add", "dev", "--remote", "-s")
    ask = "from rezup import util\nprint(util.get_revision('dev', fallback={}).recipe_env()['WHICH'])"
    missing = scripted(consumer, ask.format(True))
    assert missing.returncode == 1
    assert "NotFoundError" in missing.stderr
    consumer.run("pull", "dev")
    publisher.recipe("[env]\nWHICH = 'second'", "dev")
    publisher.run("add", "dev", "--remote", "-s")
    stood_in = scripted(consumer, ask.format(True))
    assert stood_in.stdout == "first\n"
    assert "is not built here, taking dev@" in stood_in.stderr
    assert "NotFoundError" in scripted(consumer, ask.format(False)).stderr
    consumer.run("pull", "dev")
    done = scripted(consumer, ask.format(False))
    assert (done.stdout, done.stderr) == ("second\n", "")


def test_a_pin_has_no_stand_in(publisher: Machine, consumer: Machine) -> None:
    publisher.recipe("", "dev")
    for _ in range(2):
        publisher.run("add", "dev", "--remote", "-s")
    oldest, newest = (path.name for path in publisher.revisions("dev"))
    consumer.run("pull", f"dev@{newest}")
    consumer.run("pin", f"dev@{oldest}", "--local")
    shutil.rmtree(consumer.root / "dev" / "revisions" / oldest, ignore_errors=True)
    refused = scripted(consumer, "from rezup import util\nutil.get_revision('dev')")
    assert "NotFoundError" in refused.stderr


def test_scripts_that_create_at_once_make_one_revision(machine: Machine) -> None:
    machine.recipe("", "dev")
    code = "from rezup import util; print(util.get_revision('dev', create=True).timestamp)"
    command = [sys.executable, "-c", code]
    started = [
        subprocess.Popen(command, env=machine.environ, cwd=machine.home, stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    told = {process.communicate()[0].strip() for process in started}
    assert told == {path.name for path in machine.revisions("dev")}
    assert len(told) == 1


def test_a_name_means_one_revision_for_as_long_as_a_process_lives(machine: Machine) -> None:
    machine.recipe("[env]\nWHICH = 'first'")
    machine.recipe("[env]\nWHICH = 'other'", "dev")
    machine.run("add", "-s")
    machine.run("add", "dev", "-s")
    code = """
import os, pathlib, subprocess, sys
from rezup.util_env import dot_main
pathlib.Path("rezup.toml").write_text("[env]\\nWHICH = 'second'")
subprocess.run([*sys.argv[1:], "add", "-s"], check=True, capture_output=True)
from rezup.util_env import dev
print(os.environ["WHICH"])
from rezup.util_env import dot_main as again
print(os.environ["WHICH"], again == dot_main)
"""
    command = [sys.executable, "-c", code, *machine.command()]
    done = subprocess.run(command, env=machine.environ, cwd=machine.home, capture_output=True, text=True, check=False)
    assert done.stdout == "other\nfirst True\n", done.stderr
    assert len(machine.revisions()) == 2
