"""The example recipes: each loads without a remark, is listed in the reference, and tells commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.contract.test_docs import unknown

from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.starter import examples

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = examples()


def test_all_are_found() -> None:
    assert list(EXAMPLES.values()) == sorted((ROOT / "recipes").glob("*.toml"))
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_loads(name: str) -> None:
    recipe = load_recipe(name, EXAMPLES[name])
    assert recipe.warnings == ()
    assert recipe.description


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_head_says_how_to_use_it(name: str) -> None:
    head = EXAMPLES[name].read_text(encoding="utf-8").partition("\n\n")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    lines = re.findall(r"^#   (?:[A-Z_]+=\S+ )?(rezup .*)$", head, flags=re.MULTILINE)
    assert lines
    assert [(line, unknown(line)) for line in lines if unknown(line)] == []
    assert any(f"--example {name}" in line for line in lines)


def test_the_reference_lists_them() -> None:
    page = (ROOT / "docs" / "reference" / "recipe.md").read_text(encoding="utf-8")
    table = page.partition("\n## Examples\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE)
    assert sorted(name for cell in cells for name in re.findall(r"`([^`]+)`", cell)) == list(EXAMPLES)
