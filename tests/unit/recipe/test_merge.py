"""A recipe over the built-in one: which values win, and where each came from."""

from __future__ import annotations

from typing import Any

import pytest

from rezup_api.recipe.merge import BUILT_IN, leaves, merge, merge_recipe, origins, tidy

BASE: dict[str, Any] = {"rez": {"name": "rez", "url": "rez>=2.83", "lib": ["a"]}, "env": {"A": "1"}}


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({}, BASE),
        ({"env": {"B": "2"}}, {**BASE, "env": {"A": "1", "B": "2"}}),
        ({"env": {"A": "2"}}, {**BASE, "env": {"A": "2"}}),
        ({"rez": {"lib": ["b"]}}, {**BASE, "rez": {"name": "rez", "url": "rez>=2.83", "lib": ["b"]}}),
        ({"env": 1}, {**BASE, "env": 1}),
        ({"new": {"deep": {"x": 1}}}, {**BASE, "new": {"deep": {"x": 1}}}),
    ],
)
def test_tables_merge_and_all_else_replaces(over: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merge(BASE, over) == expected


def test_neither_is_changed_afterwards() -> None:
    over = {"rez": {"lib": ["b"]}, "env": {"B": "2"}}
    result = merge(BASE, over)
    result["rez"]["lib"].append("c")
    result["env"]["A"] = "changed"
    assert over == {"rez": {"lib": ["b"]}, "env": {"B": "2"}}
    assert BASE["env"] == {"A": "1"}


@pytest.mark.parametrize(
    ("own", "url"),
    [
        ({}, "rez>=2.83"),
        ({"name": "rez"}, "rez>=2.83"),
        ({"name": "studio-rez"}, None),
        ({"name": "studio-rez", "url": "git+https://h/rez"}, "git+https://h/rez"),
        ({"url": "rez==3"}, "rez==3"),
    ],
)
def test_another_rez_does_not_come_from_where_the_built_in_one_does(own: dict[str, str], url: str | None) -> None:
    assert merge_recipe(BASE, {"rez": own})["rez"].get("url") == url


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"extension": [{}, {"name": "a"}, {}]}, {"extension": [{"name": "a"}]}),
        ({"extension": [{}]}, {}),
        ({"shared": {}}, {}),
        ({"env": {}}, {"env": {}}),
    ],
)
def test_tables_that_say_nothing_go(document: dict[str, Any], expected: dict[str, Any]) -> None:
    assert tidy(document) == expected


def test_each_value_has_its_place() -> None:
    document = {"env": {"A": "1"}, "check": [{"command": "x"}, {"command": "y"}], "rez": {"lib": ["a", "b"]}}
    assert dict(leaves(document)) == {
        "env.A": "1",
        "check[0].command": "x",
        "check[1].command": "y",
        "rez.lib": ["a", "b"],
    }
    found = origins(merge(BASE, document), document, "/h/rezup.toml")
    assert (found["env.A"], found["rez.name"]) == ("/h/rezup.toml", BUILT_IN)
