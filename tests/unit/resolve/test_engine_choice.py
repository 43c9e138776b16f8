"""Which engine installs an environment, and what is said where it is not uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.events import Note
from rezup_api.pythons.interpreter import Interpreter
from rezup_api.resolve import engine_choice
from rezup_api.resolve.engine_choice import choose_engine, helper_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.events import Event
    from rezup_api.recipe.model import Recipe
    from rezup_api.resolve.engine import Surroundings

PIP_RECIPE = '[pip]\nengine = "pip"'
NO_COUNTERPART = (("use-deprecated", "legacy-resolver"),)


@pytest.mark.parametrize(
    ("recipe", "version", "options", "there", "name", "told"),
    [
        ("", (3, 11, 0), (), True, "uv", ""),
        ("", (3, 6, 0), (), True, "uv", ""),
        ("", (3, 5, 9), (), True, "pip", "uv does not support Python 3.5.9"),
        ("", (2, 7, 18), (), True, "pip", "uv does not support Python 2.7.18"),
        (PIP_RECIPE, (3, 11, 0), (), True, "pip", ""),
        (PIP_RECIPE, (3, 11, 0), NO_COUNTERPART, True, "pip", ""),
        ("", (3, 11, 0), (("index-url", "https://h/simple"),), True, "uv", ""),
        ("", (3, 11, 0), NO_COUNTERPART, True, "pip", "uv has no counterpart of --use-deprecated (the recipe)"),
        ("", (3, 11, 0), (), False, "pip", "there is no uv on this machine"),
    ],
)
def test_which_one_and_why(
    *,
    recipe: str,
    version: tuple[int, int, int],
    options: tuple[tuple[str, str], ...],
    there: bool,
    name: str,
    told: str,
    recipe_of: Callable[..., Recipe],
    around: Callable[..., Surroundings],
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_choice, "find_uv", lambda: "/opt/uv" if there else None)
    interpreter = Interpreter("/usr/bin/python", version, "CPython", "x86_64")
    engine = choose_engine(recipe_of(recipe), interpreter, around(options))
    assert engine.name == name
    assert engine.needs_pip is (name == "pip")
    assert events == ([Note(f"pip installs this environment, because {told}")] if told else [])


@pytest.mark.parametrize("there", [True, False])
def test_tools_of_rezups_own_are_installed_with_uv(
    there: bool, around: Callable[..., Surroundings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "find_uv", lambda: "/opt/uv" if there else None)
    helper = helper_engine(around(NO_COUNTERPART))
    assert (helper is not None) is there
