"""What differs, as tables."""

from __future__ import annotations

import pytest

from rezup_api.maintenance.diff import Contents, ValueChange, _told, compare_contents

EMPTY = Contents()


def test_nothing_differs() -> None:
    contents = Contents({"rez": {"rez": "3.4.0"}}, {"rez": "3.11.7"}, {"A": "1"}, {"rez.url": "rez"})
    assert not compare_contents(contents, contents)


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({}, {"six": "1"}, (ValueChange("six", None, "1"),)),
        ({"six": "1"}, {}, (ValueChange("six", "1", None),)),
        ({"six": "1"}, {"six": "2"}, (ValueChange("six", "1", "2"),)),
        (
            {"b": "1", "a": "1"},
            {"c": "1"},
            (ValueChange("a", "1", None), ValueChange("b", "1", None), ValueChange("c", None, "1")),
        ),
    ],
)
def test_each_section(old: dict[str, str], new: dict[str, str], changes: tuple[ValueChange, ...]) -> None:
    assert compare_contents(Contents({"rez": old}), Contents({"rez": new})).packages == {"rez": changes}
    assert compare_contents(Contents(python=old), Contents(python=new)).python == changes
    assert compare_contents(Contents(variables=old), Contents(variables=new)).variables == changes
    difference = compare_contents(Contents(recipe=old), Contents(recipe=new))
    assert difference.recipe == changes
    assert difference


def test_an_environment_of_one_of_them() -> None:
    difference = compare_contents(EMPTY, Contents({"tool": {"rez": "2.114.1"}}, {"tool": "2.7.18"}))
    assert difference.packages == {"tool": (ValueChange("rez", None, "2.114.1"),)}
    assert difference.python == (ValueChange("tool", None, "2.7.18"),)


def test_interpreters_that_are_not_known_do_not_differ() -> None:
    published, built = Contents(built=False), Contents(python={"rez": "3.11.7"})
    assert not compare_contents(published, built)
    assert not compare_contents(built, published)
    locked = Contents(python={"rez": "3.12.1"}, built=False)
    assert compare_contents(built, locked).python == (ValueChange("rez", "3.11.7", "3.12.1"),)


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
