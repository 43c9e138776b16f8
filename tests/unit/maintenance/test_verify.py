"""What is found of a revision that is not as it was recorded, and that a sound one has nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, library_wheel

from rezup_api.cache.content_store import FileStore
from rezup_api.cache.folders import open_caches
from rezup_api.events import silent, step
from rezup_api.maintenance.verify import Finding, examine_revision, parts_of
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.store.layout import site_packages
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.machine import Machine

    from rezup_api.store.revision import Revision

RECIPE = '[shared]\nname = "common"\nrequires = ["numpy"]'


@pytest.fixture
def revision(machine: Machine, engine: FakeEngine) -> Revision:
    """A revision with an environment and shared libraries."""
    library_wheel(engine.index, "numpy")
    return machine.make(RECIPE)


@pytest.fixture
def cli(revision: Revision) -> Path:
    """One file of it."""
    return site_packages(revision.path / "venv" / "rez", host_interpreter().version) / "rez" / "cli.py"


def examine(revision: Revision) -> list[Finding]:
    """All that is found."""
    store = FileStore(open_caches(revision.folder.root).files)
    with step(silent, "Verifying") as running:
        return examine_revision(revision, store, os.environ, running)


def write(path: Path, text: str) -> None:
    """Another content under the same name, for this one alone."""
    path.unlink()
    path.write_text(text, encoding="utf-8")


def test_a_sound_revision_has_nothing(revision: Revision) -> None:
    assert examine(revision) == []
    names = {part.top.relative_to(revision.folder.path).parts[0] for part in parts_of(revision)}
    assert names == {"revisions", "libs"}


@pytest.mark.parametrize(
    ("damage", "kind", "text"),
    [
        (lambda path: write(path, "changed"), "changed", "is not what was installed"),
        (lambda path: path.unlink(), "missing", "is missing"),
        (lambda path: path.with_name("new.py").touch(), "extra", "was not installed"),
        (lambda path: (path.unlink(), path.symlink_to("/dev/null")), "changed", "has become a link"),
        (lambda path: (path.unlink(), path.mkdir()), "missing", "is missing"),
        (lambda path: path.chmod(0o755), "changed", "is not what was installed"),
    ],
    ids=["changed", "gone", "new", "a link", "a folder", "executable"],
)
def test_each_kind_of_damage(
    revision: Revision, cli: Path, damage: Callable[[Path], object], kind: str, text: str
) -> None:
    damage(cli)
    (found,) = examine(revision)
    assert (found.kind, found.text) == (kind, text)
    assert str(found).startswith(found.path)


def test_a_link_that_leads_elsewhere(revision: Revision) -> None:
    link = revision.path / "venv" / "rez" / "bin" / "python"
    assert link.is_symlink()
    target = os.readlink(link)
    link.unlink()
    link.symlink_to("/elsewhere")
    (found,) = examine(revision)
    assert (found.kind, found.text, found.target) == ("link", "leads to /elsewhere", target)
    link.unlink()
    assert [one.text for one in examine(revision)] == ["is missing"]
    link.touch()
    assert [one.text for one in examine(revision)] == ["was a link"]


def test_shared_libraries_are_looked_at_too(revision: Revision) -> None:
    (file,) = revision.folder.libraries.glob("*/numpy/__init__.py")
    write(file, "changed")
    (found,) = examine(revision)
    assert (found.kind, found.path) == ("changed", str(file))


def test_a_damaged_entry_of_the_cache_is_told(revision: Revision, cli: Path) -> None:
    """The installed file has been replaced by a sound copy since, so that it is not the entry any more."""
    text = cli.read_text(encoding="utf-8")
    entry = next(
        path for path in open_caches(revision.folder.root).files.rglob("*") if path.is_file() and path.samefile(cli)
    )
    write(cli, text)
    cli.chmod(entry.stat().st_mode)
    entry.chmod(0o644)
    entry.write_text("damaged", encoding="utf-8")
    (found,) = examine(revision)
    assert (found.kind, found.path) == ("cache", str(entry))


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: write(path, "{")], ids=["gone", "damaged"])
def test_a_record_that_cannot_be_read_is_told(revision: Revision, damage: Callable[[Path], None]) -> None:
    damage(revision.path / "files.rez.json")
    (found,) = examine(revision)
    assert (found.kind, found.text) == ("record", "its digests cannot be read")


@pytest.mark.parametrize(
    ("interpreter", "version", "said"),
    [
        ("/nowhere/python", None, "is gone, which rez was made from"),
        (None, "3.1.4", f"is Python {host_interpreter().version_text} now; rez was made with 3.1.4"),
        ("/bin/false", None, "does not run; rez was made with"),
        ("/dev/null", None, "does not run: cannot start"),
    ],
)
def test_an_interpreter_that_is_another_one(
    revision: Revision, interpreter: str | None, version: str | None, said: str
) -> None:
    assert revision.metadata is not None
    (environment,) = revision.metadata.environments
    other = replace(
        environment,
        interpreter=environment.interpreter if interpreter is None else interpreter,
        python=environment.python if version is None else version,
    )
    (found,) = examine(replace(revision, metadata=replace(revision.metadata, environments=(other,))))
    assert found.kind == "interpreter"
    assert found.text.startswith(said)


@pytest.mark.parametrize("damage", ["", "{", "[" * 100_000], ids=["empty", "cut off", "nested"])
def test_a_revision_without_readable_metadata_is_not_as_it_was_made(revision: Revision, damage: str) -> None:
    write(revision.lock_file, damage)
    (found,) = examine(load_revision(revision.folder, revision.timestamp))
    assert (found.kind, found.path) == ("metadata", str(revision.lock_file))
    assert found.text.startswith("is damaged: ")
    revision.lock_file.unlink()
    (found,) = examine(load_revision(revision.folder, revision.timestamp))
    assert (found.kind, str(found)) == ("metadata", f"{revision.path}: is not complete")
