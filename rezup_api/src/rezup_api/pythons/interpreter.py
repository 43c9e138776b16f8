"""Describe a Python interpreter from which environments are made, and the environment variables that it may see."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter from which environments can be made; never one that lies inside a virtual environment.

    Args:
        executable: the absolute path of its program.
        version: its three numbers.
        implementation: "CPython", "PyPy", as `platform.python_implementation` names it.
        machine: the processor, as `platform.machine` names it.
    """

    executable: str
    version: tuple[int, int, int]
    implementation: str
    machine: str

    @property
    def version_text(self) -> str:
        """The version as text, `3.11.7`."""
        return ".".join(str(number) for number in self.version)

    @property
    def identity(self) -> str:
        """A text that differs between any two interpreters whose environments differ."""
        return f"{self.implementation} {self.version_text} {self.machine} {self.executable}"

    def __str__(self) -> str:
        return f"Python {self.version_text} ({self.executable})"


def clean_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without the variables that would make a started Python load other code, or a started pip install elsewhere."""
    misleading = ("PYTHON", "VIRTUALENV_", "__PYVENV", "CONDA_")
    names = {"VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV"}
    return {name: value for name, value in environ.items() if not name.startswith(misleading) and name not in names}


def host_interpreter() -> Interpreter:
    """The interpreter that runs rezup; where rezup runs in a virtual environment, the one from which that was made."""
    # `_base_executable` is private, but nothing public names the interpreter behind a virtual environment (venv uses it too).
    executable = getattr(sys, "_base_executable", None) or sys.executable
    machine = os.uname().machine if os.name != "nt" else _windows_machine()
    implementation = "CPython" if sys.implementation.name == "cpython" else sys.implementation.name
    return Interpreter(executable, sys.version_info[:3], implementation, machine)


def _windows_machine() -> str:
    import platform

    return platform.machine()
