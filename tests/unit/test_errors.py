"""The errors of the library: each of them one of ours, with a code of its own, and words that survive being sent."""

from __future__ import annotations

import inspect

import pytest

from rezup_api import errors
from rezup_api.errors import BusyError, InstallError, LaunchError, Problem, RecipeError, RezError, RezupError

EVERY = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, RezupError)]


def test_codes_are_words_of_their_own() -> None:
    codes = [one.code for one in EVERY]
    assert len(codes) == len(set(codes)) >= 10
    assert all(code.islower() and " " not in code for code in codes)


@pytest.mark.parametrize("kind", [one for one in EVERY if one is not RecipeError], ids=lambda one: one.__name__)
def test_each_has_a_message_and_a_way_out(kind: type[RezupError]) -> None:
    error = kind("it does not work", "do this")
    assert (error.message, error.hint, str(error)) == ("it does not work", "do this", "it does not work")
    assert kind("x").hint == ""
    assert isinstance(error, RezupError)


def test_all_problems_of_a_recipe_are_told() -> None:
    problems = [Problem("/h/rezup.toml", "rez.url", "is wrong"), Problem("/h/rezup.toml", "env.A", "is no text")]
    error = RecipeError(problems)
    assert list(error.problems) == problems
    assert all(text in error.message for text in ("rez.url", "is wrong", "env.A", "is no text"))


def test_what_programs_ask_for_comes_along() -> None:
    assert BusyError("x", holders=["a", "b"]).holders == ("a", "b")
    assert LaunchError("x", status=127).status == 127
    install = InstallError("x", command=("uv", "pip"), status=2, tail="said")
    assert (install.command, install.status, install.tail) == (("uv", "pip"), 2, "said")
    assert RezError("x", status=3, tail="said").status == 3
