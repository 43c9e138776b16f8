"""Results and errors: tables on terminals of any width and away from one, lines, and documents for programs."""

from __future__ import annotations

import io
import json
import re
import time
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from tests.documents import check_document

from rezup.output.render import (
    FORMAT,
    Lines,
    Raw,
    Result,
    Said,
    age_text,
    moment_text,
    show,
    show_error,
    show_fault,
    show_interruption,
    size_text,
)
from rezup.output.table import Table
from rezup_api.errors import BusyError, InstallError, Problem, RecipeError, RezupError

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = "\x1b]0;pwned\x07\x9b31m\u202egnp.exe\x7f"
SHOWN = "\\x1b]0;pwned\\x07\\x9b31m\\u202egnp.exe\\x7f"


@pytest.mark.parametrize(
    "view",
    [
        Table(("A",), [(HOSTILE,)], ""),
        Table(("A",), [("x",)], "", HOSTILE),
        Table(("A",), [], HOSTILE),
        Table(("A",), [("x",)], "", above=HOSTILE),
        Lines((HOSTILE,)),
    ],
    ids=["cell", "title", "empty", "above", "line"],
)
def test_every_view_makes_control_characters_visible(capsys: pytest.CaptureFixture[str], view: Table | Lines) -> None:
    show(Result({}, view), arguments())
    out = capsys.readouterr().out
    assert SHOWN in out
    assert not set(out) & set("\x1b\x07\x9b\u202e\x7f")


def test_errors_make_control_characters_visible(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(RezupError(HOSTILE, HOSTILE), None)
    show_fault(ValueError(HOSTILE))
    assert capsys.readouterr().err.count(SHOWN) == 3


def test_a_document_escapes_control_characters_and_keeps_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    show(Result({"message": f"für {HOSTILE}\U000e0041 名前"}, Lines(())), arguments(json=True))
    out = capsys.readouterr().out
    assert json.loads(out)["data"]["message"] == f"für {HOSTILE}\U000e0041 名前"
    assert not set(out) & set("\x1b\x07\x9b\u202e\x7f\U000e0041")
    assert "für" in out
    assert "名前" in out


def arguments(**values: object) -> Namespace:
    """A command line."""
    return Namespace(**{"command": "status", "json": False, **values})


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, ""),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (24_851_251, "23.7 MiB"),
        (5 << 30, "5.0 GiB"),
        (1 << 45, "32768.0 GiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-100, "now"),
        (59.9, "now"),
        (60, "1 minute"),
        (119, "1 minute"),
        (120, "2 minutes"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (10_800, "3 hours"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
        (1_209_599, "13 days"),
        (1_209_600, "2 weeks"),
        (6_000_000, "2 months"),
        (80_000_000, "2 years"),
        (10**10, "316 years"),
    ],
)
def test_ages_are_told_in_the_largest_unit_of_which_there_are_two(seconds: float, text: str) -> None:
    assert age_text("2026-01-31T10:00:00+00:00", 1_769_853_600 + seconds) == text


@pytest.mark.parametrize("moment", ["", "nonsense", "9999-99-99"])
def test_what_is_no_moment_has_no_age(moment: str) -> None:
    assert age_text(moment, 0) == ""


@pytest.mark.parametrize(("moment", "text"), [("", ""), ("nonsense", "nonsense")])
def test_moments_that_are_none(moment: str, text: str) -> None:
    assert moment_text(moment) == text


def test_moments_are_those_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert moment_text("2026-01-31T10:00:00+00:00") == "2026-01-31 19:00"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("view", "out"),
    [
        (Lines(("one", "two")), "one\ntwo\n"),
        (Raw("no break"), "no break"),
        (Table(("A", "B"), [], "nothing there"), "nothing there\n"),
        (Table(("A", "B"), [], "nothing there", above="first this"), "first this\nnothing there\n"),
        (Table(("A", "B"), [("1", "2")], "none", title="dev in /h"), "dev in /h\nA  B\n1  2\n"),
    ],
)
def test_each_kind_of_view(capfd: pytest.CaptureFixture[str], view: Table | Lines | Raw, out: str) -> None:
    show(Result({"x": 1}, view), arguments())
    assert capfd.readouterr() == (out, "")


def test_a_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    show(Result({"name": "名前"}, Lines(("for people",))), arguments(json=True, command="recipe", action="show"))
    text = capsys.readouterr().out
    assert json.loads(text) == {"format": FORMAT, "command": "recipe show", "data": {"name": "名前"}, "warnings": []}
    assert "名前" in text


