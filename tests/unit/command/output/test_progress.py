"""What is told while something happens: plain lines away from a terminal, and only what was asked for."""

from __future__ import annotations

import re

import pytest

from rezup.output.progress import Progress
from rezup_api.events import (
    CommandStarted,
    Event,
    Happened,
    Note,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
    Warned,
)

EVENTS: list[Event] = [
    Note("a note"),
    StepStarted("Installing"),
    StepProgress("Downloading", 1, 2),
    CommandStarted(("uv", "pip", "a b")),
    StepFinished("Installed", 1.26),
    StepFailed("Testing"),
    Warned("beware"),
    Warned("beware"),
]
NOTE, STEP, WARNING, COMMAND = "a note", "Installed (1.3 s)", "rezup: warning: beware", "+ uv pip 'a b'"


def told(capsys: pytest.CaptureFixture[str], progress: Progress) -> list[str]:
    """What is printed of the events."""
    with progress:
        for event in EVENTS:
            progress.report(event)
        progress.say("done")
    out, err = capsys.readouterr()
    assert out == "", "stdout is for results"
    return err.splitlines()


@pytest.mark.parametrize(
    ("quiet", "debug", "lines"),
    [
        (False, False, [NOTE, STEP, WARNING, "done"]),
        (True, False, [WARNING]),
        (False, True, [NOTE, COMMAND, STEP, WARNING, "done"]),
        (True, True, [COMMAND, WARNING]),
    ],
)
def test_away_from_a_terminal_it_is_plain_lines(
    capsys: pytest.CaptureFixture[str], quiet: bool, debug: bool, lines: list[str]
) -> None:
    assert told(capsys, Progress(quiet=quiet, debug=debug)) == lines


@pytest.mark.parametrize(("term", "live"), [("xterm", True), ("dumb", False)])
def test_on_a_terminal_every_line_that_stays_is_told_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, term: str, live: bool
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    lines = "\n".join(told(capsys, Progress(quiet=False, debug=False)))
    for line in (NOTE, STEP, WARNING, "done"):
        assert line in lines
    assert ("\x1b[" in lines or "Installing" in lines) is live


@pytest.mark.parametrize("colors", [True, False])
def test_what_is_live_has_colours_unless_they_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, colors: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with Progress(quiet=False, debug=False, colors=colors) as progress:
        progress.report(StepStarted("Installing"))
        progress.report(StepProgress("one", 1, 2))
        progress.warn("mind the gap")
    shown = capsys.readouterr().err
    assert bool(re.search(r"\x1b\[[0-9;]*[34][0-7]", shown)) is colors
    assert "mind the gap" in shown


@pytest.mark.parametrize(
    ("event", "remarked"), [(CommandStarted(("x",)), False), (Note("x"), True), (StepStarted("x"), True)]
)
def test_whether_anything_was_remarked_also_when_nobody_saw_it(event: Event, remarked: bool) -> None:
    progress = Progress(quiet=True, debug=False)
    progress.report(event)
    assert progress.remarked is remarked


@pytest.mark.parametrize("live", [False, True])
def test_what_others_wrote_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    if live:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    text = "\x1b]0;pwned\x07\x9bm\u202e"
    events: list[Event] = [
        *(Note(text), StepStarted(text), StepProgress(text, 1, 2), CommandStarted(("uv", text))),
        *(StepFinished(text, 1.26), Warned(text)),
    ]
    with Progress(quiet=False, debug=True) as progress:
        for event in events:
            progress.report(event)
        progress.say(text)
    err = capsys.readouterr().err
    assert err.count("\\x1b]0;pwned\\x07\\x9bm\\u202e") >= 5
    for steering in ("\x1b]", "\x07", "\x9b", "\u202e"):
        assert steering not in err


def test_what_the_hooks_may_hear_is_kept_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    happened: list[Happened] = []
    with Progress(quiet=False, debug=True, happened=happened) as progress:
        progress.report(Happened("added", "dev", "1.5"))
        assert not progress.remarked, "it does not keep the next launch from being quick"
    assert happened == [Happened("added", "dev", "1.5")] == progress.happened
    assert capsys.readouterr() == ("", "")
