"""The effective recipe as a file, and as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tomli

from rezup_api.recipe.dump import Row, dump, effective_rows
from rezup_api.recipe.load import builtin_recipe, load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.recipe.model import Recipe

    Load = Callable[[str], Recipe]
    Content = Callable[[Recipe], Recipe]

RICH = r"""
schema = "rezup-recipe:2.0"
description = "quotes \" and \\ and \n and ü and \u007f"
[root]
remote = "pub"
[rez]
url = "./rez"
edit = true
[[extension]]
[[extension]]
name = "foo"
url = "git+git://github.com/a/foo"
[[extension]]
name = "bar"
isolation = true
python = 3.10
flags = []
lib = ["dist/x.whl"]
[shared]
name = "x"
requires = ["toml"]
[env]
"odd key.x" = 'C:\dir'
N = 3
F = 1.50
B = true
[dotenv]
2 = "b.env"
10 = "c.env"
[dotenv.macos]
x = "$HOME/x.env"
[pip]
options = ["--index-url=https://${USER}:${PASS}@host"]
[pip.env]
A = 1
[lock]
platforms = ["darwin", "linux"]
[[check]]
command = "rez --version"
timeout = 2.5
[[check]]
command = "rez-env"
timeout = 3
[retention]
keep = 3
"""


def again(text: str, folder: Path) -> Recipe:
    path = folder / "deep" / "snapshot.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_recipe("dev", path)


@pytest.mark.parametrize("text", ["", RICH, '[rez]\nname = "my-rez"', "[[extension]]", '[rez]\npython = ""'])
def test_a_snapshot_is_an_equal_recipe_wherever_it_is_read(
    load: Load, content: Content, tmp_path: Path, text: str
) -> None:
    recipe = load(text)
    snapshot = dump(recipe)
    read = again(snapshot, tmp_path)
    assert content(read) == content(recipe)
    assert read.warnings == ()
    assert dump(read) == snapshot


def test_the_built_in_recipe_has_a_snapshot_too(tmp_path: Path, content: Content) -> None:
    assert content(again(dump(builtin_recipe("dev")), tmp_path)) == content(builtin_recipe("dev"))


def test_a_snapshot_stands_alone(load: Load, tmp_path: Path) -> None:
    document = tomli.loads(dump(load('[rez]\nurl = "./rez"')))
    assert document["rez"]["url"] == str(tmp_path / "rez")
    assert document["rez"]["flags"] == ["-E"]
    assert document["pip"] == {"engine": "uv", "link": "auto", "options": [], "env": {}}


@pytest.mark.parametrize(
    ("text", "python"), [("", "3.11"), ('[rez]\npython = ""', "3.11"), ("[rez]\npython = 2.7", "2.7")]
)
def test_a_snapshot_names_the_python_it_was_made_with(load: Load, tmp_path: Path, text: str, python: str) -> None:
    assert again(dump(load(text), rez_python="3.11"), tmp_path).rez.python == python


def test_a_snapshot_holds_no_literal_credential(load: Load, tmp_path: Path) -> None:
    recipe = load(
        '[rez]\nurl = "git+https://geheim@github.com/a/rez"\nlib = ["https://a:geheim@h/b.whl"]\n'
        '[[extension]]\nname = "x"\nurl = "https://a:geheim@h/x.whl"\n[shared]\nname = "s"\n'
        'requires = ["https://a:geheim@h/s.whl"]\n[pip]\n'
        'options = ["--index-url=https://a:geheim@h", "--password", "geheim", "--index-url=https://${A}:${B}@h"]\n'
        '[pip.env]\nMY_TOKEN = "geheim"\nINDEX = "https://a:geheim@h"\n[env]\nAS_WRITTEN = "https://a:b@h"\n'
    )
    snapshot = dump(recipe)
    assert "geheim" not in snapshot
    read = again(snapshot, tmp_path)
    assert read.rez.url == "git+https://****@github.com/a/rez"
    assert read.pip.options == ("--index-url=https://****@h", "--password", "****", "--index-url=https://${A}:${B}@h")
    assert read.pip.env == {"MY_TOKEN": "****", "INDEX": "https://****@h"}
    assert read.env == {"AS_WRITTEN": "https://a:b@h"}
    assert recipe.pip.options[0] == "--index-url=https://a:geheim@h"


def test_rows_name_key_value_and_origin(load: Load, tmp_path: Path) -> None:
    own = str(tmp_path / "rezup.toml")
    rows = effective_rows(
        load(
            'description = "a \\"b\\""\n[rez]\npython = 3.10\nlib = ["six", "toml"]\n[[extension]]\nname = "foo"\n'
            'edit = true\nurl = "~/foo"\n[env]\n"A.B" = 1\n[pip]\noptions = ["--index-url=https://a:geheim@h"]\n'
            "[retention]\nkeep = 5\n[[check]]\ncommand = 'x'\ntimeout = 1.5"
        )
    )
    assert rows == (
        Row("description", '"a \\"b\\""', own),
        Row("root.local", '""', "built-in"),
        Row("root.remote", '""', "built-in"),
        Row("init.script", '""', "built-in"),
        Row("rez.name", '"rez"', "built-in"),
        Row("rez.url", '"rez>=2.83"', "built-in"),
        Row("rez.edit", "false", "built-in"),
        Row("rez.flags", '["-E"]', "built-in"),
        Row("rez.lib", '["six", "toml"]', own),
        Row("rez.python", '"3.10"', own),
        Row("extension[0].name", '"foo"', own),
        Row("extension[0].edit", "true", own),
        Row("extension[0].url", '"~/foo"', own),
        Row('env."A.B"', '"1"', own),
        Row("pip.engine", '"uv"', "built-in"),
        Row("pip.link", '"auto"', "built-in"),
        Row("pip.options", '["--index-url=https://****@h"]', own),
        Row("check[0].command", '"x"', own),
        Row("check[0].timeout", "1.5", own),
        Row("retention.keep", "5", own),
    )


def test_each_row_is_one_line_of_toml(load: Load) -> None:
    for row in effective_rows(load(RICH)):
        assert "\n" not in row.value
        assert tomli.loads(f"value = {row.value}").keys() == {"value"}
