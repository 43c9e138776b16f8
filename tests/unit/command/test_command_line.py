"""The command line itself: what is split off, which statuses errors have, and what is shown."""

from __future__ import annotations

import argparse
import json

import pytest

from rezup.__main__ import main
from rezup.cli import build_parser, split_command
from rezup.output import exits, render
from rezup_api.errors import (
    BusyError,
    InstallError,
    LaunchError,
    NotFoundError,
    Problem,
    RecipeError,
    RemoteError,
    RezupError,
    StorageError,
    UsageError,
)

ERRORS: list[tuple[RezupError, int]] = [
    (UsageError("x"), 2),
    (RecipeError([Problem("f", "k", "m")]), 3),
    (NotFoundError("x"), 4),
    (BusyError("x"), 5),
    (InstallError("x"), 6),
    (StorageError("x"), 6),
    (RemoteError("x"), 7),
    (RezupError("x"), 1),
]


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_every_error_has_its_status(error: RezupError, status: int) -> None:
    assert exits.status_of(error, launching=False) == status
    assert exits.status_of(error, launching=True) == 125


def test_a_failed_launch_has_a_status_of_its_own() -> None:
    assert exits.status_of(LaunchError("x", status=127), launching=True) == 127


@pytest.mark.parametrize(
    ("words", "own", "command"),
    [
        ([], [], None),
        (["use", "dev"], ["use", "dev"], None),
        (["use", "--", "a", "--", "b", ""], ["use"], ["a", "--", "b", ""]),
        (["--"], [], []),
    ],
)
def test_the_command_is_what_follows_the_first_dashes(
    words: list[str], own: list[str], command: list[str] | None
) -> None:
    assert split_command(words) == (own, command)


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


@pytest.mark.parametrize("words", [["-h"], ["use", "-h"], ["recipe", "show", "-h"]])
def test_help_is_shown_and_ends(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(words)
    assert ended.value.code == 0
    assert "usage: rezup" in capsys.readouterr().out


def test_an_error_can_be_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem("/r.toml", "rez.urk", "unknown key", "did you mean rez.url?")
    render.show_error(RecipeError([problem], "look"), argparse.Namespace(command="recipe", action="check", json=True))
    document = json.loads(capsys.readouterr().out)
    assert (document["format"], document["command"]) == (1, "recipe check")
    assert document["error"]["code"] == "recipe"
    assert document["error"]["problems"] == [
        {"file": "/r.toml", "key": "rez.urk", "message": "unknown key", "suggestion": "did you mean rez.url?"}
    ]


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


@pytest.mark.parametrize(
    ("size", "text"), [(0, ""), (1, "1 B"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 << 30, "3.0 GiB")]
)
def test_sizes_are_shown_as_people_read_them(size: int, text: str) -> None:
    assert render.size_text(size) == text
