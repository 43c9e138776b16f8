"""The command line itself: what is split off, and that every command has a help."""

from __future__ import annotations

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
