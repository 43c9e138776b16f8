"""What the scripts share that set something up: a Python that is new enough, and an environment that matches the checkout."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Callable, Iterator, Sequence, Union

CHECKOUT = Path(__file__).resolve().parent.parent
DISTRIBUTIONS = ("rezup_api", "rezup")
LOWEST = (3, 10)
NEWEST = (3, 14)
WINDOWS = os.name == "nt"
# In every environment of ours from its first moment on: "incomplete", then what it was made from.
STAMP = "rezup-checkout.txt"
Word = Union[str, Path]


class SetupError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def use_new_python() -> None:
    """Go on only in a Python that rezup supports; start over in one from PATH when this one is too old.

    Raises:
        SetupError: there is none.
    """
    if sys.version_info >= LOWEST:
        return
    for minor in range(NEWEST[1], LOWEST[1] - 1, -1):
        python = shutil.which(f"python3.{minor}")
        # A pyenv shim is there for every version that any project has, and fails when called.
        if python and subprocess.call([python, "-c", ""], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            sys.exit(become([python, *sys.argv]))
    raise SetupError(
        f"rezup needs Python {LOWEST[0]}.{LOWEST[1]} or newer. This is {sys.version.split()[0]} ({sys.executable}), "
        f"and none of python3.{LOWEST[1]} to python3.{NEWEST[1]} on PATH works. Install one and start this script with it."
    )


def become(command: Sequence[Word]) -> int:
    """Become `command`; on Windows, which cannot, wait for it as a child and return its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    words = [str(word) for word in command]
    if not WINDOWS:
        os.execv(words[0], words)
    child = subprocess.Popen(words)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            pass  # the child got it too, and decides


def environment(name: str, inputs: Sequence[Path], install: Callable[[Path], None], announcement: str) -> Path:
    """The environment `name` of this checkout, made or brought up to date if need be.

    Args:
        name: of its folder, in the checkout if that can be written, else in the user's cache folder.
        inputs: files and folders; when one of them changes, `install` runs again.
        install: installs into the environment whose Python it is given.
        announcement: said on stderr before anything that takes long.

    Raises:
        SetupError: it cannot be made.
    """
    folder = _place(name)
    wanted = _digest(inputs)
    if _stamp(folder) == wanted and python_of(folder).exists():
        return folder
    with locked(folder.with_name(folder.name + ".lock"), announcement):
        # Whoever held the lock may have been making just this. Killed, it left a stamp that no digest equals.
        if _stamp(folder) == wanted and python_of(folder).exists():
            return folder
        if not _healthy(folder):
            _create(folder)
        (folder / STAMP).write_text("incomplete\n" + _interpreter(), encoding="utf-8")
        install(python_of(folder))
        (folder / STAMP).write_text(wanted, encoding="utf-8")
    return folder


def run_quietly(command: Sequence[Word], purpose: str) -> None:
    """Run a command of the set-up; show what it printed only if it fails.

    Raises:
        SetupError: it failed.
    """
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        cwd=str(CHECKOUT),
        env=_pip_environ(),
        close_fds=False,  # whoever is left alone writing here keeps the lock
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SetupError(f"{purpose} failed with status {done.returncode}; its output is above.")


