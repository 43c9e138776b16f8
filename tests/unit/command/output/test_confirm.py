"""Whom rezup asks, and what counts as a yes."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from rezup.output.confirm import agreed, can_ask, confirmed, wants_question
from rezup.output.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answers = Callable[..., None]


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """`answers("y", "n")` puts these lines into the standard input; bytes as they are."""

    def put(*lines: str | bytes) -> None:
        path = tmp_path / "answers"
        path.write_bytes(b"".join(line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines))
        monkeypatch.setattr(sys, "stdin", opened.enter_context(path.open(encoding="utf-8")))

    with ExitStack() as opened:
        yield put


@pytest.fixture
def progress() -> Progress:
    """What shows progress."""
    return Progress(quiet=False, debug=False)


@pytest.mark.parametrize(
    ("line", "yes"),
    [("y", True), (" YES ", True), ("n", False), ("", False), ("yeah", False), (b"", False), (b"\xff\n", False)],
)
def test_only_a_yes_is_one(
    answers: Answers, progress: Progress, capsys: pytest.CaptureFixture[str], line: str | bytes, yes: bool
) -> None:
    answers(line)
    assert confirmed("Go \x1b[31mon?", progress, ["above"]) is yes
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("above\nGo \\x1b[31mon? [y/N] ")


def test_what_changes_while_the_user_thinks_is_asked_anew(
    answers: Answers, progress: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = iter(["one", "two", "two"])
    answers("y", "y")
    assert agreed(lambda: next(plans), lambda plan: [plan], "Go on?", progress)
    told = capsys.readouterr().err
    assert "one\nGo on? [y/N] Somebody has changed it meanwhile:\ntwo\nGo on? [y/N] " in told
    assert list(plans) == []


def test_a_no_ends_it_and_nothing_to_change_needs_no_answer(answers: Answers, progress: Progress) -> None:
    answers("n")
    assert not agreed(lambda: "one", lambda plan: [plan], "Go on?", progress)
    answers()
    assert agreed(lambda: "one", lambda _: [], "Go on?", progress)


def test_without_a_terminal_there_is_nobody_to_ask(answers: Answers) -> None:
    answers("y")
    assert not can_ask(Namespace(json=False), {})
    assert not wants_question(Namespace(json=False, remote=True, yes=False), {})
