"""The command line itself: what is split off, and that every command has a help."""

from __future__ import annotations

import re
import shlex

import pytest

from rezup.cli import build_parser, split_command
from rezup.commands import COMMANDS


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


@pytest.mark.parametrize("words", [["-h"], ["recipe", "show", "-h"], *([name, "-h"] for name in COMMANDS)])
def test_help_is_shown_and_ends(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(words)
    assert ended.value.code == 0
    assert "usage: rezup" in capsys.readouterr().out


EVERY_HELP = [[], ["recipe", "show"], ["recipe", "check"], ["recipe", "init"], *([name] for name in COMMANDS)]


def shown(words: list[str], width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The help of a command on a terminal of that width."""
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        build_parser().parse_args([*words, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 50, 80, 200])
@pytest.mark.parametrize("words", EVERY_HELP, ids=" ".join)
def test_no_line_of_a_help_is_wider_than_the_terminal(
    words: list[str], width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = [line for line in shown(words, width, monkeypatch, capsys).splitlines() if len(line) > width]
    # Only what must stay in one piece may be wider: a word, or what stands in quotes.
    pieces = [re.sub(r"""("[^"]*"|'[^']*')""", lambda match: match[0].replace(" ", "_"), line) for line in wide]
    assert [line for line in pieces if len(line.removesuffix(" \\").split()) > 1] == []


def test_each_command_of_the_first_help_has_a_line_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown([], 80, monkeypatch, capsys).splitlines()
    for name in COMMANDS:
        at = next(number for number, line in enumerate(lines) if line.startswith(f"  {name} "))
        assert len(lines[at].split()) > 2
        assert lines[at + 1] == "" or lines[at + 1].startswith("  ")
        assert not lines[at + 1].startswith("   "), lines[at + 1]


@pytest.mark.parametrize("words", EVERY_HELP, ids=" ".join)
def test_an_example_that_is_broken_is_still_one_command_line(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def examples(width: int) -> list[list[str]]:
        text = shown(words, width, monkeypatch, capsys)
        text = text[max(text.find("\nexample:"), text.find("\nexamples:")) :].partition(":\n")[2]
        return [shlex.split(line) for line in text.replace("\\\n", "").splitlines()]

    assert examples(40) == examples(200)
    assert examples(40)


@pytest.mark.parametrize("name", ["COLUMNS", "FORCE_COLOR", "PYTHON_COLORS"])
def test_a_help_has_no_colours(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(name, "100")
    assert "\x1b" not in shown(["use"], 80, monkeypatch, capsys)


@pytest.mark.parametrize("words", ["--no-color status", "status --no-color", "recipe show --no-color"])
def test_colours_can_be_refused_before_and_behind_the_command(words: str) -> None:
    assert build_parser().parse_args(words.split()).no_color


def test_colours_are_not_refused_by_default() -> None:
    assert not build_parser().parse_args(["status"]).no_color
