"""What differs, as tables."""

from __future__ import annotations

import pytest

from rezup_api.maintenance.diff import Change, Contents, _told, compare

EMPTY = Contents()


def test_nothing_differs() -> None:
    contents = Contents({"rez": {"rez": "3.4.0"}}, {"rez": "3.11.7"}, {"A": "1"}, {"rez.url": "rez"})
    assert not compare(contents, contents)


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({}, {"six": "1"}, (Change("six", None, "1"),)),
        ({"six": "1"}, {}, (Change("six", "1", None),)),
        ({"six": "1"}, {"six": "2"}, (Change("six", "1", "2"),)),
        ({"b": "1", "a": "1"}, {"c": "1"}, (Change("a", "1", None), Change("b", "1", None), Change("c", None, "1"))),
    ],
)
def test_each_section(old: dict[str, str], new: dict[str, str], changes: tuple[Change, ...]) -> None:
    assert compare(Contents({"rez": old}), Contents({"rez": new})).packages == {"rez": changes}
    assert compare(Contents(python=old), Contents(python=new)).python == changes
    assert compare(Contents(variables=old), Contents(variables=new)).variables == changes
    difference = compare(Contents(recipe=old), Contents(recipe=new))
    assert difference.recipe == changes
    assert difference


def test_an_environment_of_one_of_them() -> None:
    difference = compare(EMPTY, Contents({"tool": {"rez": "2.114.1"}}, {"tool": "2.7.18"}))
    assert difference.packages == {"tool": (Change("rez", None, "2.114.1"),)}
    assert difference.python == (Change("tool", None, "2.7.18"),)


def test_what_a_recipe_says() -> None:
    variables, recipe = _told(
        '[rez]\nurl = "rez"\nlib = ["a", "b"]\n[[extension]]\nname = "x"\n[env]\nFOO = "1"\n[dotenv]\n1 = "/a"\n'
        '[pip]\noptions = ["--index-url=https://ana:s3cret@host/simple"]\n'
    )
    assert variables == {"FOO": "1", "dotenv.1": "/a"}
    assert recipe["rez.lib"] == "a, b"
    assert recipe["extension[0].name"] == "x"
    assert "s3cret" not in str(recipe)


@pytest.mark.parametrize("text", ["[", "pip = 1", "", "extension = 3"])
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    assert _told(text)[0] == {}
