"""Machines to try rezup on: a home folder, a local root, and the installed command, run as its users run it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from tests.documents import check_document
from tests.e2e.processes import Victim
from tests.e2e.repositories import wheel_for_python_27
from tests.e2e.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.processes import Start

HERE = Path(__file__).parent
NOBODY = 65534
REZ = "rez==3.4.0"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an end-to-end test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@dataclass
class Machine:
    """One user on one machine.

    Args:
        home: the user's home folder.
        variables: set for every command, on top of this process's environment.
        prefix: put before every command, `setpriv` and its arguments for another user.
    """

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """The local root."""
        return Path(self.variables.get("REZUP_ROOT_LOCAL") or self.home / ".rezup")

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every command."""
        # With `CI`, nobody is asked; whoever follows a page on a terminal is.
        left_out = ("REZUP_", "REZ_", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out) and name != "CI"}
        return {**kept, "HOME": str(self.home), "SHELL": "/bin/sh", **self.variables}

    def command(self, *words: str) -> list[str]:
        """The command line of rezup."""
        return [*self.prefix, *rezup_command(), *words]

    def run(
        self,
        *words: str,
        status: int | None = 0,
        stdin: str | None = None,
        timeout: float = 300,
        cwd: Path | None = None,
        **variables: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run rezup and check its exit status; None takes any. `variables` are set for this call only."""
        done = subprocess.run(
            self.command(*words),
            env={**self.environ, **variables},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd or self.home,
            check=False,
        )
        told = f"{words} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert status is None or done.returncode == status, told
        assert "Traceback" not in done.stderr, told
        check_document(words, done.stdout)
        return done

    def json(self, *words: str, **options: Any) -> Any:
        """What a command reports to programs: the data of its document."""
        return json.loads(self.run(*words, "--json", **options).stdout)["data"]

    def is_quick(self, *words: str, **variables: Any) -> bool:
        """Run `use` and tell whether a prepared record has answered, or the ordinary path."""
        told = self.run(*words, PYTHONPROFILEIMPORTTIME="1", **variables).stderr
        assert "rezup.fastpath" in told
        return "rezup.main" not in told

    def prepare(self, *words: str, **variables: Any) -> None:
        """Run `use` until a prepared record answers."""
        for pause in (0.1, 0.1, 0.1, 2.5, 0.1, 0.1):  # file systems with a clock of their own take their time
            if self.is_quick(*words, **variables):
                return
            time.sleep(pause)
        raise AssertionError(f"{words} is not prepared")

    def start(self, *words: str, **options: object) -> subprocess.Popen[str]:
        """Start rezup without waiting for it; its output can be read."""
        merged: dict[str, object] = {
            "env": self.environ,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "cwd": self.home,
            **options,
        }
        return subprocess.Popen(self.command(*words), **merged)  # type: ignore[call-overload,no-any-return]

    def revisions(self, container: str = ".main") -> list[Path]:
        """The folders of a container's revisions, oldest first."""
        folder = self.root / container / "revisions"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def recipe(self, text: str, container: str = ".main") -> Path:
        """Write the recipe of a container into the home folder."""
        name = "rezup.toml" if container == ".main" else f"rezup.{container}.toml"
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        return path

    def leftovers(self, container: str = ".main") -> list[str]:
        """What lies in the staging folder of a container; there should be nothing."""
        folder = self.root / container / ".staging"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def rezup_command() -> list[str]:
    """The installed console script of this environment, or the module where it is not installed."""
    script = Path(sys.executable).parent / "rezup"
    return [str(script)] if script.exists() else [sys.executable, "-m", "rezup"]


def tree_digest(folder: Path) -> str:
    """What tells whether anything below a folder has changed: names, contents, links and modes."""
    told = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        told.update(f"{path.relative_to(folder)}\0{path.lstat().st_mode:o}\0".encode())
        if path.is_symlink():
            told.update(os.readlink(path).encode())
        elif path.is_file():
            told.update(path.read_bytes())
    return told.hexdigest()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """`once(name, make)` is a folder that the first of the workers has made, for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def get(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                making = folder.with_name(f"{name}.part")
                shutil.rmtree(making, ignore_errors=True)
                making.mkdir()
                make(making)
                making.rename(folder)
        return folder

    return get


@pytest.fixture
def python_27(
    need_python: Callable[[str], Path], once: Callable[[str, Callable[[Path], None]], Path]
) -> Callable[[Machine], None]:
    """`python_27(machine)` gives a machine a wheel of the last Rez for Python 2.7; skipped where there is no such Python."""
    interpreter = need_python("2.7")

    def give(machine: Machine) -> None:
        folder = once("rez-for-python-2.7", lambda folder: wheel_for_python_27(interpreter, folder))
        machine.variables["PIP_FIND_LINKS"] = f"{os.environ.get('PIP_FIND_LINKS', '')} {folder}".strip()

    return give


@pytest.fixture(scope="session")
def warm_caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Caches that the tests of one worker share, so that each of them builds in a fraction of a second."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture
def cold_machine(home: Path) -> Machine:
    """A machine that has never seen rezup."""
    return Machine(home)


@pytest.fixture
def machine(home: Path, machine_in: Callable[[Path], Machine]) -> Machine:
    """A machine without containers whose caches are warm."""
    return machine_in(home)


@pytest.fixture(scope="session")
def machine_in(warm_caches: Path) -> Callable[[Path], Machine]:
    """`machine_in(home)` is a machine with that home folder, which is made, and warm caches."""

    def make(home: Path) -> Machine:
        (home / ".rezup").mkdir(parents=True)
        (home / ".rezup" / ".cache").symlink_to(warm_caches, target_is_directory=True)
        return Machine(home)

    return make


@pytest.fixture(scope="session")
def session_machine(
    tmp_path_factory: pytest.TempPathFactory, machine_in: Callable[[Path], Machine]
) -> Callable[[], Machine]:
    """Makes machines that outlive a test, each with a home of its own and warm caches."""
    return lambda: machine_in(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def new_machine(session_machine: Callable[[], Machine]) -> Callable[[], Machine]:
    """Makes further machines."""
    return session_machine


@pytest.fixture(scope="session")
def rez_sources(session_machine: Callable[[], Machine]) -> Path:
    """A checkout of Rez: its source distribution, unpacked."""
    machine = session_machine()
    machine.recipe(f'[rez]\nurl = "{REZ}"')
    machine.run("add", "--skip-use")
    pip = machine.revisions()[0] / "venv" / "rez" / "bin" / "pip"
    command = [str(pip), "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(machine.home), REZ]
    subprocess.run(command, env=machine.environ, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(machine.home.glob("rez-*.tar.gz"))) as archive:
        archive.extractall(machine.home / "checkout", filter="data")
    return machine.home / "checkout" / REZ.replace("==", "-")


@pytest.fixture
def terminal() -> Callable[..., Terminal]:
    """`terminal(machine, "add", NO_COLOR="1")` runs rezup on a terminal of its own."""

    def run(machine: Machine, *words: str, **variables: str) -> Terminal:
        environ = {**machine.environ, "TERM": "xterm", **variables}
        return Terminal(machine.command(*words), environ, machine.home)

    return run


@pytest.fixture
def unprivileged() -> Iterator[Machine]:
    """A machine whose user permissions apply to, even where root runs the tests; that user can read everything.

    The interpreter and pytest's folders may lie where only root can look: hence the one capability, which lets read and
    search, and not write. Where it is not to be had, it is tried without.
    """
    if os.name == "nt":
        pytest.skip("permissions are of another kind on Windows")
    home = Path(tempfile.mkdtemp())
    try:
        if os.getuid() != 0:
            yield Machine(home)
            return
        os.chown(home, NOBODY, NOBODY)
        identity = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        for prefix in ((*identity, *(f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient"))), identity):
            machine = Machine(home, prefix=prefix)
            words = machine.command("--version")
            if shutil.which("setpriv") and not subprocess.run(words, env=machine.environ, check=False).returncode:
                yield machine
                return
        pytest.skip("another user cannot run the interpreter of these tests")
    finally:
        shutil.rmtree(home)


@pytest.fixture(scope="module", params=["quick launch", "ordinary path"])
def built(request: pytest.FixtureRequest, session_machine: Callable[[], Machine]) -> Machine:
    """A machine with `.main`, which the tests of this module only enter; once with a record, once where there is none."""
    machine = session_machine()
    if request.param == "ordinary path":
        machine.variables["XDG_CACHE_HOME"] = "/dev/null"
    machine.run("add")
    if request.param == "quick launch":
        machine.prepare("use", "--", "true")
    else:
        assert not machine.is_quick("use", "--", "true")
    return machine


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """The remote root of a studio, still empty."""
    path = tmp_path / "studio share"
    path.mkdir()
    return path


@pytest.fixture
def publisher(machine: Machine, remote: Path) -> Machine:
    """A machine of that studio."""
    machine.variables["REZUP_ROOT_REMOTE"] = str(remote)
    return machine


@pytest.fixture
def consumer(new_machine: Callable[[], Machine], remote: Path) -> Machine:
    """Another one."""
    machine = new_machine()
    machine.variables["REZUP_ROOT_REMOTE"] = str(remote)
    return machine


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(machine, "add")` runs a command in a process group of its own; it does not outlive the test."""
    started: list[Victim] = []

    def run(machine: Machine, *words: str) -> Victim:
        started.append(Victim(machine, *words))
        return started[-1]

    yield run
    for victim in started:
        victim.kill("group")
        victim.end()
