"""What all tests share: nothing of the user's own rezup or Rez reaches them, and what a machine lacks is said."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

# A caller in the background of a script, or behind `nohup`, may ignore these signals; all that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
# Where pyenv keeps its interpreters; taken before a test changes HOME.
PYENV_ROOTS = [
    Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"),
    *(Path(folder).parent for folder in os.get_exec_path() if Path(folder).name == "shims"),
]
# The environment in which npm finds the user's registry and cache.
NPM_ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(("REZUP_", "REZ_"))}


def pytest_configure() -> None:
    """Take out what a surrounding session, or the user's profile, has set."""
    for name in list(os.environ):
        if name.startswith(("REZUP_", "REZ_")) and not name.startswith("REZUP_TESTS_"):
            del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `scripts/test.py --whole` what is marked for it: another one of its kind is in every run."""
    if os.environ.get("REZUP_TESTS_WHOLE"):
        return
    left = [item for item in items if item.get_closest_marker("whole")]
    items[:] = [item for item in items if not item.get_closest_marker("whole")]
    config.hook.pytest_deselected(items=left)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, this process's for the time of the test."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds both distributions."""
    return ROOT


@pytest.fixture(scope="session")
def need_program() -> Callable[[str], Path]:
    """`need_program("fish")` is its path; a machine without it skips the test, or fails it where all are asked for."""

    def find(name: str) -> Path:
        found = shutil.which(name)
        if found:
            return Path(found)
        if os.environ.get("REZUP_TESTS_REQUIRE_SHELLS"):
            pytest.fail(f"{name} is not installed, and REZUP_TESTS_REQUIRE_SHELLS asks for it")
        pytest.skip(f"{name} is not installed")

    return find


@pytest.fixture(scope="session")
def need_library() -> Callable[[str], None]:
    """`need_library("GL")` looks for a shared library of the system; a machine without it is treated as with `need_program`."""

    def find(name: str) -> None:
        if ctypes.util.find_library(name) is None:
            if os.environ.get("REZUP_TESTS_REQUIRE_SHELLS"):
                pytest.fail(f"the library {name} is not installed, and REZUP_TESTS_REQUIRE_SHELLS asks for it")
            pytest.skip(f"the library {name} is not installed")

    return find


@pytest.fixture(scope="session")
def need_node_program(need_program: Callable[[str], Path]) -> Callable[[str], Path]:
    """`need_node_program("pyright@1.1.414")` is a program that npm has installed for the tests, once for the environment.

    A machine without npm, or without a registry, is treated as with `need_program`. A package whose program has another name is
    asked for as `"@taplo/cli@0.7.0 taplo"`.
    """

    def find(asked: str) -> Path:
        package, _, name = asked.partition(" ")
        npm = need_program("npm")
        folder = Path(sys.prefix, "cache", "npm", package.replace("/", "-"))
        found = folder / "node_modules" / ".bin" / (name or package.partition("@")[0])
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not (folder / "finished").exists():
                options = ("--no-audit", "--no-fund", "--no-update-notifier")
                words: list[str | Path] = [npm, "install", "--prefix", folder, *options, package]
                done = subprocess.run(words, env=NPM_ENVIRON, capture_output=True, text=True, check=False)
                if done.returncode:
                    told = f"npm cannot install {package}: {done.stderr.strip()[-500:]}"
                    pytest.fail(told) if os.environ.get("REZUP_TESTS_REQUIRE_SHELLS") else pytest.skip(told)
                (folder / "finished").touch()
        return found

    return find


@pytest.fixture(scope="session")
def need_python() -> Callable[[str], Path]:
    """`need_python("2.7")` is the interpreter itself, not a shim; a machine without it skips the test."""

    def find(version: str) -> Path:
        found = _interpreter(version)
        if found is None:
            pytest.skip(f"Python {version} is not installed")
        return found

    return find


@cache
def _interpreter(version: str) -> Path | None:
    candidates = [sys.executable, shutil.which(f"python{version}")]
    for root in PYENV_ROOTS:
        candidates += sorted(str(path) for path in root.glob(f"versions/{version}.*/bin/python"))
    asked = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
        found, _, path = done.stdout.strip().partition("\n")
        if done.returncode == 0 and found == version:
            return Path(path)
    return None
