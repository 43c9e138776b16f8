"""The JSON Schema of recipes, as taplo reads it, which is what editors complete and check TOML with."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.test_docs import FENCED
from tests.unit.recipe.test_older_recipes import REZUP_1, REZUP_2
from tests.unit.recipe.test_starter import uncommented
from tests.unit.recipe.test_validate import (
    test_a_wrong_value_says_what_was_expected_and_what_was_found as wrong_values,
    test_an_unknown_key_is_led_to_the_nearest_one as unknown_keys,
)

from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.schema import KEYS
from rezup_api.recipe.starter import SCHEMA_FILE, STARTER_FILE, examples, write_starter

if TYPE_CHECKING:
    from collections.abc import Callable

    Judge = Callable[[dict[str, str]], set[str]]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "recipe.md"
TAPLO = "@taplo/cli@0.7.0 taplo"
# What rezup takes in a form that few recipes use.
ODD = {
    "empty": "",
    "blanks": '[rez]\nname = " rez "\nurl = " ./rez"\npython = " python3.9 "\n[retention]\nolder_than = " 30 d "',
    "interpreters": '[rez]\npython = "~/python"\n[[extension]]\nname = "b"\nisolation = true\npython = 3',
    "own interpreter": '[[extension]]\nname = "a"\npython = ""',
    "windows path": "[rez]\npython = 'C:\\Python\\python.exe'",
    "no roots": "[root]\nlocal = false\nremote = false",
    "variables": '[env]\nA = 1\nB = 1.5\nC = true\nD = ""\n"e.f" = "x"\n[pip.env]\nA = 2',
    "dotenv": '[dotenv]\n10 = "/a"\nb = "/b"\n[dotenv.macos]\nx = "/c"\n[dotenv.windows]',
    "platforms": '[lock]\nplatforms = ["linux", "darwin"]',
    "empty tables": "[[extension]]\n[shared]\n[lock]\n[retention]\n[rez]",
    "inline": 'rez = { python = 3.10 }\nextension = [{ name = "a" }, {}]',
    "seconds": '[pip]\ntimeout = 0.5\n[[check]]\ncommand = "x"\ntimeout = 1e3',
    "folder": '[shared]\nname = "a b.c"\nrequires = ["./x", "y>=1 ; python_version < \'3\'"]',
}
# What `rezup recipe check` finds and the schema does not: names that Windows reserves, NUL, and dates, which are text in JSON.
UNSEEN = {
    '[shared]\nname = "NUL"\nrequires = []',
    '[[extension]]\nname = "con"\nisolation = true',
    'description = "a\\u0000b"',
    '[env]\nA = "\\u0000"',
    "description = 2020-01-01",
    "[env]\nA = 10:00:00",
}


@pytest.fixture(scope="module")
def refused(need_node_program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """`refused({"name": "text"})` is the names of the recipes that taplo refuses by the schema on their first line."""
    taplo = need_node_program(TAPLO)

    def judge(recipes: dict[str, str]) -> set[str]:
        folder = tmp_path_factory.mktemp("recipes here")
        names = {}
        for number, (name, text) in enumerate(recipes.items()):
            path, plain = folder / f"{number}.toml", folder / f"{number}.txt"
            plain.write_text(text, encoding="utf-8")
            write_starter(path, plain, SCHEMA_FILE.as_uri())
            names[path.name] = name
        words: list[str | Path] = [
            taplo,
            "lint",
            "--colors",
            "never",
            "--no-auto-config",
            *sorted(folder.glob("*.toml")),
        ]
        done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
        told = re.findall(r'error=schema validation failed path="(.*)"$', done.stderr, flags=re.MULTILINE)
        assert done.stderr.count("invalid file") == len(told), done.stderr
        assert (done.returncode != 0) == bool(told), done.stderr
        return {names[Path(path).name] for path in told}

    return judge


def cases(test: Any) -> list[str]:
    """The recipes of a parametrised test."""
    return [case[0] for case in test.pytestmark[0].args[1]]


def test_it_takes_every_recipe_that_rezup_takes(refused: Judge) -> None:
    starter = STARTER_FILE.read_text(encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    recipes = {name: path.read_text(encoding="utf-8") for name, path in examples().items()}
    recipes |= {
        f"page {number}": match["text"] for number, match in enumerate(FENCED.finditer(page)) if match["kind"] == "toml"
    }
    recipes |= {"starter": starter, "starter in force": uncommented(starter), "1.x": REZUP_1, "2.x": REZUP_2, **ODD}
    recipes["built-in"] = STARTER_FILE.with_name("builtin.toml").read_text(encoding="utf-8")
    assert len(recipes) > 25
    assert refused(recipes) == set()


def test_it_refuses_what_rezup_refuses(refused: Judge) -> None:
    wrong = {text: text for test in (wrong_values, unknown_keys) for text in cases(test)}
    assert len(wrong) > 90
    assert wrong.keys() - refused(wrong) == UNSEEN


def test_the_odd_recipes_are_taken_by_rezup(tmp_path: Path) -> None:
    for name, text in ODD.items():
        path = tmp_path / "rezup.toml"
        path.write_text(text, encoding="utf-8")
        assert load_recipe("dev", path).warnings == (), name


def test_it_describes_every_key_and_every_table() -> None:
    document = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    for table in document["properties"].values():
        assert table["description"].endswith(".")
    for key in KEYS:
        found = document
        for part in key.name.split("."):
            found = found["properties"][part.removesuffix("[]")]
            found = found["items"] if part.endswith("[]") else found
        assert found["description"].startswith(key.meaning)
