"""Places that a recipe names, and URLs that nobody serves any more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.model import Recipe, Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[[str], Recipe]


def place(folder: Path, *parts: str) -> str:
    return os.path.join(folder, *parts)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("./foo", ["foo"]),
        (".", []),
        ("../foo", ["..", "foo"]),
        ("dev/foo", ["dev", "foo"]),
        ("dev/foo[gui]", ["dev", "foo[gui]"]),
        ("foo-1.0-py3-none-any.whl", ["foo-1.0-py3-none-any.whl"]),
        ("foo-1.0.tar.gz", ["foo-1.0.tar.gz"]),
    ],
)
def test_a_relative_path_is_taken_from_the_recipes_folder(
    load: Load, tmp_path: Path, written: str, parts: list[str]
) -> None:
    absolute = os.path.abspath(place(tmp_path, *parts))
    recipe = load(
        f'[rez]\nurl = "{written}"\nlib = ["{written}"]\n[[extension]]\nname = "foo"\nurl = "{written}"\n'
        f'[shared]\nname = "x"\nrequires = ["{written}"]'
    )
    assert recipe.rez.url == recipe.rez.lib[0] == recipe.extensions[0].url == absolute
    assert recipe.shared is not None
    assert recipe.shared.requires == (absolute,)


@pytest.mark.parametrize(
    "written",
    [
        "foo",
        "foo>=1",
        "foo[a]==1.*",
        'foo; sys_platform == "a/b"',
        "foo (>=1.0)",
        "~/foo",
        "~",
        "$FOO/foo",
        "${FOO}/foo",
        "/opt/foo",
        "C:/dev/foo",
        "C:\\dev\\foo",
        "\\\\server\\share\\foo",
        "https://example.com/foo.whl",
        "git+https://example.com/foo@v1#egg=foo",
        "git+ssh://git@example.com/foo",
        "git+file:///opt/foo",
        "foo @ https://example.com/foo.whl",
        "foo@https://example.com/foo.whl",
        "file:///opt/foo",
    ],
)
def test_what_is_no_relative_path_stays_as_written(load: Load, written: str) -> None:
    assert load(f"[rez]\nurl = '{written}'\nlib = ['{written}']").rez == Tool("rez", written, lib=(written,))


def test_other_relative_places(load: Load, tmp_path: Path) -> None:
    recipe = load(
        '[root]\nlocal = "rev"\nremote = "./pub"\n[init]\nscript = "site.py"\n[rez]\npython = "py/bin/python"\n'
        '[dotenv]\n1 = "a.env"\n2 = "~/b.env"\n3 = "$X/c.env"\n[dotenv.windows]\n1 = "w.env"\n2 = "D:/w.env"'
    )
    assert recipe.root_local == place(tmp_path, "rev")
    assert recipe.root_remote == place(tmp_path, "pub")
    assert recipe.init_script == place(tmp_path, "site.py")
    assert recipe.rez.python == place(tmp_path, "py", "bin", "python")
    assert recipe.dotenv.common == (place(tmp_path, "a.env"), "~/b.env", "$X/c.env")
    assert recipe.dotenv.by_platform == {"windows": (place(tmp_path, "w.env"), "D:/w.env")}


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("~/dev/rez", "~/dev/rez"),
        ("$DEV/rez", "$DEV/rez"),
        ("/opt/rez", "/opt/rez"),
        ("D:\\dev\\rez", "D:\\dev\\rez"),
        ("file:///opt/my%20rez", "/opt/my rez"),
        ("file://localhost/opt/rez", "/opt/rez"),
        ("file:///D:/dev/rez", "D:/dev/rez"),
    ],
)
def test_an_editable_tool_is_a_path(load: Load, written: str, url: str) -> None:
    assert load(f"[rez]\nedit = true\nurl = '{written}'").rez == Tool("rez", url, edit=True)


def test_an_editable_tool_may_be_a_bare_folder_name(load: Load, tmp_path: Path) -> None:
    assert load('[rez]\nedit = true\nurl = "rez"').rez.url == place(tmp_path, "rez")


def test_a_relative_recipe_path_makes_places_absolute_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.toml").write_text('[rez]\nurl = "./rez"')
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("dev", Path("x.toml"))
    assert Path(recipe.rez.url).is_absolute()
    assert recipe.sources[0].is_absolute()


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("git+git://github.com/a/b", "git+https://github.com/a/b"),
        ("git+git://github.com/a/b.git@v1#egg=b", "git+https://github.com/a/b.git@v1#egg=b"),
        ("b @ git+git://github.com/a/b", "b @ git+https://github.com/a/b"),
        ("git+git://www.github.com/a/b", "git+https://www.github.com/a/b"),
    ],
)
def test_the_retired_git_protocol_of_github_is_replaced_with_a_warning(load: Load, written: str, url: str) -> None:
    recipe = load(f'[rez]\nurl = "{written}"\n[[extension]]\nname = "b"\nlib = ["{written}"]')
    assert recipe.rez.url == recipe.extensions[0].lib[0] == url
    first, second = recipe.warnings
    assert "rez.url" in first
    assert "extension[0].lib[0]" in second
    assert url in first


def test_the_git_protocol_of_others_stays(load: Load) -> None:
    recipe = load('[rez]\nurl = "git+git://example.com/github.com/rez"')
    assert recipe.rez.url == "git+git://example.com/github.com/rez"
    assert recipe.warnings == ()
