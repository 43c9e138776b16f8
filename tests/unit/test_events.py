"""What a step tells: its beginning, how far it is, and one end, well or not."""

from __future__ import annotations

import pytest

from rezup_api.events import Event, StepFailed, StepFinished, StepProgress, StepStarted, silent, step


def test_a_step_that_ends_well_says_what_it_has_become() -> None:
    events: list[Event] = []
    with step(events.append, "Installing rez") as running:
        running.progress("Downloading", 1, 2)
        running.text = "Installed rez 3.4.0"
    started, progress, finished = events
    assert started == StepStarted("Installing rez")
    assert progress == StepProgress("Downloading", 1, 2)
    assert isinstance(finished, StepFinished)
    assert finished.text == "Installed rez 3.4.0"
    assert 0 <= finished.seconds < 60


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_a_step_that_fails_says_so_and_raises(error: BaseException) -> None:
    events: list[Event] = []
    with pytest.raises(type(error)), step(events.append, "Installing rez"):
        raise error
    assert events == [StepStarted("Installing rez"), StepFailed("Installing rez")]


def test_nobody_need_listen() -> None:
    with step(silent, "Installing") as running:
        running.progress("x")
    assert running.text == "Installing"
