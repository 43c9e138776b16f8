"""The house: rooms of a size that can be taken in, one name for one thing, and no import that leads back to where it began."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("rezup", "rezup_api")
MOST_MODULES = 12
# What stands above the rooms: what scripts and the command start from, and what everybody needs.
LOOSE = {
    "rezup_api": {
        *("studio", "container", "rez", "administration", "planning", "promotion", "overview", "results", "status"),
        *("exposure", "settings", "errors", "events", "frozen", "_version"),
    },
    "rezup": {"__main__", "main", "after", "guessing", "newer_release", "util", "util_env", "_version"},
}
# One verb a file.
LARGE_ROOMS = {"rezup.commands"}
# Each verb has a function of this name; each program one of that.
COMMON_NAMES = {"run", "main"}
# A definition that two packages must both have, with the reason.
DOUBLE_NAMES = {
    "parent_words": "the launch may not import the library",
}
# Groups of modules that import each other, with the measured reason.
CIRCLES: dict[frozenset[str], str] = {}


@dataclass(frozen=True)
class Module:
    """A module of one of the packages: its dotted name, and what it consists of."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def leaf(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def room(self) -> str:
        """The package that it lies in."""
        return self.name.rpartition(".")[0]


@cache
def modules() -> dict[str, Module]:
    """All modules of both packages by their names; those of a revision's Python are scripts, not modules."""
    found = {}
    for package in PACKAGES:
        top = ROOT / package / "src"
        for path in sorted((top / package).rglob("*.py")):
            parts = path.relative_to(top).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if "_probe" not in parts:
                found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imports(tree: ast.Module, known: Mapping[str, object]) -> Iterator[str]:
    """The known modules that a module imports: at its top, in a function or for its types."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module or "" for name in names)


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """The groups of modules each of which can be reached from each other of its group."""
    reached = {start: _reachable(graph, start) for start in graph}
    groups = {frozenset(other for other in found if start in reached[other]) for start, found in reached.items()}
    return {group for group in groups if group}


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += graph[name]
    return found


def public(tree: ast.Module) -> list[str]:
    """The public classes and functions that a module defines, not those of its classes."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def test_no_import_leads_back() -> None:
    known = modules()
    graph = {name: {*imports(module.tree, known)} - {name} for name, module in known.items()}
    assert circles(graph) == set(CIRCLES), "move a definition, or list the circle with a measured reason"


def test_one_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules().values():
        for name in public(module.tree):
            places[name].append(module.name)
    double = {name: where for name, where in places.items() if len(where) > 1 and name not in COMMON_NAMES}
    assert {name: where for name, where in double.items() if name not in DOUBLE_NAMES} == {}
    assert set(DOUBLE_NAMES) == set(double), "what is not double any more need not be listed"


def test_modules_have_names_of_their_own() -> None:
    """A command is called as what it calls; everything else has a name of its own."""
    places: dict[str, list[str]] = defaultdict(list)
    packages = {module.room for module in modules().values()}
    for module in modules().values():
        if not module.leaf.startswith("_") and module.room != "rezup.commands" and module.name not in packages:
            places[module.leaf].append(module.name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_a_room(package: str) -> None:
    rooms = {module.room for module in modules().values()}
    loose = {module.leaf for module in modules().values() if module.room == package and module.name not in rooms}
    assert loose == LOOSE[package]


def test_a_room_can_be_taken_in() -> None:
    sizes: dict[str, int] = defaultdict(int)
    for module in modules().values():
        if module.path.name != "__init__.py" and module.room not in PACKAGES:
            sizes[module.room] += 1
    assert {room: size for room, size in sizes.items() if size > MOST_MODULES and room not in LARGE_ROOMS} == {}


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": set()}, []),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, ["ab"]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}}, ["abc", "de"]),
    ],
)
def test_a_circle_is_seen(graph: dict[str, set[str]], expected: list[str]) -> None:
    assert circles(graph) == {frozenset(group) for group in expected}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b", {"a.b"}),
        ("from a import b", {"a.b"}),
        ("from a.b import thing", {"a.b"}),
        ("from a import thing", {"a"}),
        ("import os", set()),
        ("def f():\n    from a.b import thing", {"a.b"}),
        ("if TYPE_CHECKING:\n    from a import b, thing", {"a", "a.b"}),
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str, expected: set[str]) -> None:
    assert {*imports(ast.parse(source), {"a": 1, "a.b": 1})} == expected
