"""What the caches hold for revisions that are gone, and what of it stays."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.folders import Caches, open_caches
from rezup_api.disk.staging import staged
from rezup_api.maintenance.cache_cleanup import drop_lists, prune

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.maintenance.conftest import Make

    from rezup_api.store.layout import ContainerFolder

WANTED, SHARED, GONE = ("a" * 64, "b" * 64, "c" * 64)
STAMP = "1700000001.000000"


def listing(*digests: str) -> str:
    """The list of an environment with files of these contents."""
    return json.dumps({"files": {f"file{number}": [digest, 1, False, 0] for number, digest in enumerate(digests)}})


@pytest.fixture
def caches(folder: ContainerFolder, make: Make) -> Caches:
    """Caches of a root with one revision, which has one of three contents; its shared libraries have another one."""
    (make(STAMP) / "files.rez.json").write_text(listing(WANTED), encoding="utf-8")
    libraries = folder.libraries / "common-0"
    libraries.mkdir(parents=True)
    (libraries / "files.json").write_text(listing(SHARED), encoding="utf-8")
    found = open_caches(folder.root)
    for digest in (WANTED, SHARED, GONE):
        for path in (found.files / digest[:2] / digest, found.bytecode / f"{digest}.cpython-311.pyc"):
            path.parent.mkdir(exist_ok=True)
            path.write_text("x", encoding="utf-8")
        (found.environments / f"{digest[:4]}.json").write_text(listing(WANTED, digest), encoding="utf-8")
    (found.files / "other").touch()
    return found


def held(folder: Path) -> set[str]:
    """The names of the files below a folder, without endings."""
    return {path.name.partition(".")[0] for path in folder.rglob("*") if path.is_file()}


def test_what_no_revision_has_goes_with_the_lists_that_need_it(folder: ContainerFolder, caches: Caches) -> None:
    prune(folder.root)
    assert held(caches.files) == {WANTED, SHARED, "other"}
    assert held(caches.bytecode) == {WANTED, SHARED}
    assert held(caches.environments) == {WANTED[:4], SHARED[:4]}


def test_while_somebody_builds_what_is_young_stays(folder: ContainerFolder, caches: Caches) -> None:
    with staged(folder.path):
        prune(folder.root)
    assert GONE in held(caches.files)
    prune(folder.root)
    assert GONE not in held(caches.files)


def test_a_list_that_cannot_be_read_does_no_harm(folder: ContainerFolder, caches: Caches) -> None:
    (caches.environments / "broken.json").write_text("{", encoding="utf-8")
    drop_lists(folder.root, {SHARED})
    assert held(caches.environments) == {WANTED[:4], GONE[:4], "broken"}


def test_where_there_are_no_caches_nothing_is_made(folder: ContainerFolder) -> None:
    prune(folder.root)
    assert not os.path.exists(folder.root)
