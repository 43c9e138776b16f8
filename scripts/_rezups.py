"""The rezups that are measured against each other, each with a home folder of its own, and what their commands cost."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping, Sequence

import _index
import _setup
import run

OTHER = ("rezup==2.1.1", "rezup-api==2.6.0")
OTHER_VERSION = "2.6.0"
EARLIER = ("rezup==1.7.4", "rezup-api==1.7.4")
EARLIER_VERSION = "1.7.4"
TOO_NEW_FOR_OTHER = (3, 12)
RECIPE = '[rez]\nname = "rez"\nurl = "rez>=2.83"\n'
PACKAGES = ("rez", "pip")
# What Rez imports for its commands; read from byte code, or compiled again at every start.
IMPORTED = "import rez.cli._main, rez.cli.env, rez.resolved_context, rez.bind.hello_world"


@dataclass(frozen=True)
class Round:
    """One further revision.

    Args:
        seconds: from the start of the command to its end.
        disk: bytes that the home folder takes more than before, shared files once, folders and caches included.
    """

    seconds: float
    disk: int


@dataclass(frozen=True)
class ByteCode:
    """The byte code of one revision.

    Args:
        sources: Python files in its environment.
        compiled: those that have byte code beside them.
        imported: modules of the environment that Rez imported when it was tried.
        used: those that were read from byte code.
    """

    sources: int
    compiled: int
    imported: int
    used: int

    @property
    def complete(self) -> bool:
        """Whether all of it is there and used."""
        return self.compiled == self.sources and self.used == self.imported


@dataclass(frozen=True)
class User:
    """One rezup and the user who runs it.

    Args:
        name: for the report.
        command: its console script.
        home: the user's home folder, with everything that this rezup keeps.
        environ: of every command.
    """

    name: str
    command: Path
    home: Path
    environ: dict[str, str]

    def add(self, *options: str) -> Round:
        """Make a further revision."""
        before, revisions = disk_usage(self.home), len(self.revisions())
        begin = time.perf_counter()
        done = subprocess.run(
            [str(self.command), "add", "--skip-use", *options],
            env=self.environ,
            cwd=str(self.home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        seconds = time.perf_counter() - begin
        if done.returncode or len(self.revisions()) != revisions + 1:
            raise _setup.SetupError(f"{self.name} made no revision (status {done.returncode}):\n{done.stdout}")
        return Round(seconds, disk_usage(self.home) - before)

    def revisions(self) -> list[Path]:
        """The folders of its revisions, oldest first."""
        folder = self.home / ".rezup" / ".main" / "revisions"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def byte_code(self) -> ByteCode:
        """What the newest revision has of it, and what Rez makes of that."""
        environment = self.revisions()[-1] / "venv" / "rez"
        sources = [path for path in environment.rglob("*.py") if not path.is_symlink()]
        tag = f"{sys.implementation.cache_tag}.pyc"
        compiled = [path for path in sources if (path.parent / "__pycache__" / f"{path.stem}.{tag}").is_file()]
        # -B: what is not compiled must not become so by being tried.
        command = [str(_setup.python_of(environment)), "-E", "-B", "-v", "-c", IMPORTED]
        said = subprocess.run(command, env=self.environ, stderr=subprocess.PIPE, encoding="utf-8", check=True).stderr
        loaded = re.findall(r"^# code object from '?(.*site-packages.*?)'?$", said, re.MULTILINE)
        used = [path for path in loaded if path.endswith(".pyc")]
        return ByteCode(len(sources), len(compiled), len(loaded), len(used))


def disk_usage(top: Path) -> int:
    """Bytes that a folder and all in it take on the disk, what is there under several names once; as `du` counts."""
    seen: dict[tuple[int, int], int] = {}
    waiting = [str(top)]
    while waiting:
        path = waiting.pop()
        status = os.lstat(path)
        seen[status.st_dev, status.st_ino] = status.st_blocks * 512
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())


def users(place: Path, settings: dict[str, str]) -> tuple[User, User]:
    """Both rezups, installed, each with an empty home folder.

    Args:
        place: an empty folder.
        settings: variables for both.
    """
    theirs, ours = other(), run.environment()
    return (
        new_user("this checkout", _setup.script_of(ours, "rezup"), place / "ours", settings),
        new_user(f"rezup {OTHER_VERSION}", _setup.script_of(theirs, "rezup"), place / "theirs", settings),
    )


def other() -> Path:
    """The environment of the last release of the program that rezup 3 replaces."""
    return _environment(".venv-bench", OTHER, OTHER_VERSION)


def earlier() -> Path:
    """The environment of the last release but one major version."""
    return _environment(".venv-bench-earlier", EARLIER, EARLIER_VERSION)


def _environment(name: str, requirements: Sequence[str], version: str) -> Path:
    if sys.version_info >= TOO_NEW_FOR_OTHER:
        raise _setup.SetupError(
            f"rezup {version} runs up to Python 3.11, and this is {sys.version.split()[0]}: "
            f"start this script with an older one, as in `python3.11 {' '.join(sys.argv)}`"
        )
    return _setup.environment(
        name,
        [Path(__file__).resolve()],
        lambda python: _setup.pip_install(python, *requirements),
        f"Setting up rezup {version} ...",
    )


def launching() -> Path:
    """The environment of this checkout whose console script is as its users have it: pip 24.1 and uv write a lighter one."""
    sources = [_setup.CHECKOUT / name / part for name in _setup.DISTRIBUTIONS for part in ("pyproject.toml", "src")]
    return _setup.environment(
        ".venv-bench-launch",
        [*sources, Path(__file__).resolve()],
        _install_for_launching,
        "Setting up rezup with a current pip ...",
    )


def _install_for_launching(python: Path) -> None:
    _setup.pip_install(python, "--upgrade", "pip>=24.1")
    run.install(python)
    # Its start-up file slows each start of Python; what pipx and uv make does not have it.
    _setup.run_quietly(
        [python, "-I", "-m", "pip", "uninstall", "--yes", "--quiet", "setuptools"], "Removing setuptools"
    )


def pipx_rez() -> Path:
    """The `rez` command as pipx installs it."""
    folder = _setup.environment(
        ".venv-bench-pipx", [Path(__file__).resolve()], _install_by_pipx, "Setting up Rez with pipx ..."
    )
    return folder / "pipx" / "bin" / "rez"


def _install_by_pipx(python: Path) -> None:
    _setup.pip_install(python, "pipx>=1.7")
    home = python.parent.parent / "pipx"
    settings = [f"PIPX_HOME={home}", f"PIPX_BIN_DIR={home / 'bin'}", f"PIPX_MAN_DIR={home / 'man'}"]
    pipx: list[_setup.Word] = [_setup.script_of(python.parent.parent, "pipx"), "install", "--force", "rez>=2.83"]
    _setup.run_quietly([str(shutil.which("env")), *settings, *pipx], "Installing Rez with pipx")


def new_user(name: str, command: Path, home: Path, settings: Mapping[str, str], recipe: str = RECIPE) -> User:
    """A user with a home folder that holds a recipe, and what this user has set for pip."""
    home.mkdir()
    (home / "rezup.toml").write_text(recipe, encoding="utf-8")
    for configuration in (".config/pip", ".pip", "Library/Application Support/pip", ".netrc"):
        original = Path.home() / configuration
        if original.exists():
            (home / configuration).parent.mkdir(parents=True, exist_ok=True)
            (home / configuration).symlink_to(original)
    # PYTHONDONTWRITEBYTECODE and the like would change what is measured; XDG_* would let the two share their caches.
    foreign = ("PYTHON", "REZ_", "REZUP_", "XDG_", "UV_", "VIRTUALENV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return User(name, command, home, {**kept, "HOME": str(home), **settings})


@contextlib.contextmanager
def index_settings(place: Path, *, local: bool) -> Iterator[dict[str, str]]:
    """The variables that name the index.

    Args:
        place: an empty folder for the wheels that a local one offers.
        local: serve them on loopback, else leave it at what is configured, and give no variables.
    """
    if not local:
        yield {}
        return
    # Both ask for no others: the seeds of 2.6.0's environments come with its virtualenv, and neither builds anything.
    pip: list[_setup.Word] = [_setup.python_of(run.environment()), "-I", "-m", "pip", "--disable-pip-version-check"]
    _setup.run_quietly([*pip, "download", "--no-deps", "--dest", place, *PACKAGES], "Fetching wheels with pip")
    with _index.serving(place) as address:
        yield {
            "PIP_INDEX_URL": address,
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_CONFIG_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
        }
