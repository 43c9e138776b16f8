"""What containers report of themselves for the hooks of a machine: each act once, and when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import InstallError
from rezup_api.events import Happened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.office import Office


def happened(office: Office) -> list[Happened]:
    """What has happened since it was asked for last."""
    found = [event for event in office.events if isinstance(event, Happened)]
    office.events.clear()
    return found


def test_a_revision_of_this_machine_is_added(here: Office) -> None:
    revision = here.container().add(message="menus")
    assert happened(here) == [Happened("added", "dev", revision.timestamp, message="menus")]


def test_one_of_the_studio_is_published_and_pulled_elsewhere_once(here: Office, tmp_path: Path) -> None:
    here.share()
    there = here.beside(tmp_path / "other")
    revision = here.container().add(message="menus", publish=True)
    place = str(here.remote)
    assert happened(here) == [Happened("published", "dev", revision.timestamp, place=place, message="menus")]
    there.container().find()
    assert happened(there) == [Happened("pulled", "dev", revision.timestamp, place=place, message="menus")]
    there.container().find()
    there.container().pull()
    assert happened(there) == []


def test_nothing_newer_is_no_event(here: Office) -> None:
    here.container().add()
    happened(here)
    here.container().add(upgrades=["rez"])
    assert happened(here) == []


def test_a_build_that_fails_says_why(here: Office) -> None:
    here.recipe("[[check]]\ncommand = 'exit 3'\n")
    with pytest.raises(InstallError) as refused:
        here.container().add(message="menus")
    (event,) = happened(here)
    assert (event.what, event.container, event.revision, event.message) == ("failed", "dev", "", "menus")
    assert event.cause is not None
    assert (event.cause.code, event.cause.message) == ("install", refused.value.message)
    assert event.cause.hint == refused.value.hint


def test_a_pull_that_fails_is_told_although_another_revision_stands_in(here: Office, tmp_path: Path) -> None:
    here.share()
    there = here.beside(tmp_path / "other")
    here.recipe(f"[[check]]\ncommand = 'test ! -e {tmp_path}/flag'\n")
    first = here.container().add(publish=True)
    there.container().find()
    second = here.container().add(publish=True, message="menus")
    happened(there)
    (tmp_path / "flag").touch()
    assert there.container().find().timestamp == first.timestamp
    (event,) = happened(there)
    assert (event.what, event.revision, event.place) == ("failed", second.timestamp, str(here.remote))
    assert event.message == "menus"
    assert event.cause is not None
    assert "the check" in event.cause.message


def test_a_rollback_says_from_where_to_where_and_a_rehearsal_says_nothing(here: Office) -> None:
    first, second = here.container().add(), here.container().add()
    happened(here)
    here.container().rollback(dry_run=True)
    assert happened(here) == []
    here.container().rollback(message="menus are gone")
    expected = Happened("rolled-back", "dev", first.timestamp, second.timestamp, message="menus are gone")
    assert happened(here) == [expected]


def test_a_rollback_for_the_studio_names_the_remote_root(here: Office) -> None:
    here.share()
    here.container().add(publish=True)
    here.container().add(publish=True)
    happened(here)
    here.container().rollback(remote=True)
    assert [event.place for event in happened(here)] == [str(here.remote)]


def test_a_switch_is_noticed_once_and_not_at_the_first_time(here: Office) -> None:
    first, second = here.container().add(), here.container().add(message="menus")
    happened(here)
    container = here.container()
    container.note_given(first)
    assert happened(here) == [], "nobody knows what was given before"
    container.note_given(first)
    assert happened(here) == []
    container.note_given(second)
    assert happened(here) == [Happened("switched", "dev", second.timestamp, first.timestamp, message="menus")]
    container.note_given(second)
    assert happened(here) == []
    assert container.labels() == {}


def test_a_damaged_note_counts_as_none(here: Office) -> None:
    first, second = here.container().add(), here.container().add()
    here.container().note_given(first)
    (here.home / ".rezup/dev/labels/.given").write_bytes(b"\xff../x")
    happened(here)
    here.container().note_given(second)
    assert happened(here) == []
    assert here.container().local.given() == second.timestamp


def test_who_cannot_note_it_does_not_hear_of_it_at_each_launch(here: Office) -> None:
    first, second = here.container().add(), here.container().add()
    here.container().note_given(first)
    note = here.home / ".rezup/dev/labels/.given"
    note.unlink()
    note.mkdir()
    happened(here)
    here.container().note_given(second)
    assert happened(here) == []
