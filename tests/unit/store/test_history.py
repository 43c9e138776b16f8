"""The history: one file an act, read back whole, whatever lies beside it."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B, C, D

from rezup_api.errors import StorageError
from rezup_api.events import Event, Warned
from rezup_api.store.history import Act, new_act, parse_act
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from tests.unit.studio import Studio

    from rezup_api.store.layout import ContainerFolder


def act(name: str, revision: str = A, day: int = 1, **more: str) -> Act:
    return Act(name, revision, "ana", "ws12", f"2026-01-{day:02}T10:00:00.000000+00:00", **more)


def test_an_act_comes_back_as_it_was_written(folder: ContainerFolder) -> None:
    written = act("tag", message="für „Möwe“\nzweite Zeile", detail="staging", previous=B, rezup_version="3.0.0")
    local_root(folder).record(written)
    assert local_root(folder).acts() == [written]
    (path,) = (folder.path / "history").iterdir()
    assert path.name.split("-")[0].replace(".", "").isdigit()
    assert os.listdir(folder.path) == ["history"], "nothing else is left"


def test_who_where_and_when_are_filled_in() -> None:
    before = datetime.now(timezone.utc)
    made = new_act("pin", A, os.environ, message="why")
    assert (made.act, made.revision, made.message) == ("pin", A, "why")
    assert made.who
    assert made.host
    assert made.rezup_version
    when = datetime.fromisoformat(made.when)
    assert when.utcoffset() == timedelta(0)
    assert before <= when <= datetime.now(timezone.utc)


def test_the_newest_comes_first_whatever_the_clock_of_the_writer_said(folder: ContainerFolder) -> None:
    for day in (2, 3, 1):
        local_root(folder).record(act("pin", day=day))
    assert [one.when[8:10] for one in local_root(folder).acts()] == ["03", "02", "01"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"act": "pin"}',
        '{"act": "pin", "when": "yesterday"}',
        '{"act": "pin", "when": "2026-01-01"}',
    ],
)
def test_what_is_no_act_is_left_out(folder: ContainerFolder, text: str) -> None:
    local_root(folder).record(act("pin"))
    place = folder.path / "history"
    (place / "1.json").write_text(text, encoding="utf-8")
    (place / ".2.json").write_text(act("pin").to_json(), encoding="utf-8")
    (place / "3.txt").write_text(act("pin").to_json(), encoding="utf-8")
    (place / "4.json").write_bytes(b"\xff\xfe")
    assert local_root(folder).acts() == [act("pin")]
    with pytest.raises(ValueError):  # noqa: PT011 - json's, or ours
        parse_act(text)


def test_what_a_newer_rezup_has_added_is_passed_over() -> None:
    document = json.loads(act("pin").to_json())
    assert parse_act(json.dumps({**document, "mood": "good", "format": 9})) == act("pin")


def test_a_revision_of_which_nothing_is_recorded_tells_of_itself(studio: Studio) -> None:
    studio.build(A, B)
    studio.pull(C)
    (studio.here.revisions / D).mkdir()
    local_root(studio.here).record(act("add", B, day=3))
    local_root(studio.here).record(act("pin", A, day=2))
    told = [(one.act, one.revision) for one in local_root(studio.here).history()]
    assert told == [("add", B), ("pin", A), ("pull", C), ("add", A)]


def test_no_folder_is_no_history(folder: ContainerFolder) -> None:
    assert local_root(folder).history() == []
    folder.path.mkdir(parents=True)
    (folder.path / "history").touch()
    with pytest.raises(StorageError, match="cannot list"):
        local_root(folder).acts()


def test_an_act_that_cannot_be_recorded_is_a_warning(folder: ContainerFolder) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / "history").write_text("in the way", encoding="utf-8")
    told: list[Event] = []
    local_root(folder, told.append).record(act("pin"))
    (event,) = told
    assert isinstance(event, Warned)
    assert "it is done, but cannot be written into the history: cannot write" in event.text
    assert os.listdir(folder.path) == ["history"]
