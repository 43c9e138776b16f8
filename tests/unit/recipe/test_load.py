"""What a recipe is, once it is loaded: values, merging, origins, places, and recipes of older versions."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api.errors import NotFoundError, RecipeError
from rezup_api.recipe.load import builtin_recipe, init_script, load_recipe
from rezup_api.recipe.merge import merge
from rezup_api.recipe.model import Check, Pip, Recipe, Retention, Shared, Tool
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[[str], Recipe]
    Content = Callable[[Recipe], Recipe]

FULL = """
description = "My rez setup"
[root]
local = "~/revisions"
remote = "/studio/rezup"
[init]
script = "/studio/rezup_site.py"
[rez]
name = "rez"
url = "rez>=2.83"
edit = false
python = 3.10
flags = ["-E", "-s"]
lib = ["six"]
[[extension]]
name = "foo"
url = "~/dev/foo"
edit = true
[[extension]]
name = "bar"
url = "git+https://example.com/bar"
isolation = true
python = 2.7
flags = []
lib = ["toml", "attrs>=20"]
[shared]
name = "production"
requires = ["toml", "Qt5.py"]
[env]
REZ_CONFIG_FILE = "/path/to/rezconfig.py"
THREADS = 8
RATIO = 1.50
DEBUG = true
QUIET = false
[dotenv]
10 = "/studio/ten.env"
9 = "/studio/nine.env"
[dotenv.linux]
b = "/studio/b.env"
a = "/studio/a.env"
[dotenv.macos]
1 = "/studio/mac.env"
[pip]
engine = "pip"
link = "copy"
options = ["--timeout=5"]
[pip.env]
HTTPS_PROXY = "http://proxy:3128"
[lock]
platforms = ["linux", "darwin", "macos"]
[[check]]
command = "rez --version"
timeout = 60.5
[[check]]
command = "rez-env"
[retention]
keep = 5
older_than = "30d"
spare = "2d"
"""


@pytest.mark.parametrize("nothing", ['"0"', "0", '"0s"'])
def test_nothing_to_spare_can_be_written_as_people_guess(load: Load, nothing: str) -> None:
    assert load(f"[retention]\nspare = {nothing}").retention.spare == "0s"


def test_rules_of_retention_come_from_one_recipe_and_what_is_spared_from_the_nearest() -> None:
    assert Retention(5, spare="1d").or_else(Retention(2, "30d", "9d")) == Retention(5, None, "1d")
    assert Retention(spare="1d").or_else(Retention(2, "30d", "9d")) == Retention(2, "30d", "1d")
    assert Retention(5).or_else(Retention(2, "30d", "9d")) == Retention(5, None, "9d")


def settings(home: Path, **environ: str) -> Settings:
    return Settings.from_environ({"HOME": str(home), "USERPROFILE": str(home), **environ})


def test_every_value_arrives(load: Load, tmp_path: Path) -> None:
    recipe = load(FULL)
    assert recipe.container == "dev"
    assert recipe.description == "My rez setup"
    assert (recipe.root_local, recipe.root_remote) == ("~/revisions", "/studio/rezup")
    assert recipe.init_script == "/studio/rezup_site.py"
    assert recipe.rez == Tool("rez", "rez>=2.83", python="3.10", flags=("-E", "-s"), lib=("six",))
    assert recipe.extensions == (
        Tool("foo", "~/dev/foo", edit=True),
        Tool("bar", "git+https://example.com/bar", python="2.7", flags=(), lib=("toml", "attrs>=20"), isolation=True),
    )
    assert recipe.shared == Shared("production", ("toml", "Qt5.py"))
    assert recipe.env == {
        "REZ_CONFIG_FILE": "/path/to/rezconfig.py",
        "THREADS": "8",
        "RATIO": "1.50",
        "DEBUG": "true",
        "QUIET": "false",
    }
    assert recipe.dotenv.common == ("/studio/nine.env", "/studio/ten.env")
    assert recipe.dotenv.by_platform == {
        "linux": ("/studio/a.env", "/studio/b.env"),
        "darwin": ("/studio/mac.env",),
    }
    assert recipe.pip == Pip("pip", "copy", ("--timeout=5",), {"HTTPS_PROXY": "http://proxy:3128"})
    assert recipe.platforms == ("linux", "macos")
    assert recipe.checks == (Check("rez --version", 60.5), Check("rez-env", 60.0))
    assert recipe.retention == Retention(5, "30d", "2d")
    assert recipe.sources == (tmp_path / "rezup.toml",)
    assert recipe.warnings == ()


def test_the_built_in_recipe_is_vanilla_rez() -> None:
    recipe = builtin_recipe(".main")
    assert recipe.container == ".main"
    assert recipe.rez == Tool("rez", "rez>=2.83")
    assert recipe.pip == Pip()
    assert not any((recipe.extensions, recipe.checks, recipe.platforms, recipe.sources, recipe.warnings))
    assert (recipe.root_local, recipe.root_remote, recipe.init_script, recipe.shared) == ("", "", "", None)
    assert set(recipe.origins.values()) == {"built-in"}


def test_an_empty_file_is_the_built_in_recipe(load: Load, content: Content) -> None:
    assert content(load("")) == content(builtin_recipe("dev"))


@pytest.mark.parametrize(
    ("written", "python"),
    [
        ("3", "3"),
        ("3.1", "3.1"),
        ("3.10", "3.10"),
        ("2.7", "2.7"),
        ('"3.11.4"', "3.11.4"),
        ('"python3.9"', "3.9"),
        ('""', None),
        ('"/usr/bin/python3"', "/usr/bin/python3"),
        ('"~/py/bin/python"', "~/py/bin/python"),
        ('"$PY/bin/python"', "$PY/bin/python"),
        ("'C:\\py\\python.exe'", "C:\\py\\python.exe"),
    ],
)
def test_a_python_is_a_version_or_a_path(load: Load, written: str, python: str) -> None:
    assert load(f"[rez]\npython = {written}").rez.python == python


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        (["10", "9", "1"], ["1", "9", "10"]),
        (["02", "1", "10"], ["1", "02", "10"]),
        (["b", "a", "C"], ["C", "a", "b"]),
        (["10", "9", "x"], ["10", "9", "x"]),
    ],
)
def test_dotenv_files_come_in_key_order(load: Load, keys: list[str], order: list[str]) -> None:
    recipe = load("[dotenv]\n" + "\n".join(f'{key} = "/{key}.env"' for key in keys))
    assert recipe.dotenv.common == tuple(f"/{key}.env" for key in order)


def test_origins_tell_whose_value_holds(load: Load, tmp_path: Path) -> None:
    recipe = load(
        '[rez]\nurl = "rez==3.4.0"\n[[extension]]\n[[extension]]\nname = "foo"\n[env]\n"A.B" = 1\n[pip]\noptions = ["-v"]'
    )
    own = str(tmp_path / "rezup.toml")
    assert {key for key, origin in recipe.origins.items() if origin == own} == {
        "rez.url",
        "extension[0].name",
        'env."A.B"',
        "pip.options",
    }
    assert recipe.origins["rez.flags"] == recipe.origins["pip.engine"] == "built-in"


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"x": 1, "y": 1}}, {"a": {"y": 2, "z": 2}}, {"a": {"x": 1, "y": 2, "z": 2}}),
        ({"a": {"b": {"x": 1}}}, {"a": {"b": {"y": 2}}}, {"a": {"b": {"x": 1, "y": 2}}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [1, 2]}, {"a": []}, {"a": []}),
        ({"a": {"x": 1}}, {"a": {}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {"a": 3}, {"a": 3}),
        ({"a": 3}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ],
)
def test_tables_merge_and_all_else_replaces(base: dict[str, Any], over: dict[str, Any], merged: dict[str, Any]) -> None:
    before = repr((base, over))
    assert merge(base, over) == merged
    assert repr((base, over)) == before


def test_merged_documents_share_nothing() -> None:
    base = {"a": {"b": [1]}}
    merge(base, {})["a"]["b"].append(2)
    assert base == {"a": {"b": [1]}}


def test_another_rez_does_not_come_from_where_the_built_in_one_does(load: Load) -> None:
    assert load('[rez]\nname = "my-rez"').rez.url == "my-rez"
    assert load('[rez]\nname = "rez"').rez.url == "rez>=2.83"
    assert load('[rez]\nname = "my-rez"\nurl = "my-rez>=1"').rez.url == "my-rez>=1"


def test_a_tool_without_url_is_asked_for_by_name(load: Load) -> None:
    assert load('[[extension]]\nname = "rez-pip"').extensions == (Tool("rez-pip", "rez-pip"),)


def test_a_python_without_effect_is_remarked(load: Load) -> None:
    def extension(lines: str) -> Recipe:
        return load(f'[rez]\npython = 3.10\n[[extension]]\nname = "foo"\n{lines}')

    (remark,) = extension("python = 2.7").warnings
    assert "extension[0].python" in remark
    assert extension("python = 2.7\nisolation = true").warnings == ()
    assert extension("python = 3.10").warnings == ()


def test_an_empty_shared_table_means_none(load: Load) -> None:
    assert load("[shared]").shared is None


def test_a_recipe_cannot_be_changed(load: Load) -> None:
    recipe = load(FULL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.description = "x"  # type: ignore[misc]
    for mapping in (recipe.env, recipe.data, recipe.origins, recipe.pip.env, recipe.dotenv.by_platform):
        with pytest.raises(TypeError):
            mapping["x"] = "y"  # type: ignore[index]


def test_a_missing_recipe_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        load_recipe("dev", tmp_path / "none.toml")


def test_init_script_is_what_the_home_recipe_names(tmp_path: Path) -> None:
    home, recipes = tmp_path / "home", tmp_path / "recipes"
    for folder, script in ((home, "~/site.py"), (recipes, "/other.py")):
        folder.mkdir()
        (folder / "rezup.toml").write_text(f'unknown = 1\n[init]\nscript = "{script}"')
    assert init_script(settings(home, REZUP_RECIPES=str(recipes))) == ("~/site.py", home / "rezup.toml")


@pytest.mark.parametrize("text", [None, "", "[init]", '[init]\nscript = ""', "[rez]", '[env]\ninit = "x"'])
def test_no_init_script(tmp_path: Path, text: str) -> None:
    if text is not None:
        (tmp_path / "rezup.toml").write_text(text)
    assert init_script(settings(tmp_path)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[init", "line 1"),
        ("init = 3", "init: expected a table"),
        ("[init]\nscript = false", "init.script: expected text"),
        ('[init]\nscript = ["a"]', "init.script: expected text, found a list"),
    ],
)
def test_a_broken_init_script_is_a_recipe_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rezup.toml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        init_script(settings(tmp_path))


def test_an_unreadable_home_recipe_is_a_recipe_error(tmp_path: Path) -> None:
    (tmp_path / "rezup.toml").mkdir()
    with pytest.raises(RecipeError, match="cannot be read"):
        init_script(settings(tmp_path))


@pytest.mark.parametrize(
    "text",
    ['[shared]\nname = "a"', '[shared]\nrequires = ["a"]', "[[extension]]\nurl = 'a'", "[[check]]\ntimeout = 5"],
)
def test_a_table_that_lacks_what_it_must_have_is_left_out_of_an_older_recipe(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rezup.dev.toml"
    path.write_text(text, encoding="utf-8")
    recipe = load_recipe("dev", path, tolerant=True)
    assert (recipe.shared, recipe.extensions, recipe.checks) == (None, (), ())
    assert any("is missing" in warning for warning in recipe.warnings)


def test_files_are_ordered_by_numbers_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "rezup.dev.toml"
    path.write_text(f'[dotenv]\n{"9" * 5000} = "/c"\n10 = "/b"\n9 = "/a"\n', encoding="utf-8")
    assert load_recipe("dev", path).dotenv.common == ("/a", "/b", "/c")
