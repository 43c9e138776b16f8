"""Where somebody follows a page of the documentation: a machine, shares and disks, programs, and other machines."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.repositories import package

from rezup_api.store.layout import cache_folder, user_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from tests.e2e.conftest import Machine

MAYA = "def commands():\n    env.PATH.prepend('{root}/bin')\n"


@dataclass
class Desk:
    """Where somebody follows a page.

    Args:
        machine: theirs.
        folder: an empty one outside of the home folder, for shares and disks.
        another: makes further machines.
        need_program: looks for a program that not every machine has.
        until_then: what ends with the test.
    """

    machine: Machine
    folder: Path
    another: Callable[[], Machine]
    need_program: Callable[[str], Path]
    until_then: ExitStack
    programs: Path = field(init=False)

    def __post_init__(self) -> None:
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        self.program("python3", f'exec "{sys.executable}" "$@"')
        self.program("pip", f'exec "{sys.executable}" -m pip "$@"')

    def program(self, name: str, script: str) -> None:
        """Put a program on PATH, a script of sh."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def share(self, name: str = "studio") -> Path:
        """A folder that all machines see."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path

    def first_build(self, machine: Machine, *kept: str) -> Machine:
        """Let a machine say of its next build all that the first one says: it has built no environment yet.

        Args:
            kept: the caches that it has all the same.
        """
        link = machine.root / ".cache"
        warm = link.resolve() / user_key()
        link.unlink()
        for name in kept:
            if (warm / name).is_dir():
                there = cache_folder(machine.root) / name
                shutil.copytree(warm / name, there, symlinks=True, copy_function=os.link)
        return machine

    def warm(self, root: Path) -> None:
        """Let a local root begin with what the tests have built before."""
        root.mkdir()
        (root / ".cache").symlink_to((self.machine.root / ".cache").resolve(), target_is_directory=True)

    def maya(self, folder: Path, version: str = "2019") -> None:
        """A package that stands for an application."""
        package(folder, "maya", version, MAYA, {"bin/maya": "#!/bin/sh\n"})

    @property
    def path(self) -> str:
        """PATH, with these programs first."""
        return f"{self.programs}{os.pathsep}{os.environ['PATH']}"

    def check_licence(self, *machines: Machine) -> str:
        """A check, for a recipe, that succeeds on these machines alone."""
        for machine in machines:
            (machine.home / "licence").touch()
        self.program("test-licence", 'test -e "$HOME/licence" || { echo "no licence here"; exit 3; }')
        return '\n[[check]]\ncommand = "test-licence"\n'

    def python_of_recipes(self) -> dict[str, str]:
        """Pages name a Python, and this machine has perhaps only the one that runs the tests."""
        return {"python = 3.11": f"python = {sys.version_info[0]}.{sys.version_info[1]}"}
