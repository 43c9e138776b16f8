"""Where recipes are found."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import RecipeError, UsageError
from rezup_api.recipe.location import find_recipe, list_recipes, recipe_path
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)})


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (".main", "rezup.toml"),
        ("dev", "rezup.dev.toml"),
        ("a.b-c_1", "rezup.a.b-c_1.toml"),
        ("main", "rezup.main.toml"),
    ],
)
def test_each_container_has_its_file(settings: Settings, tmp_path: Path, name: str, file: str) -> None:
    assert recipe_path(name, settings) == tmp_path / file


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".dev", "a b", "ä", "dev\n", "a@b"])
def test_what_is_no_container_has_none(settings: Settings, name: str) -> None:
    with pytest.raises(UsageError, match="not a container name"):
        recipe_path(name, settings)
    with pytest.raises(UsageError):
        find_recipe(name, settings)


def test_the_recipes_folder_replaces_the_home_folder(tmp_path: Path) -> None:
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (tmp_path / "rezup.toml").touch()
    elsewhere = Settings.from_environ(
        {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "REZUP_RECIPES": str(recipes)}
    )
    assert recipe_path("dev", elsewhere) == recipes / "rezup.dev.toml"
    assert find_recipe("dev", elsewhere) is None
    (recipes / "rezup.toml").touch()
    assert find_recipe("dev", elsewhere) == recipes / "rezup.toml"


def test_the_own_file_wins_over_the_common_one(settings: Settings, tmp_path: Path) -> None:
    assert find_recipe("dev", settings) is None
    assert find_recipe(".main", settings) is None
    (tmp_path / "rezup.toml").touch()
    assert find_recipe("dev", settings) == tmp_path / "rezup.toml"
    (tmp_path / "rezup.dev.toml").touch()
    assert find_recipe("dev", settings) == tmp_path / "rezup.dev.toml"
    assert find_recipe("other", settings) == tmp_path / "rezup.toml"


def test_something_odd_by_that_name_is_not_passed_over(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "rezup.toml").touch()
    (tmp_path / "rezup.dev.toml").mkdir()
    assert find_recipe("dev", settings) == tmp_path / "rezup.dev.toml"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_dangling_link_is_not_passed_over(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "rezup.toml").touch()
    (tmp_path / "rezup.dev.toml").symlink_to(tmp_path / "nowhere")
    assert find_recipe("dev", settings) == tmp_path / "rezup.dev.toml"


def test_only_recipes_are_listed(settings: Settings, tmp_path: Path) -> None:
    for name in (
        "rezup.toml",
        "rezup.dev.toml",
        "rezup.a.b.toml",
        "rezup.toml.bak",
        "rezup.dev.toml~",
        "rezupdev.toml",
        "rezup..toml",
        "rezup..main.toml",
        "rezup.a b.toml",
        ".rezup.x.toml",
        "my.rezup.x.toml",
        "pyproject.toml",
    ):
        (tmp_path / name).touch()
    (tmp_path / "rezup.folder.toml").mkdir()
    found = list_recipes(settings)
    assert list(found) == [".main", "a.b", "dev"]
    assert all(path == recipe_path(name, settings) for name, path in found.items())


def test_no_folder_no_recipes(tmp_path: Path) -> None:
    missing = Settings.from_environ({"HOME": str(tmp_path / "none"), "USERPROFILE": str(tmp_path / "none")})
    assert list_recipes(missing) == {}
    assert find_recipe("dev", missing) is None


@pytest.mark.skipif(sys.platform != "linux", reason="needs a name that the system refuses")
def test_a_folder_that_cannot_be_searched_is_an_error(tmp_path: Path) -> None:
    refused = Settings.from_environ({"HOME": str(tmp_path), "REZUP_RECIPES": "/" + "x" * 300})
    with pytest.raises(RecipeError, match="cannot be searched"):
        find_recipe("dev", refused)
    with pytest.raises(RecipeError, match="cannot be searched"):
        list_recipes(refused)
