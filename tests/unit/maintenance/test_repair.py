"""What is mended, from where, and that all who share a damaged file are mended with it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, library_wheel

from rezup_api.cache.content_store import FileStore
from rezup_api.cache.folders import open_caches
from rezup_api.events import StepFinished, Warned, silent, step
from rezup_api.maintenance.repair import Repairer
from rezup_api.maintenance.verify import Finding, examine_revision
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.store.layout import site_packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.machine import Machine

    from rezup_api.store.revision import Revision


def file_of(revision: Revision, name: str = "rez/cli.py") -> Path:
    """A file that was installed."""
    return site_packages(revision.path / "venv" / "rez", host_interpreter().version) / name


def findings(revision: Revision) -> list[Finding]:
    """What is wrong with a revision."""
    with step(silent, "Verifying") as running:
        return examine_revision(revision, FileStore(open_caches(revision.folder.root).files), os.environ, running)


def mend(machine: Machine, revision: Revision) -> int:
    """Mend what is found; the number of things that were."""
    builder = machine.builder()
    store = FileStore(open_caches(revision.folder.root).files)
    repairer = Repairer(revision, store, builder.settings, builder.environ, machine.events.append)
    return repairer.mend(findings(revision))


def spoil(path: Path) -> None:
    """Write into a file, whoever shares it."""
    path.chmod(0o644)
    path.write_text("damaged", encoding="utf-8")


def put_a_file_in_place_of_its_folder(path: Path) -> None:
    """As a careless `mv` does."""
    shutil.rmtree(path.parent)
    path.parent.touch()


@pytest.mark.parametrize(
    "damage",
    [
        spoil,
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.symlink_to("/dev/null")),
        lambda path: (path.unlink(), path.mkdir(), (path / "inside").touch()),
        lambda path: path.with_name("new.py").touch(),
        lambda path: shutil.rmtree(path.parent),
        put_a_file_in_place_of_its_folder,
    ],
    ids=["changed", "gone", "a link", "a folder", "new", "its folder gone", "its folder a file"],
)
def test_each_kind_of_damage_is_mended(machine: Machine, damage: Callable[[Path], object]) -> None:
    revision = machine.make()
    before = file_of(revision).read_bytes()
    damage(file_of(revision))
    wrong = findings(revision)
    assert wrong
    assert mend(machine, revision) == len(wrong)
    assert findings(revision) == []
    assert file_of(revision).read_bytes() == before
    assert machine.left == [], "nothing of the work stays"


def test_who_has_the_damaged_file_open_keeps_it(machine: Machine) -> None:
    revision = machine.make()
    spoil(file_of(revision))
    with file_of(revision).open(encoding="utf-8") as reader:
        mend(machine, revision)
        assert reader.read() == "damaged"


def test_all_that_share_the_file_are_mended(machine: Machine) -> None:
    first, second = machine.make(), machine.make()
    if not os.path.samefile(file_of(first), file_of(second)):
        pytest.skip("this file system shares without links")
    spoil(file_of(first))
    mend(machine, first)
    assert findings(second) == []
    assert "Repaired 1 files of other revisions" in [e.text for e in machine.events if isinstance(e, StepFinished)]


@pytest.mark.parametrize("other", [True, False], ids=["from another revision", "by building again"])
def test_where_the_cache_has_nothing_it_comes_from_elsewhere(machine: Machine, engine: FakeEngine, other: bool) -> None:
    recipe = '[pip]\nlink = "copy"'
    revision = machine.make(recipe)
    if other:
        machine.make(recipe)
    shutil.rmtree(open_caches(machine.folder.root).files)
    open_caches(machine.folder.root)
    file_of(revision).unlink()
    engine.calls.clear()
    assert mend(machine, revision) >= 1
    assert findings(revision) == []
    assert ("install" in engine.calls) is not other


def test_what_can_be_had_nowhere_is_told_and_the_rest_is_mended(machine: Machine, engine: FakeEngine) -> None:
    library_wheel(engine.index, "six")
    revision = machine.make('[rez]\nlib = ["six"]\n[pip]\nlink = "copy"')
    shutil.rmtree(open_caches(machine.folder.root).files)
    open_caches(machine.folder.root)
    shutil.rmtree(engine.index)
    engine.index.mkdir()
    file_of(revision).unlink()
    file_of(revision).with_name("extra.py").touch()
    assert mend(machine, revision) == 1
    assert [one.kind for one in findings(revision)] == ["missing"]
    assert any("the environments cannot be built again" in e.text for e in machine.events if isinstance(e, Warned))


def test_a_record_is_made_again(machine: Machine) -> None:
    revision = machine.make()
    record = revision.path / "files.rez.json"
    before = record.read_bytes()
    record.unlink()
    assert mend(machine, revision) == 1
    assert record.read_bytes() == before


def test_a_link_is_set_again(machine: Machine) -> None:
    revision = machine.make()
    link = revision.path / "venv" / "rez" / "bin" / "python"
    target = os.readlink(link)
    link.unlink()
    link.symlink_to("/elsewhere")
    assert mend(machine, revision) == 1
    assert os.readlink(link) == target
