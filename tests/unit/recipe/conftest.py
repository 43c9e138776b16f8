"""What the recipe tests share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import Problem, RecipeError
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.model import Recipe

if TYPE_CHECKING:
    from pathlib import Path

Load = Callable[[str], Recipe]
Faults = Callable[[str], dict[str, Problem]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a recipe from its text."""

    def load_text(text: str) -> Recipe:
        path = tmp_path / "rezup.toml"
        path.write_text(text, encoding="utf-8")
        return load_recipe("dev", path)

    return load_text


@pytest.fixture
def faults(load: Load) -> Faults:
    """The problems of a recipe's text by their keys; no key may be complained about twice."""

    def find(text: str) -> dict[str, Problem]:
        with pytest.raises(RecipeError) as caught:
            load(text)
        found = {problem.key: problem for problem in caught.value.problems}
        assert len(found) == len(caught.value.problems)
        return found

    return find


@pytest.fixture
def content() -> Callable[[Recipe], Recipe]:
    """A recipe without what depends on the file it was read from, for comparing."""
    return lambda recipe: replace(recipe, sources=(), origins={}, warnings=())
