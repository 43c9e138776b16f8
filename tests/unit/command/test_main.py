"""The ordinary path: a wrong command line, and a fault of our own, end in one clear message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rezup.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["nonsense"], 2),
        (["status", "--nonsense"], 2),
        (["status", "--", "ls"], 2),
        (["use", "--nonsense"], 125),
        (["use", "--"], 125),
        (["use", "a", "b"], 125),
        (["use", "--no-wait"], 125),
        (["use", "../x"], 125),
        (["use", "x@y@z"], 125),
        (["use", "x@1-2"], 125),
        (["add", ".hidden"], 2),
        (["drop"], 2),
        (["recipe"], 2),
        (["--nonsense"], 125),
    ],
)
def test_a_wrong_command_line_is_one_clear_error(
    words: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("rezup: ")
    assert "Traceback" not in shown.err


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("rezup 3.0.0 from ")
    assert told.count("\n") == 1


def test_an_unforeseen_error_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("rezup.main._run", explode)
    assert main(["status"]) == 1
    assert main(["use"]) == 125
    shown = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: by nothing" in shown
    assert "Traceback" not in shown
    with pytest.raises(ZeroDivisionError):
        main(["status", "--debug"])


def test_what_the_system_refuses_unforeseen_is_no_fault_of_rezup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/place")

    monkeypatch.setattr("rezup.main._run", refuse)
    assert main(["status"]) == 6
    assert main(["use"]) == 125
    shown = capsys.readouterr().err
    assert shown.splitlines()[0] == "rezup: cannot use /some/place: Permission denied"
    assert "internal error" not in shown
    with pytest.raises(PermissionError):
        main(["status", "--debug"])


def test_an_unforeseen_error_leaves_a_report_and_says_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("rezup.main._run", explode)
    assert main(["status"]) == 1
    (report,) = (home / ".local/state/rezup/reports").iterdir()
    hint = f"report it with what is in {report}"
    assert capsys.readouterr().err.splitlines()[1] == f"  -> this is a fault of rezup; {hint}"
    text = report.read_text(encoding="utf-8")
    assert "ZeroDivisionError: by nothing" in text
    assert "in explode" in text
    assert main(["status", "--json"]) == 1
    assert "report it with what is in " in json.loads(capsys.readouterr().out)["error"]["hint"]
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    assert main(["status"]) == 1
    assert "run it again with --debug and report what it prints" in capsys.readouterr().err
