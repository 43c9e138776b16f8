"""Builds that failed: when they are tried again, and that what is kept of them never gets in the way."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B

from rezup_api.builder.failures import PAUSE, Failure, forget_failure, note_failure, read_failure, telling_failure
from rezup_api.errors import InstallError
from rezup_api.events import Cause, Event, Happened

if TYPE_CHECKING:
    from rezup_api.store.layout import ContainerFolder

FAILURE = Failure(3, 1_000_000.0, "no compiler", "install one", "install")


@pytest.mark.parametrize(
    ("tries", "later", "due"),
    [
        (1, 0, True),
        (2, 0, True),
        (3, 0, False),
        (3, PAUSE - 1, False),
        (3, PAUSE, True),
        (9, PAUSE - 1, False),
        (9, -1, True),
    ],
    ids=["first", "second", "third", "within the hour", "after it", "often", "the clock was set back"],
)
def test_it_is_tried_three_times_and_then_once_an_hour(tries: int, later: float, due: bool) -> None:
    assert replace(FAILURE, tries=tries).is_due(FAILURE.last + later) is due


def test_they_are_counted_and_forgotten(folder: ContainerFolder) -> None:
    assert read_failure(folder, A) is None
    for tries in (1, 2, 3):
        note_failure(folder, A, f"no {tries}", "do it", "install")
        failure = read_failure(folder, A)
        assert failure is not None
        assert (failure.tries, failure.message, failure.hint, failure.code) == (
            tries,
            f"no {tries}",
            "do it",
            "install",
        )
        assert abs(failure.last - time.time()) < 60
    assert read_failure(folder, B) is None
    forget_failure(folder, B)
    forget_failure(folder, A)
    assert read_failure(folder, A) is None
    assert os.listdir(folder.path) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tries": "x", "last": 0, "message": "", "hint": "", "code": ""}'])
def test_a_damaged_file_is_none(folder: ContainerFolder, text: str) -> None:
    note_failure(folder, A, "no", "", "install")
    (folder.path / "failures" / f"{A}.json").write_text(text, encoding="utf-8")
    assert read_failure(folder, A) is None
    note_failure(folder, A, "no", "", "install")
    assert read_failure(folder, A) is not None


def test_where_nothing_can_be_written_nothing_is_raised(folder: ContainerFolder) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / "failures").touch()
    note_failure(folder, A, "no", "", "install")
    forget_failure(folder, A)
    assert read_failure(folder, A) is None


def test_an_error_of_ours_is_told_and_passed_on_and_no_other() -> None:
    told: list[Event] = []
    with pytest.raises(InstallError), telling_failure(told.append, "dev", A, "/remote", "why"):
        raise InstallError("no compiler", "install one")
    assert told == [Happened("failed", "dev", A, "", "/remote", "why", Cause("install", "no compiler", "install one"))]
    with pytest.raises(KeyboardInterrupt), telling_failure(told.append, "dev"):
        raise KeyboardInterrupt
    with telling_failure(told.append, "dev"):
        pass
    assert len(told) == 1
