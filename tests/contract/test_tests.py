"""The tests mirror the sources: every room has its own, every module a file, and no file is of a module that is gone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.contract.test_structure import PACKAGES, modules

UNIT = Path(__file__).resolve().parents[1] / "unit"
FOLDERS = {"rezup": UNIT / "command", "rezup_api": UNIT}
# Rooms whose modules are one thing many times over, tested together in one file.
TOGETHER = {"rezup.commands": "test_commands.py", "rezup.cli": "test_cli.py"}
# Modules without a file of their own, with the place where they are tested.
ELSEWHERE = {
    "rezup.__main__": "tests/contract/test_quick_launch.py, and what is installed in tests/e2e/upgrade",
    "rezup.fastpath.invocation": "test_prepare.py: one class of values",
    "rezup.fastpath.parent": "tests/e2e/test_quick_launch.py: it needs a terminal",
    "rezup.fastpath.seal": "test_record.py: records are what is sealed",
    "rezup.fastpath.site_script": "test_customize.py runs scripts with it",
    "rezup.fastpath.version": "test_newer_release.py: what `rezup --version` says",
    "rezup.output.change": "tests/e2e/test_questions.py: what is asked on a terminal",
    "rezup.output.published_tables": "test_status.py: what `status --remote` shows",
    "rezup.util_env": "test_util.py: one import in a process of its own",
    "rezup_api.builder.publication": "test_revision_builder.py: what is published and pulled",
    "rezup_api.recipe.model": "test_load.py: a recipe is nothing but what was loaded",
    "rezup_api.recipe.schema": "test_validate.py walks the table",
    "rezup_api.results": "test_verbs.py: classes of values",
    "rezup_api.status": "test_verbs.py: the rows that verbs give",
    "rezup_api.store.layout": "test_revision.py: where things lie",
    "rezup_api.store.shared_folders": "environments/test_libraries.py and test_shared_data.py",
}
# Files that are about a thought, not about one module.
TOPICS = {
    "command/commands/test_care.py": "`doctor`, which has more to say than the other commands",
    "command/commands/test_every_document.py": "every command with `--json`",
    "command/fastpath/test_quick.py": "the quick launch, which is the face of its room",
    "published/test_damaged_entries.py": "bytes that are no entry, made by hand and by chance",
    "published/test_in_the_way.py": "what others put under the names of entries, and in the place of the pointer",
    "published/test_many_publications.py": "publications in great numbers, and at once",
    "published/test_older_roots.py": "remote roots from the time before there were logs",
    "published/test_put_back.py": "shares that contradict what a user has seen",
    "published/test_refused_publications.py": "what cannot be published, and that it leaves nothing",
    "recipe/test_examples.py": "the recipes that come with rezup",
    "recipe/test_older_recipes.py": "recipes of rezup 1.x and 2.x",
    "test_damaged_documents.py": "every parser, with documents that were damaged by chance",
    "test_verbs.py": "the verbs of a container, as scripts call them",
    "test_happenings.py": "what containers report for the hooks of a machine",
    "test_faults.py": "what commands do when a call to the system fails",
    "test_pages.py": "how the pages of the documentation are run, which tests/e2e does",
}


def file_of(module: str) -> Path:
    """Where the tests of a module are."""
    package, _, inside = module.partition(".")
    *rooms, leaf = inside.split(".")
    return FOLDERS[package].joinpath(*rooms, f"test_{leaf}.py")


def modules_to_test() -> list[str]:
    """The modules that hold anything to test."""
    rooms = {module.room for module in modules().values()}
    return [name for name in modules() if name not in {*rooms, *PACKAGES} and not name.endswith("._version")]


@pytest.mark.parametrize("room", sorted({module.room for module in modules().values()} - {*PACKAGES, ""}))
def test_every_room_has_tests(room: str) -> None:
    assert list(file_of(f"{room}.x").parent.glob("test_*.py")), "a folder of the same name, with a file for each module"


def test_every_module_has_tests() -> None:
    missing = [
        name for name in modules_to_test() if not file_of(name).exists() and name.rpartition(".")[0] not in TOGETHER
    ]
    assert sorted(missing) == sorted(ELSEWHERE), "write them, or say where they are; what has some need not be listed"
    for room, file in TOGETHER.items():
        assert (file_of(f"{room}.x").parent / file).is_file()


def test_every_file_is_of_a_module() -> None:
    known = {file_of(name) for name in modules_to_test()} | {
        file_of(f"{room}.x").parent / file for room, file in TOGETHER.items()
    }
    others = {path.relative_to(UNIT).as_posix() for path in set(UNIT.rglob("test_*.py")) - known}
    assert others == set(TOPICS), "move it to the tests of a module, or say what it is about"


@pytest.mark.parametrize("path", sorted(UNIT.rglob("test_*.py")), ids=lambda path: path.relative_to(UNIT).as_posix())
def test_every_test_can_fail(path: Path) -> None:
    """A test without an assertion, and without an error that it waits for, says nothing."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    helpers = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _asserts(node, set())}
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    assert [node.name for node in tests if not _asserts(node, helpers)] == []


def _asserts(function: ast.FunctionDef, helpers: set[str]) -> bool:
    """Whether a function asserts something, by itself or by what it calls."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {*helpers, "raises", "fail"}:
            return True
        if isinstance(node, ast.keyword) and node.arg == "check" and ast.unparse(node.value) == "True":
            return True
    return False
