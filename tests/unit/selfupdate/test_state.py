"""What is kept in mind of releases, and for how long."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import StorageError
from rezup_api.selfupdate.state import DAY, read_memory

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_refused_is_kept_beside_what_was_told(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    read_memory(path).refuse("one", "it does not run")
    read_memory(path).announce("4.0", 1000.0)
    read_memory(path).refuse("two", "taken back")
    found = read_memory(path)
    assert found.refused == {"one": "it does not run", "two": "taken back"}
    assert found.announced == {"4.0": 1000.0}
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("version", "now", "news"),
    [
        ("4.0", 1000.0, False),
        ("4.0", 1000.0 + DAY - 1, False),
        ("4.0", 1000.0 + DAY, True),
        ("4.0", 999.0, True),
        ("4.1", 1000.0, True),
    ],
    ids=["at once", "the same day", "the next day", "the clock was set back", "another one"],
)
def test_a_release_is_told_of_once_a_day(tmp_path: Path, version: str, now: float, news: bool) -> None:
    read_memory(tmp_path / "state.json").announce("4.0", 1000.0)
    assert read_memory(tmp_path / "state.json").is_news(version, now) is news


def test_only_the_last_announcement_is_kept(tmp_path: Path) -> None:
    for version in ("4.0", "4.1"):
        read_memory(tmp_path / "state.json").announce(version, 1000.0)
    assert read_memory(tmp_path / "state.json").announced == {"4.1": 1000.0}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"refused": {}}', '{"refused": [], "announced": {}}', '{"refused": {}, "announced": {"4": "x"}}'],
)
def test_what_cannot_be_read_is_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text, encoding="utf-8")
    found = read_memory(path)
    assert (dict(found.refused), dict(found.announced)) == ({}, {})
    found.refuse("one", "x")
    assert read_memory(path).refused == {"one": "x"}


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write to"):
        read_memory(tmp_path / "file" / "state.json").refuse("one", "x")
