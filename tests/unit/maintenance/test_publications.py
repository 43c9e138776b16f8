"""What is published of a container, and what only lies beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import RemoteError
from rezup_api.maintenance.publications import UNLISTED, _platforms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.office import Office


def test_every_published_revision_is_listed_with_what_stands_about_it(here: Office, tmp_path: Path) -> None:
    here.share().recipe('[lock]\nplatforms = ["linux", "macos"]\n')
    one, two, three = (here.container().add(publish=True, message=text) for text in ("one", "two", "three"))
    here.container().tag(f"{one.timestamp}", "good", remote=True)
    here.container().rollback(remote=True)
    other = here.beside(tmp_path / "other")
    found = other.container().publications()
    assert (found.name, found.remote, found.published) == ("dev", str(here.remote), two.timestamp)
    assert [(row.timestamp, row.message, row.current, row.mark, row.labels, row.built) for row in found.revisions] == [
        (three.timestamp, "three", False, "gone back from", (), False),
        (two.timestamp, "two", True, "rolled back to", (), False),
        (one.timestamp, "one", False, "", ("good",), False),
    ]
    assert all(row.published and not row.obstacle and row.creator and row.hostname for row in found.revisions)
    assert {row.built for row in here.container().publications().revisions} == {True}


def test_platforms_are_those_that_the_recipe_wants() -> None:
    assert _platforms('[lock]\nplatforms = ["linux", "macos"]\n') == ["linux", "macos"]
    for text in ("", "[", "lock = 1", "[lock]\nplatforms = 3\n"):
        assert _platforms(text) == []


def test_a_pin_is_marked(here: Office) -> None:
    first = here.share().container().add(publish=True)
    here.container().add(publish=True)
    here.container().pin(first.timestamp, remote=True)
    assert [row.mark for row in here.container().publications().revisions] == ["", "pinned"]


def test_what_lies_there_and_is_not_in_the_log_is_named(here: Office) -> None:
    here.share().container().add(publish=True)
    foreign = here.remote / "dev" / "revisions" / "1600000000.000000"
    foreign.mkdir()
    (foreign / "revision.json").write_text('{"creator": "eve"}', encoding="utf-8")
    last = here.container().publications().revisions[-1]
    assert (last.timestamp, last.published, last.obstacle, last.creator) == (foreign.name, False, UNLISTED, "")


def test_a_damaged_one_does_not_hide_the_others(here: Office) -> None:
    damaged = here.share().container().add(publish=True)
    here.container().add(publish=True)
    (here.remote / "dev" / "revisions" / damaged.timestamp / "rezup.toml").write_text("", encoding="utf-8")
    rows = here.container().publications().revisions
    assert [row.obstacle.partition(":")[0] for row in rows] == ["", "damaged"]


def test_one_that_only_a_newer_rezup_understands_says_so(here: Office) -> None:
    revision = here.share().remote / "dev" / "revisions" / "1700000000.000000"
    revision.mkdir(parents=True)
    (revision / "rezup.toml").touch()
    (revision / "revision.json").write_text('{"format": 99, "rezup_version": "9.0"}', encoding="utf-8")
    (row,) = here.container().publications().revisions
    assert row.obstacle == "needs rezup 9.0 or newer"


def test_only_the_revision_in_force_is_read_for_a_list(here: Office) -> None:
    damaged = here.share().container().add(publish=True)
    newest = here.container().add(publish=True)
    (here.remote / "dev" / "revisions" / damaged.timestamp / "rezup.toml").write_text("", encoding="utf-8")
    found = here.container().publications(whole=False)
    assert [(row.timestamp, row.current, row.obstacle) for row in found.revisions] == [(newest.timestamp, True, "")]


def test_one_that_cannot_be_read_is_an_error(here: Office) -> None:
    for name in ("revisions/1700000000.000000", "labels"):
        (here.share().remote / "dev" / name).mkdir(parents=True)
    (here.remote / "dev" / "labels" / ".pin").write_text("nonsense", encoding="utf-8")
    with pytest.raises(RemoteError, match="is damaged"):
        here.container().publications()


def test_nothing_is_listed_of_what_is_not_published(here: Office) -> None:
    here.container().add()
    with pytest.raises(RemoteError, match="no remote root"):
        here.container().publications()
    assert here.share().container().publications().revisions == ()
