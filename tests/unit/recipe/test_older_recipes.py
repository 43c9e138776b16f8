"""Recipes written for rezup 1.x and 2.x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.recipe.model import Recipe, Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[[str], Recipe]

REZUP_1 = """
description = "My rez setup"
schema = "rezup-recipe:1.0"
[root]
local = false
remote = false
[dotenv]
[dotenv.linux]
[dotenv.darwin]
[dotenv.windows]
a = "/to/win.env"
[env]
MY_CUSTOMS_ENV = "my value"
[rez]
name = "rez"
[[extension]]
name = "bar"
url = "git+git://github.com/get-bar/bar"
isolation = true
python = 2.7
[shared]
name = "production"
requires = ["pyside2", "Qt5.py"]
"""
REZUP_2 = """
schema = "rezup-recipe:2.0"
[root]
local = ""
remote = ""
[pip]
options = ["--disable-pip-version-check"]
[pip.env]
[rez]
name = "rez"
url = "rez>=2.83"
[[extension]]
"""


def test_a_recipe_of_rezup_1_loads_unchanged(load: Load) -> None:
    recipe = load(REZUP_1)
    assert (recipe.root_local, recipe.root_remote) == ("", "")
    assert recipe.rez == Tool("rez", "rez>=2.83")
    assert recipe.extensions == (Tool("bar", "git+https://github.com/get-bar/bar", python="2.7", isolation=True),)
    assert recipe.dotenv.by_platform == {"windows": ("/to/win.env",)}
    assert len(recipe.warnings) == 1


def test_a_recipe_of_rezup_2_loads_unchanged(load: Load) -> None:
    recipe = load(REZUP_2)
    assert recipe.extensions == ()
    assert "extension" not in recipe.data
    assert recipe.pip.options == ("--disable-pip-version-check",)
    assert recipe.data["schema"] == "rezup-recipe:2.0"
