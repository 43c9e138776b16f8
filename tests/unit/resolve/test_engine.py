"""What an engine needs around it: whose options and variables hold, and what of its output is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.folders import Caches
from rezup_api.errors import RecipeError
from rezup_api.events import Event, StepProgress, step
from rezup_api.resolve.engine import Surroundings, progress_of, surroundings
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.recipe.model import Recipe


@pytest.fixture
def gather(tmp_path: Path, recipe_of: Callable[..., Recipe]) -> Callable[..., Surroundings]:
    """`gather(recipe, NAME="value")` are the surroundings of a build."""

    def make(text: str = "", **variables: str) -> Surroundings:
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": os.devnull, **variables}
        return surroundings(
            recipe_of(text),
            Settings.from_environ(environ),
            environ,
            work=tmp_path / "work",
            caches=Caches(tmp_path),
            report=lambda event: None,
            holding=(),
            prefix=tmp_path / "prefix",
            wheels=(tmp_path / "beside", tmp_path / "none"),
        )

    return make


def options(found: Surroundings) -> list[tuple[str, str]]:
    """Each option with its value, the weakest first."""
    return [(option.name, option.value) for option in found.options]


def test_variables_of_the_recipe_win_and_are_expanded(gather: Callable[..., Surroundings]) -> None:
    text = '[pip.env]\nPROXY_HOST = "${SITE}.studio"\nNOTHING = "${NONE}"\n[pip]\noptions = ["--index-url=https://${PROXY_HOST}/s"]'
    found = gather(text, SITE="berlin", PROXY_HOST="wrong", PYTHONPATH="/misleading", KEPT="yes")
    assert found.environ["PROXY_HOST"] == "berlin.studio"
    assert found.environ["NOTHING"] == "${NONE}"
    assert found.environ["KEPT"] == "yes"
    assert "PYTHONPATH" not in found.environ
    assert options(found) == [("index-url", "https://berlin.studio/s")]
    assert found.own_options == ("--index-url=https://berlin.studio/s",)


def test_the_recipe_is_stronger_than_the_environment_and_the_wheelhouse_comes_last(
    gather: Callable[..., Surroundings], tmp_path: Path
) -> None:
    text = '[pip]\noptions = ["--index-url=https://recipe/s"]'
    found = gather(text, PIP_INDEX_URL="https://environ/s", REZUP_WHEELHOUSE=str(tmp_path / "house"))
    assert options(found) == [
        ("index-url", "https://environ/s"),
        ("index-url", "https://recipe/s"),
        ("find-links", str(tmp_path / "house")),
    ]
    assert found.wheelhouse == tmp_path / "house"


def test_only_folders_that_are_there_are_looked_into(gather: Callable[..., Surroundings], tmp_path: Path) -> None:
    assert gather().finding == ()
    (tmp_path / "beside").mkdir()
    assert gather().finding == ("--find-links", str(tmp_path / "beside"))


def test_what_is_no_option_is_said(gather: Callable[..., Surroundings]) -> None:
    with pytest.raises(RecipeError, match="is not an option of pip"):
        gather('[pip.env]\nX = "y"\n[pip]\noptions = ["$X"]')


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for keyring")
@pytest.mark.parametrize(
    ("there", "variables", "named", "expected"),
    [
        (True, {}, "", ["subprocess"]),
        (False, {}, "", []),
        (True, {"UV_KEYRING_PROVIDER": "disabled"}, "", []),
        (True, {}, "disabled", ["disabled"]),
        (True, {}, "auto", ["auto", "subprocess"]),
    ],
)
def test_a_keyring_that_is_there_is_asked_unless_it_is_told_otherwise(
    *,
    gather: Callable[..., Surroundings],
    tmp_path: Path,
    there: bool,
    variables: dict[str, str],
    named: str,
    expected: list[str],
) -> None:
    if there:
        (tmp_path / "tools").mkdir()
        (tmp_path / "tools" / "keyring").write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / "tools" / "keyring").chmod(0o755)
    text = f'[pip]\noptions = ["--keyring-provider={named}"]' if named else ""
    found = gather(text, PATH=str(tmp_path / "tools"), **variables)
    assert [value for name, value in options(found) if name == "keyring-provider"] == expected


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Resolved 3 packages in 5ms", "Resolved 3 packages in 5ms"),
        (" Downloading numpy (16 MiB)", "Downloading numpy (16 MiB)"),
        ("Built tool @ file:///x", "Built tool @ file:///x"),
        (" + rez==3.4.0", None),
        ("warning: Downloading is slow", None),
        ("Resolvedly", None),
        ("", None),
    ],
)
def test_which_lines_tell_how_far_it_is(line: str, told: str | None) -> None:
    events: list[Event] = []
    with step(events.append, "Installing") as running:
        on_line = progress_of(running)
        assert on_line is not None
        on_line(line)
    found = [event.detail for event in events if isinstance(event, StepProgress)]
    assert found == ([told] if told is not None else [])


def test_where_there_is_no_step_nothing_is_told() -> None:
    assert progress_of(None) is None
