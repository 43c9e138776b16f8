"""The rule of the recipe as a table: what the machine has, what can be provided, and which one it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rezup_api.errors import InstallError, NotFoundError
from rezup_api.pythons.interpreter import Interpreter
from rezup_api.pythons.interpreter_choice import choose_interpreter
from rezup_api.pythons.provided import Provided
from rezup_api.pythons.provider import host_version


@dataclass
class Machine:
    """What a machine has: it finds what it is told to have, and whatever was provided."""

    has: tuple[str, ...]

    def find(self, request: str | None) -> Interpreter:
        """See `Finder.find`."""
        wanted = request or host_version()
        if wanted in self.has or wanted.startswith("/provided/"):
            return Interpreter(wanted, (3, 12, 1), "CPython", "x86_64")
        raise NotFoundError(f"no Python {wanted} on this machine", "look")


@dataclass
class Mirror:
    """What can be provided."""

    has: tuple[str, ...]

    def provide(self, request: str) -> Provided:
        """See `Provider.provide`."""
        if request in self.has:
            return Provided("key", f"{request}.1", Path("/provided") / request, "")
        raise InstallError("the mirror is away", "try again")


@pytest.mark.parametrize(
    ("request_", "when", "chosen"),
    [
        ("3.12", "never", "3.12"),
        ("3.12", "missing", "3.12"),
        ("3.12", "always", "/provided/3.12/python/bin/python3.12"),
        ("3.13", "missing", "/provided/3.13/python/bin/python3.13"),
        ("/opt/python", "always", "/opt/python"),
        ("/opt/python", "missing", "/opt/python"),
        (None, "never", host_version()),
        (None, "missing", host_version()),
        (None, "always", f"/provided/{host_version()}/python/bin/python{host_version()}"),
    ],
)
def test_which_one_it_is(request_: str | None, when: str, chosen: str) -> None:
    finder: Any = Machine(("3.12", "/opt/python", host_version()))
    provider: Any = Mirror(("3.12", "3.13", host_version()))
    assert choose_interpreter(request_, when, finder, provider).executable.replace("\\", "/") == chosen


@pytest.mark.parametrize(
    ("request_", "when", "error", "text"),
    [
        ("3.13", "never", NotFoundError, "no Python 3.13 on this machine"),
        (
            "3.13",
            "missing",
            InstallError,
            "no Python 3.13 on this machine, and rezup cannot provide it: the mirror is away",
        ),
        ("3.12", "always", InstallError, "the mirror is away"),
        ("/nowhere", "missing", NotFoundError, "no Python /nowhere on this machine"),
        ("/nowhere", "always", NotFoundError, "no Python /nowhere on this machine"),
    ],
)
def test_what_is_nowhere_is_told(request_: str, when: str, error: type[Exception], text: str) -> None:
    finder: Any = Machine(("3.12",))
    provider: Any = Mirror(())
    with pytest.raises(error) as told:
        choose_interpreter(request_, when, finder, provider)
    assert getattr(told.value, "message", "") == text
