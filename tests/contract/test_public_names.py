"""What the library offers, that the command needs nothing else, and that scripts can do all that the command does."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from rezup.commands import COMMANDS
from rezup_api import Container, Studio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMMAND = "rezup/src/rezup"
API = "rezup_api/src/rezup_api"
# All that they define is public, unless its name begins with an underscore.
MODULES = {"rezup_api.errors", "rezup_api.events", "rezup_api.results", "rezup_api.rez", "rezup_api.status"}
# What the command imports from elsewhere, and why.
EXCEPTIONS = {
    # Each package and each look through a room adds to every launch; these two take a launch from 1.03 to 1.09 and 1.20 times
    # the start of Python already.
    ("fastpath/__init__.py", "rezup_api.netfs.mounts.mount_may_hang"),
    ("fastpath/__init__.py", "rezup_api.netfs.limit.begin"),
    # How the sources write classes, and nothing that the library offers.
    ("output/render.py", "rezup_api.frozen.dataclass"),
    ("output/table.py", "rezup_api.frozen.dataclass"),
    ("commands/status.py", "rezup_api.frozen.asdict"),
    ("commands/history.py", "rezup_api.frozen.asdict"),
    ("commands/doctor.py", "rezup_api.frozen.asdict"),
}
# The verbs of the command, as scripts call them.
VERBS: dict[str, list[Callable[..., object]]] = {
    "use": [Container.enter, Container.find],
    "add": [Container.add, Container.plan, Container.outline, Studio.source],
    "pull": [Container.pull, Container.pulling],
    "python": [Studio.pythons, Studio.provide_python],
    "drop": [Container.drop, Container.dropping],
    "status": [Studio.status, Studio.session, Container.status, Container.publications],
    "env": [Container.env],
    "expose": [Studio.expose],
    "unexpose": [Studio.unexpose],
    "exposed": [Studio.exposed],
    "pin": [Container.pin],
    "unpin": [Container.unpin],
    "rollback": [Container.rollback],
    "tag": [Container.tag],
    "untag": [Container.untag],
    "history": [Container.history],
    "diff": [Studio.diff, Container.describe],
    "packages": [Container.packages],
    "sessions": [Container.sessions],
    "gc": [Container.gc],
    "doctor": [Studio.doctor],
    "verify": [Container.verify],
    "bundle": [Container.bundle],
    "recipe": [Studio.recipe, Container.kept_recipe, Studio.init_recipe],
    "upgrade": [Studio.newer_releases],  # what is taken replaces the command, and is the command's affair
    "completion": [],  # it is about the command itself
}


def rooms(checkout: Path) -> list[str]:
    """The packages of the library that offer names: itself, and its rooms."""
    found = sorted(path.parent.name for path in (checkout / API).glob("*/__init__.py"))
    return [
        "rezup_api",
        *(f"rezup_api.{name}" for name in found if hasattr(import_module(f"rezup_api.{name}"), "__all__")),
    ]


def is_public(module: str, name: str) -> bool:
    """Whether users of the library may import a name from there."""
    found = import_module(module)
    if hasattr(found, "__path__"):
        return name in getattr(found, "__all__", ())
    return module in MODULES and not name.startswith("_") and hasattr(found, name)


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that a source imports from the library, each with its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("rezup_api."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rezup_api":
            yield from ((str(node.module), alias.name) for alias in node.names if alias.name != "*")


def test_the_command_imports_public_names_only(checkout: Path) -> None:
    found = set()
    for path in sorted((checkout / COMMAND).rglob("*.py")):
        for module, name in imports(ast.parse(path.read_text(encoding="utf-8"))):
            if not is_public(module, name):
                found.add((path.relative_to(checkout / COMMAND).as_posix(), f"{module}.{name}"))
    assert found == EXCEPTIONS


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("from rezup_api import Studio", True),
        ("from rezup_api.store import parse_target", True),
        ("from rezup_api.events import Warned", True),
        ("from rezup_api.store.names import parse_target", False),
        ("from rezup_api.store import names", False),
        ("from rezup_api.studio import Studio", False),
        ("import rezup_api.store", False),
    ],
)
def test_what_this_test_sees(source: str, public: bool) -> None:
    assert [is_public(module, name) for module, name in imports(ast.parse(source))] == [public]


def test_what_is_offered_is_there_and_no_module_hides_it(checkout: Path) -> None:
    for package in rooms(checkout):
        room = import_module(package)
        assert [name for name in room.__all__ if inspect.ismodule(getattr(room, name))] == []
        folder = checkout / API / package.replace("rezup_api", "", 1).lstrip(".")
        modules = {path.stem for path in folder.glob("*.py")} | {
            path.parent.name for path in folder.glob("*/__init__.py")
        }
        assert modules.isdisjoint(room.__all__), package
        with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
            room.nonsense  # noqa: B018


def test_type_checkers_see_what_is_offered(checkout: Path) -> None:
    """The names stand twice: for type checkers, and for whoever asks for them."""
    for package in rooms(checkout):
        path = checkout / API / package.replace("rezup_api", "", 1).lstrip(".") / "__init__.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {(module, name) for module, name in imports(tree) if name != "offer"}
        room = import_module(package)
        assert {name for _, name in named} == set(room.__all__)
        assert [name for module, name in named if getattr(import_module(module), name) is not getattr(room, name)] == []


def test_importing_a_room_loads_nothing_else(checkout: Path) -> None:
    packages = rooms(checkout)
    code = f"import sys, json; before = set(sys.modules)\nimport {', '.join(packages)}\n"
    code = f"import sys; sys.path.insert(0, {str(checkout / 'rezup_api/src')!r})\n{code}"
    code += "print(json.dumps(sorted(set(sys.modules) - before)))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == packages


def test_scripts_have_every_verb_of_the_command() -> None:
    assert set(VERBS) == set(COMMANDS)
    for command, methods in VERBS.items():
        for method in methods:
            given = inspect.get_annotations(method)["return"]
            assert (method.__doc__ or "").strip(), command
            assert given.split("[")[0] not in {"dict", "tuple", "bool", "None"}, f"{command} gives {given}"
