"""A Python interpreter that environments can be made from, and what must not mislead it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter that environments can be made from, never one inside an environment."""

    executable: str
    version: tuple[int, int, int]
    implementation: str
    machine: str

    @property
    def version_text(self) -> str:
        """Its version as text, `3.11.7`."""
        return ".".join(str(number) for number in self.version)

    @property
    def identity(self) -> str:
        """What an environment made from it depends on."""
        return f"{self.implementation} {self.version_text} {self.machine} {self.executable}"

    def __str__(self) -> str:
        return f"Python {self.version_text} ({self.executable})"


def clean_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what would make a Python started by us another one than the one meant, or pip install elsewhere."""
    misleading = ("PYTHON", "VIRTUALENV_", "__PYVENV", "CONDA_")
    names = {"VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV"}
    return {name: value for name, value in environ.items() if not name.startswith(misleading) and name not in names}


def host_interpreter() -> Interpreter:
    """The interpreter that runs rezup, or the one that its environment was made from."""
    executable = getattr(sys, "_base_executable", None) or sys.executable
    machine = os.uname().machine if os.name != "nt" else _windows_machine()
    implementation = "CPython" if sys.implementation.name == "cpython" else sys.implementation.name
    return Interpreter(executable, sys.version_info[:3], implementation, machine)


def _windows_machine() -> str:
    import platform

    return platform.machine()
