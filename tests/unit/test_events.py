"""What a step tells: its beginning, how far it is, and one end, well or not."""

from __future__ import annotations

import pytest

from rezup_api.events import (
    Event,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
    one_line,
    silent,
    step,
    visible,
)


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("für 名前\u00a0 \U0001f469\u200d\U0001f4bb", "für 名前\u00a0 \U0001f469\u200d\U0001f4bb"),
        ("two\n\tlines", "two\n\tlines"),
        ("\x1b[31m\x07\x00\x7f\r", "\\x1b[31m\\x07\\x00\\x7f\\r"),
        ("\x9b2J\x85", "\\x9b2J\\x85"),
        ("a\u202eb\u2066c\u200f\ufeff", "a\\u202eb\\u2066c\\u200f\\ufeff"),
        ("\u2028\U000e0041", "\\u2028\\U000e0041"),
        ("caf\udce9 \ud800", "caf\\xe9 \\ud800"),
    ],
)
def test_what_steers_a_terminal_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_what_others_wrote_stays_on_its_line() -> None:
    assert one_line("it is fine\nrezup: warning: it is not\r\n\x85end") == "it is fine rezup: warning: it is not  end"
