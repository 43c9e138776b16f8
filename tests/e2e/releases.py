"""rezup as its users have it: built wheels of several versions, and an installation of one of them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from uv import find_uv_bin

TOP = Path(__file__).parents[2]
DISTRIBUTIONS = ("rezup", "rezup_api")


def checkout(folder: Path, version: str) -> Path:
    """The sources of both distributions as another version."""
    for name in DISTRIBUTIONS:
        shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "dist"))
        path = folder / name / "src" / name / "_version.py"
        path.write_text(re.sub(r'= "[^"]+"', f'= "{version}"', path.read_text(encoding="utf-8")), encoding="utf-8")
    project = folder / "rezup" / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(re.sub(r'rezup-api==[^"]+', f"rezup-api=={version}", text), encoding="utf-8")
    return folder


def change(sources: Path, path: str, old: str, new: str) -> None:
    """Change a file of sources."""
    file = sources / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def build(sources: Path, target: Path) -> Path:
    """The wheels of sources."""
    for name in DISTRIBUTIONS:
        subprocess.run([find_uv_bin(), "build", "--quiet", "--wheel", sources / name, "--out-dir", target], check=True)
    (target / ".gitignore").unlink(missing_ok=True)
    return target


@dataclass
class Installation:
    """An installed rezup, in a virtual environment, and a user of it.

    Args:
        path: the environment.
        home: the user's home folder.
        variables: set for every command.
    """

    path: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every command."""
        mine = ("REZUP_", "REZ_", "XDG_", "PYTHON", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        return {**kept, "HOME": str(self.home), "SHELL": "/bin/sh", **self.variables}

    @property
    def folder(self) -> Path:
        """Where the user's releases lie."""
        (folder,) = (self.home / ".local" / "share" / "rezup").iterdir()
        return folder

    @property
    def taken(self) -> list[str]:
        """The versions that were taken, sorted."""
        place = self.home / ".local" / "share" / "rezup"
        return sorted(path.name.partition("-")[0] for path in place.glob("*/releases/*"))

    def install(self, *words: str | Path) -> None:
        """Install into the environment, as its user would."""
        python = str(self.path / "bin" / "python")
        environ = {**self.environ, "UV_NO_CONFIG": "1"}
        command = [find_uv_bin(), "pip", "install", "--quiet", "--python", python, *words]
        subprocess.run(command, check=True, env=environ)

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [str(self.path / "bin" / "rezup"), *words]

    def run(
        self, *words: str, status: int = 0, module: bool = False, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run rezup, as a module if asked for, and check its status."""
        command = [str(self.path / "bin" / "python"), "-m", "rezup", *words] if module else self.command(*words)
        done = subprocess.run(
            command,
            env={**self.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.home,
            check=False,
        )
        assert done.returncode == status, f"{words} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def version(self, **options: bool) -> str:
        """The version that runs."""
        return self.run("--version", **options).stdout.split()[1]  # type: ignore[arg-type]


def installation(folder: Path, wheels: Path) -> Installation:
    """A new environment with the rezup of some wheels, and a user who has never used it."""
    path, home = folder / "prefix", folder / "home"
    home.mkdir(parents=True)
    subprocess.run([find_uv_bin(), "venv", "--quiet", "--python", sys.executable, path], check=True)
    made = Installation(path, home)
    made.install(*wheels.glob("*.whl"))
    return made


def offer(source: Path, wheels: Path) -> None:
    for path in wheels.iterdir():
        shutil.copy(path, source)


def look_again(user: Installation) -> None:
    """Let the next command find that it is time to look."""
    for path in user.home.glob(".cache/rezup/*/checked-*"):
        path.unlink()


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
