"""Hostile surroundings: what parent shells, other installs and odd machines do must not matter, or end in one clear error."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import NOBODY, Machine, rezup_command
from tests.e2e.repositories import RezUser, package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells, users and mounts of POSIX")

WHICH = "import rez; print(rez.__path__[0])"
NESTED = "rez-env --shell sh -c 'echo nested $REZ_USED_VERSION'"


def check(machine: Machine, *, container: str = ".main", prefix: tuple[str, ...] = (), **variables: Any) -> None:
    """Build, launch twice (by the ordinary path, then by a record), nest, and look whose Rez it is."""
    machine.prefix = prefix or machine.prefix
    machine.run("add", container, "--skip-use", **variables)
    revision = machine.revisions(container)[-1]
    for _ in range(2):
        found = machine.run("use", container, "--", "rez-python", "-c", WHICH, **variables).stdout.strip()
        assert Path(found).is_relative_to(revision)
    nested = machine.run("use", container, "--", "rez-env", "--shell", "sh", "-c", NESTED, **variables)
    assert "nested 3." in nested.stdout
    assert "pip-based" not in nested.stdout + nested.stderr
    assert container in machine.run("status", **variables).stdout
    machine.run("verify", container, **variables)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with modules that end every Python that takes them for its own."""
    folder = tmp_path / "of another python"
    for name in ("typing", "json", "rich", "packaging", "virtualenv", "rez", "argparse", "subprocess"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(
            f"raise SystemExit('the {name} of another Python')", encoding="utf-8"
        )
    return folder


@pytest.fixture
def script() -> str:
    """The installed console script; where these tests run rezup as a module, PYTHONPATH is how they find it."""
    words = rezup_command()
    if len(words) > 1:
        pytest.skip("rezup is not installed beside these tests")
    return words[0]


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_pythonpath_of_another_python(machine: Machine, script: str, elsewhere: Path, engine: str) -> None:
    machine.recipe(f'[rez]\nurl = "rez==3.4.0"\n[pip]\nengine = "{engine}"')
    check(machine, PYTHONPATH=str(elsewhere))
    for empty in (f":{elsewhere}", f"{elsewhere}:", f"/nowhere::{elsewhere}"):  # an empty one is the working folder
        assert ".main" in machine.run("status", cwd=elsewhere, PYTHONPATH=empty).stdout
    kept = machine.run("use", "--", "printenv", "PYTHONPATH", PYTHONPATH=str(elsewhere))
    assert kept.stdout == f"{elsewhere}\n", "the command gets it as it was"


def test_pythonhome_of_another_python(machine: Machine, script: str, tmp_path: Path) -> None:
    """By the script that the documentation gives: without it Python itself does not start."""
    command = tmp_path / "rezup"
    command.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-E", script])} "$@"\n', encoding="utf-8")
    command.chmod(0o755)

    def run(*told: str) -> str:
        environ = {**machine.environ, "PYTHONHOME": str(tmp_path)}
        done = subprocess.run([command, *told], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("add", "--skip-use")
    for _ in range(2):
        assert str(machine.revisions()[0]) in run("use", "--", "rez-python", "-c", WHICH)
    assert run("use", "--", "printenv", "PYTHONHOME") == f"{tmp_path}\n"
    assert "nested 3." in run("use", "--", "rez-env", "--shell", "sh", "-c", NESTED)


@pytest.mark.parametrize("kind", ["virtual environment", "conda"])
def test_another_environment_is_active(machine: Machine, tmp_path: Path, kind: str) -> None:
    """Conda cannot be had here: an environment of its layout, and the variables that its activation sets."""
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    variables: dict[str, Any]
    if kind == "conda":
        (other / "conda-meta").mkdir()
        (other / "pyvenv.cfg").unlink()
        variables = {"CONDA_PREFIX": str(other), "CONDA_DEFAULT_ENV": "other", "CONDA_SHLVL": "1"}
    else:
        variables = {"VIRTUAL_ENV": str(other), "VIRTUAL_ENV_PROMPT": "other"}
    before = sorted(path.name for path in other.rglob("*"))
    check(machine, PATH=f"{other / 'bin'}{os.pathsep}{os.environ['PATH']}", **variables)
    assert sorted(path.name for path in other.rglob("*")) == before
    assert machine.run("use", "--", "printenv", *variables, **variables).stdout.split() == list(variables.values())


def test_a_rez_is_on_path_already(machine: Machine, new_machine: Callable[[], Machine], tmp_path: Path) -> None:
    """Another production install, and what it is configured with."""
    theirs = new_machine()
    theirs.recipe('[rez]\nurl = "rez==3.3.0"\npython = 3.11')
    theirs.run("add", "--skip-use")
    (tools,) = (path / "venv" / "rez" / "bin" / "rez" for path in theirs.revisions())
    config = tmp_path / "rezconfig.py"
    config.write_text('plugins = {"command": {}}\nprompt_release_message = True\n', encoding="utf-8")
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    check(machine, PATH=path, REZ_CONFIG_FILE=str(config))
    version = machine.run("use", "--", "rez", "--version", PATH=path).stdout.split()[1]
    assert version != "3.3.0"


def test_a_rez_context_is_active_already(machine: Machine, script: str, tmp_path: Path) -> None:
    """A farm's wrapper starts everything in a context of its own; rezup inside of it is as outside."""
    machine.recipe("", "dev")
    machine.run("add", "--skip-use")
    user = RezUser(machine, tmp_path / "rez")
    package(
        user.released, "wrapper", "1.0", "def commands():\n    env.PYTHONPATH = '/nowhere'\n    env.WRAPPED = '1'\n"
    )
    package(user.released, "paint", "1.0")
    user.inside("wrapper", f"{script} add dev --skip-use")
    (revision,) = machine.revisions("dev")
    asked = tmp_path / "ask.sh"
    asked.write_text(
        "command -v rez-env\nrez-env --quiet paint -c 'echo $REZ_USED_RESOLVE $WRAPPED'\n", encoding="utf-8"
    )
    tool, resolved = user.inside("wrapper", f"{script} use dev -- sh {asked}").splitlines()
    assert Path(tool).is_relative_to(revision)
    assert resolved == "paint-1.0 1"


@pytest.mark.parametrize("path", ["tools only", "empty"])
def test_no_python_on_path(machine: Machine, tmp_path: Path, path: str) -> None:
    """What a job on a farm is started with."""
    folder = tmp_path / "tools"
    folder.mkdir()
    if path == "tools only":
        for name in ("sh", "env", "uname", "true"):
            (folder / name).symlink_to(str(shutil.which(name)))
    machine.run("add", "--skip-use", PATH=str(folder))
    asked = ("use", "--", "rez-python", "-c", WHICH)
    assert str(machine.revisions()[0]) in machine.run(*asked, PATH=str(folder)).stdout
    assert str(machine.revisions()[0]) in machine.run(*asked, PATH="").stdout


def test_a_home_that_cannot_be_written(unprivileged: Machine) -> None:
    machine = unprivileged
    root = machine.home / "root"
    root.mkdir()
    if os.getuid() == 0:
        os.chown(root, NOBODY, NOBODY)
    machine.home.chmod(0o555)
    try:
        refused = machine.run("add", "--skip-use", status=6)
        assert str(machine.home / ".rezup") in refused.stderr
        assert len(refused.stderr.splitlines()) <= 3
        machine.variables["REZUP_ROOT_LOCAL"] = str(root)
        check(machine)
        assert {path.name for path in machine.home.iterdir()} == {"root"}
    finally:
        machine.home.chmod(0o755)


def test_a_strict_umask(machine: Machine) -> None:
    check(machine, prefix=("sh", "-c", 'umask 077; exec "$@"', "sh"))
    folders = [machine.root / ".main", machine.root / ".main" / "revisions", machine.revisions()[0]]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}, "nobody else can look inside"


@pytest.fixture
def users() -> Iterator[list[Machine]]:
    """Two users of one local root, which anybody may write."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can be several users")
    root = Path(tempfile.mkdtemp())
    root.chmod(0o1777)
    made = []
    for number in (NOBODY, NOBODY - 1):
        home = Path(tempfile.mkdtemp())
        os.chown(home, number, number)
        identity = ("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups")
        caps = tuple(f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient"))
        made.append(Machine(home, {"REZUP_ROOT_LOCAL": str(root)}, (*identity, *caps)))
    try:
        if subprocess.run(made[0].command("--version"), env=made[0].environ, check=False).returncode:
            pytest.skip("another user cannot run the interpreter of these tests")
        yield made
    finally:
        for folder in (root, *(machine.home for machine in made)):
            shutil.rmtree(folder)


def test_several_users_of_one_root(users: list[Machine]) -> None:
    first, second = users
    second.variables["LOGNAME"] = "ben"
    first.recipe("", "dev")
    check(first, container="dev")
    (revision,) = first.revisions("dev")
    asked = ("use", "dev", "--", "rez-python", "-c", WHICH)
    for _ in range(2):
        assert second.run(*asked).stdout.startswith(str(revision)), "what one has built, all can enter"
    second.recipe("", "own")
    check(second, container="own")
    refused = second.run("drop", "dev", "--yes", status=None)
    assert refused.returncode == 6
    assert "dev" in refused.stderr
    assert first.run(*asked).stdout.startswith(str(revision)), "and nobody else can take it away"


def test_a_user_without_a_name(users: list[Machine]) -> None:
    """As in a container image that is run with any number: Rez asks for the user's name."""
    _, nameless = users
    refused = nameless.run("add", "--skip-use", status=6)
    assert "LOGNAME" in refused.stderr
    check(nameless, LOGNAME="anybody")


@pytest.fixture
def no_programs() -> Iterator[Path]:
    """A folder on a file system that runs no programs."""
    folder = Path(tempfile.mkdtemp())
    mounted = ["mount", "-t", "tmpfs", "-o", "noexec,size=200m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mounted, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def test_a_temporary_folder_that_runs_no_programs(machine: Machine, no_programs: Path) -> None:
    project = no_programs / "rez-hello"
    project.mkdir()
    (project / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='rez-hello', version='1')\n", encoding="utf-8"
    )
    machine.recipe(f'[[extension]]\nname = "rez-hello"\nurl = "{project}"')
    check(machine, TMPDIR=str(no_programs))
    left = {path.name for path in no_programs.iterdir() if not path.name.startswith("uv-")}  # a lock of uv's stays
    assert left == {"rez-hello"}


def test_a_local_root_that_runs_no_programs(machine: Machine, no_programs: Path) -> None:
    machine.variables["REZUP_ROOT_LOCAL"] = str(no_programs / "root")
    refused = machine.run("add", "--skip-use", status=6)
    assert "Permission denied" in refused.stderr
    assert "noexec" in refused.stderr
    assert machine.revisions() == []


def test_a_share_that_runs_no_programs_here(machine: Machine, no_programs: Path) -> None:
    """The revision was built where they run."""
    machine.run("add", "--skip-use")
    shutil.copytree(
        machine.revisions()[0],
        no_programs / "root" / ".main" / "revisions" / machine.revisions()[0].name,
        symlinks=True,
    )
    machine.variables["REZUP_ROOT_LOCAL"] = str(no_programs / "root")
    refused = machine.run("use", "--", "rez", "--version", status=126)
    assert "noexec" in refused.stderr
    assert "chmod" not in refused.stderr


@pytest.mark.parametrize("behind", [True, False])
def test_a_clock_that_is_wrong(machine: Machine, behind: bool) -> None:
    """The newest revision was made by a machine whose clock is a day ahead, or 20 years behind."""
    machine.run("add", "--skip-use")
    (first,) = machine.revisions()
    moment = float(first.name) + (86400 if behind else -20 * 365 * 86400)
    first.rename(first.with_name(f"{moment:.6f}"))
    told = machine.run("add", "--skip-use").stderr
    older, newer = machine.revisions()
    assert float(newer.name) > float(older.name)
    assert ("clock" in told) is behind
    assert str(newer) in machine.run("use", "--", "rez-python", "-c", WHICH).stdout
    assert str(older) in machine.run("use", ".main@~1", "--", "rez-python", "-c", WHICH).stdout
