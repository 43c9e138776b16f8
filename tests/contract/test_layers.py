"""Who may do what: what the import contracts of pyproject.toml, which `scripts/test.py` runs, do not see."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API = "rezup_api/src/rezup_api"
PRINTING = {"print", "input", "breakpoint", "exit", "quit"}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv", "os.path.expandvars"}
STARTING = {"os.system", "os.popen", "os.posix_spawn", "os.posix_spawnp", "os.startfile", "pty.spawn"}


def test_only_the_runner_starts_processes(checkout: Path) -> None:
    found = {
        (path, name) for path, name in _imports(checkout) if name.split(".")[0] in {"subprocess", "multiprocessing"}
    }
    assert found == {("process/runner.py", "subprocess")}
    assert _used(checkout, STARTING) == set()


def test_only_sessions_become_commands(checkout: Path) -> None:
    execs = {f"os.{name}" for name in ("execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe")}
    assert {path for path, _ in _used(checkout, execs) if not path.startswith("session/")} == set()


def test_nothing_imports_the_probes(checkout: Path) -> None:
    assert {path for path, name in _imports(checkout) if "_probe" in name.split(".")} == set()


def test_the_library_neither_prints_nor_prompts_nor_exits(checkout: Path) -> None:
    assert _used(checkout, PRINTING | {"sys.exit"}) == set()


def test_the_environment_is_read_at_the_edge(checkout: Path) -> None:
    # `rez` is what scripts call, and their own environment is what they mean where they name none.
    assert {path for path, _ in _used(checkout, ENVIRONMENT)} <= {"session/customize.py", "rez.py"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os\nos.environ['X']", {"os.environ"}),
        ("import os as system\nsystem.getenv('X')", {"os.getenv"}),
        ("from os import environ as e\ne['X']", {"os.environ"}),
        ("import os.path\nos.path.expandvars('$X')", {"os.path.expandvars"}),
        ("print(1)", {"print"}),
        ("def print_all(): pass\nprint_all()", set()),
    ],
)
def test_what_these_tests_see(source: str, expected: set[str]) -> None:
    assert set(_names(ast.parse(source))) & (ENVIRONMENT | PRINTING) == expected


@cache
def _modules(checkout: Path) -> list[tuple[str, ast.Module]]:
    """All modules of the library but those that another Python runs, by their path in it."""
    top = checkout / API
    every = ((path.relative_to(top).as_posix(), path) for path in sorted(top.rglob("*.py")))
    return [
        (relative, ast.parse(path.read_text(encoding="utf-8")))
        for relative, path in every
        if not relative.startswith("_probe/")
    ]


def _imports(checkout: Path) -> Iterator[tuple[str, str]]:
    """What each module imports, at its top or inside a function: `from a import b` counts as a.b."""
    for relative, tree in _modules(checkout):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((relative, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names]
                yield from ((relative, name) for name in names)


def _used(checkout: Path, names: set[str]) -> set[tuple[str, str]]:
    return {(relative, name) for relative, used in _used_names(checkout) for name in used & names}


@cache
def _used_names(checkout: Path) -> list[tuple[str, frozenset[str]]]:
    return [(relative, frozenset(_names(tree))) for relative, tree in _modules(checkout)]


def _names(tree: ast.Module) -> Iterator[str]:
    """Every name and attribute that is used, under the name of what was imported."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and node.module:
            aliases.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = ast.unparse(node)
            head, dot, rest = name.partition(".")
            yield aliases.get(head, head) + dot + rest