def test_bytes_that_are_no_text_survive(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    show(Result({}, Raw("a\udcffb")), arguments())
    assert capfdbinary.readouterr().out == b"a\xffb"


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_told_with_its_way_out(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    show_error(BusyError("dev is in use", "end these first", ["bash"]), arguments(json=as_json))
    out, err = capsys.readouterr()
    if as_json:
        error = {"code": "busy", "message": "dev is in use", "hint": "end these first", "holders": ["bash"]}
        assert (json.loads(out)["error"], err) == (error, "")
    else:
        assert (out, err) == ("", "rezup: dev is in use\n  -> end these first\n")


@pytest.mark.parametrize(
    ("error", "keys"),
    [
        (RecipeError([Problem("f", "k", "m", "s")]), {"problems"}),
        (InstallError("x", command=("uv",), status=2), {"command", "status"}),
        (RezupError("x"), set()),
    ],
)
def test_what_programs_get_of_an_error(capsys: pytest.CaptureFixture[str], error: RezupError, keys: set[str]) -> None:
    show_error(error, arguments(json=True))
    assert set(json.loads(capsys.readouterr().out)["error"]) - {"code", "message", "hint"} == keys


def test_a_fault_of_our_own_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_fault(ValueError("x"))
    show_interruption()
    err = capsys.readouterr().err
    assert "rezup: internal error: ValueError: x" in err
    assert "rezup: interrupted" in err


@pytest.mark.parametrize(
    ("shown", "code"),
    [(lambda asked: show_fault(ValueError("x"), asked), "internal"), (show_interruption, "interrupted")],
)
def test_every_end_can_be_a_document(
    capsys: pytest.CaptureFixture[str], shown: Callable[[Namespace], None], code: str
) -> None:
    shown(Namespace(command="gc", json=True))
    out, err = capsys.readouterr()
    assert err == ""
    check_document(["gc", "--json"], out)
    assert json.loads(out)["error"]["code"] == code


def test_what_was_done_is_said_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    done = Result({}, Said(("Pinned", "it")))
    show(done, arguments())
    assert capsys.readouterr() == ("", "Pinned\nit\n")
    show(done, Namespace(command="pin", json=False, quiet=True))
    assert capsys.readouterr() == ("", "")
    show(done, Namespace(command="pin", json=True), ["mind the gap"])
    assert json.loads(capsys.readouterr().out)["warnings"] == ["mind the gap"]


def test_an_error_can_be_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem("/r.toml", "rez.urk", "unknown key", "did you mean rez.url?")
    show_error(RecipeError([problem], "look"), Namespace(command="recipe", action="check", json=True))
    document = json.loads(capsys.readouterr().out)
    assert (document["format"], document["command"]) == (1, "recipe check")
    assert document["error"]["code"] == "recipe"
    assert document["error"]["problems"] == [
        {"file": "/r.toml", "key": "rez.urk", "message": "unknown key", "suggestion": "did you mean rez.url?"}
    ]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


TABLE = Table(
    ("REVISION", "MADE", "NOTE"),
    [("1700000001.000000", "2026-11-24 18:03", "current; für die Bühne 新しい道具"), ("1700000000.000000", "", "")],
    "none",
    title="dev in /h\n`rezup use dev` gives 1700000001.000000: it is pinned",
    spare=("MADE",),
)


@pytest.mark.parametrize("width", [40, 50, 80, 200])
@pytest.mark.parametrize("variables", [{}, {"TERM": "dumb"}, {"NO_COLOR": "1"}, {"LANG": "C", "LC_ALL": "C"}], ids=str)
def test_a_table_fits_each_terminal(monkeypatch: pytest.MonkeyPatch, width: int, variables: dict[str, str]) -> None:
    for name, value in {"TERM": "xterm-256color", "COLUMNS": str(width), **variables}.items():
        monkeypatch.setenv(name, value)
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    show(Result({}, TABLE), arguments())
    shown = screen.getvalue()
    assert ("\x1b" in shown) is not (variables.keys() & {"TERM", "NO_COLOR"} != set())
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert [line for line in plain.splitlines() if cell_len(line) > width] == []
    assert "1700000001.000000" in plain
    assert ("2026-11-24 18:03" in plain) is ("for want of width: MADE" not in " ".join(plain.split()))


def test_colours_can_be_refused_for_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for refused in (True, False):
        screen = Screen()
        monkeypatch.setattr("sys.stdout", screen)
        show(Result({}, TABLE), arguments(no_color=refused))
        assert ("\x1b" in screen.getvalue()) is not refused


def test_away_from_a_terminal_a_table_is_as_wide_as_it_needs_to_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show(Result({}, TABLE), arguments())
    assert capsys.readouterr().out.splitlines()[3] == (
        "1700000001.000000  2026-11-24 18:03  current; für die Bühne 新しい道具"
    )