def pip_install(python: Path, *arguments: Word) -> None:
    """Install with the environment's own pip, as the user has configured it."""
    # -I: PYTHONPATH and the user's site-packages are for other programs.
    command: list[Word] = [python, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    run_quietly([*command, *arguments], "Installing with pip")


def python_of(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / ("Scripts/python.exe" if WINDOWS else "bin/python")


def script_of(folder: Path, name: str) -> Path:
    """A console script of an environment."""
    return folder / (f"Scripts/{name}.exe" if WINDOWS else f"bin/{name}")


def _place(name: str) -> Path:
    """Where the environment goes; never where someone else's lies."""
    inside = CHECKOUT / name
    if os.access(str(CHECKOUT), os.W_OK) and (not inside.exists() or _ours(inside)):
        return inside
    if WINDOWS:
        cache = Path(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local"))
    elif sys.platform == "darwin":
        cache = Path(os.path.expanduser("~/Library/Caches"))
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    label = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    folder = cache / "rezup-checkouts" / label / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"Neither {CHECKOUT} nor {folder.parent} can be written: {error}") from error
    return folder


def _pip_environ() -> dict[str, str]:
    """What the user has set for pip holds, except where to install to."""
    elsewhere = ("PIP_PREFIX", "PIP_ROOT", "PIP_TARGET")
    return {**{name: value for name, value in os.environ.items() if name not in elsewhere}, "PIP_USER": "0"}


def _ours(folder: Path) -> bool:
    return (folder / STAMP).is_file() or (folder.is_dir() and not any(folder.iterdir()))


def _stamp(folder: Path) -> str:
    try:
        return (folder / STAMP).read_text(encoding="utf-8")
    except OSError:
        return ""


def _interpreter() -> str:
    """What tells the interpreters apart that an environment may be made with."""
    return f"{sys.platform} {sys.version.split()[0]} {sys.base_prefix}\n"


def _digest(inputs: Sequence[Path]) -> str:
    """What an environment made from `inputs` by this Python is stamped with."""
    digest = hashlib.sha256(str(CHECKOUT).encode())
    for top in inputs:
        found = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in found:
            if path.is_file() and "__pycache__" not in path.parts:
                content = path.read_bytes()
                digest.update(f"\0{path.relative_to(CHECKOUT)}\0{len(content)}\0".encode() + content)
    return f"{digest.hexdigest()}\n{_interpreter()}"


def _healthy(folder: Path) -> bool:
    """Whether the environment was finished once by this interpreter, so that installing into it again is enough."""
    first, _, interpreter = _stamp(folder).partition("\n")
    return first != "incomplete" and interpreter == _interpreter() and python_of(folder).exists()


def _create(folder: Path) -> None:
    """Make an environment with pip in it.

    It is made in its final place, because its console scripts name their interpreter by full path; until the stamp says
    that it is finished, nobody uses it.
    """
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(str(old), ignore_errors=True)
    if folder.exists():
        # Away in one step: half removed, it would look like someone else's to a process that is starting now.
        folder.rename(old)
        shutil.rmtree(str(old), ignore_errors=True)
    folder.mkdir(exist_ok=True)
    (folder / STAMP).write_text("incomplete\n", encoding="utf-8")
    make_environment(folder)


def make_environment(folder: Path, wheels: Path | None = None) -> None:
    """Make an environment with pip in it, with whatever this Python has for that.

    Args:
        folder: the environment's folder.
        wheels: a folder with a wheel of pip, for a Python that has none; None if there is none.

    Raises:
        SetupError: it cannot be made.
    """
    pip = next(iter(sorted(wheels.glob("pip-*.whl"))), None) if wheels is not None else None
    if find_spec("ensurepip") and find_spec("venv"):
        run_quietly([sys.executable, "-I", "-m", "venv", folder], "Making a virtual environment")
    elif pip is not None and find_spec("venv"):
        # Debian and Ubuntu keep ensurepip in a package of its own. pip can be run from its own wheel.
        run_quietly([sys.executable, "-I", "-m", "venv", "--without-pip", folder], "Making a virtual environment")
        options: list[Word] = ["--python", python_of(folder), "install", "--no-index", "--disable-pip-version-check"]
        run_quietly([sys.executable, pip / "pip", *options, pip], "Installing pip")
    elif find_spec("pip") and find_spec("venv"):
        run_quietly([sys.executable, "-I", "-m", "venv", "--without-pip", folder], "Making a virtual environment")
        host: list[Word] = [sys.executable, "-m", "pip", "--python", python_of(folder)]
        run_quietly([*host, "install", "--disable-pip-version-check", "pip"], "Installing pip")
    elif find_spec("virtualenv"):
        run_quietly([sys.executable, "-m", "virtualenv", folder], "Making a virtual environment")
    else:
        version = f"python3.{sys.version_info[1]}"
        raise SetupError(
            f"{sys.executable} cannot make virtual environments: it has neither ensurepip, pip nor virtualenv. "
            f"Install one of them; on Debian and Ubuntu: apt-get install {version}-venv"
        )


@contextlib.contextmanager
def locked(path: Path, announcement: str) -> Iterator[None]:
    """Hold the file's lock; others wait. The system releases it when we and the processes we started are gone."""
    try:
        # Opened for writing: network file systems refuse an exclusive lock otherwise.
        with open(str(path), "a+", encoding="utf-8") as stream:
            os.set_inheritable(stream.fileno(), True)
            print(announcement, file=sys.stderr, flush=True)
            _lock(stream)
            yield
    except OSError as error:
        raise SetupError(f"Setting up in {path.parent} failed: {error}") from error


if sys.platform == "win32":
    import msvcrt
    import time

    def _lock(stream: IO[str]) -> None:
        while True:
            try:
                stream.seek(0)
                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.2)
            else:
                return

else:
    import fcntl

    def _lock(stream: IO[str]) -> None:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
