"""Interpreters that nobody needs any more, and who counts as needing one."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.unit.pythons.test_provided import put

from rezup_api.maintenance.python_cleanup import YOUNG, made_with, prune_pythons
from rezup_api.pythons.provided import hold_provided, provided
from rezup_api.store.metadata import FORMAT, Environment, Metadata

if TYPE_CHECKING:
    from pathlib import Path

LATER = time.time() + 2 * YOUNG


def make(root: Path, interpreter: str, timestamp: str = "1700000000.000000") -> Path:
    """A revision that was made with an interpreter; its metadata."""
    folder = root / "dev" / "revisions" / timestamp
    folder.mkdir(parents=True)
    environment = Environment(name="rez", python="3.12.1", interpreter=interpreter)
    path = folder / "revision.json"
    path.write_text(Metadata(FORMAT, "3.0.0", environments=(environment,)).to_json(), encoding="utf-8")
    return path


def test_one_that_nobody_needs_goes_after_a_day(tmp_path: Path) -> None:
    put(tmp_path, "used")
    put(tmp_path, "unused", "3.11.9")
    used = next(one for one in provided(tmp_path) if one.key == "used")
    make(tmp_path, str(used.executable))
    assert made_with(tmp_path) == {str(used.executable): ["dev@1700000000.000000"]}
    assert prune_pythons(tmp_path) == [], "it may be for a revision that is about to be made"
    assert prune_pythons(tmp_path, LATER) == ["unused"]
    assert sorted(path.name for path in (tmp_path / ".pythons").iterdir()) == ["used"]


def test_one_that_a_build_holds_stays(tmp_path: Path) -> None:
    put(tmp_path)
    (one,) = provided(tmp_path)
    with ExitStack() as holds:
        hold_provided(tmp_path, str(one.executable), holds)
        assert prune_pythons(tmp_path, LATER) == []
    assert prune_pythons(tmp_path, LATER) == [one.key]


def test_a_revision_that_cannot_be_read_may_need_any(tmp_path: Path) -> None:
    put(tmp_path)
    make(tmp_path, "/usr/bin/python3").write_text("{", encoding="utf-8")
    assert prune_pythons(tmp_path, LATER) == []


def test_a_root_without_any_is_left_alone(tmp_path: Path) -> None:
    assert prune_pythons(tmp_path, LATER) == []
    assert list(tmp_path.iterdir()) == []
