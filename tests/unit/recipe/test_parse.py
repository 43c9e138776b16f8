"""Files to raw documents."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import NotFoundError, RecipeError
from rezup_api.recipe.parse import Number, parse, read_document

if TYPE_CHECKING:
    from pathlib import Path


def problem(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        parse(text, "rezup.toml")
    (found,) = caught.value.problems
    assert found.where == "rezup.toml"
    return f"{found.message} | {found.suggestion}"


def test_a_number_with_a_point_stays_as_written() -> None:
    document = parse("a = 3.10\nb = 2.70", "x")
    assert document == {"a": "3.10", "b": "2.70"}
    assert type(document["a"]) is Number


@pytest.mark.parametrize(
    ("text", "place", "suggestion"),
    [
        ('a = "C:\\studio"', "line 1, column", "Windows path"),
        ("\n\n[rez]\nurl = rez\n", "line 4, column 7", "text needs quotes"),
        ("local = ~/rez", "line 1, column 9", "text needs quotes"),
        ("python = 3.10.4", "line 1, column", "two points"),
        ("a = 1\na = 2", "line 2", ""),
        ("a = [", "line 1", ""),
        ("= 3", "line 1, column 1", ""),
    ],
)
def test_a_syntax_error_names_the_line_and_the_way_out(text: str, place: str, suggestion: str) -> None:
    found = problem(text)
    assert place in found
    assert suggestion in found


def test_a_syntax_error_does_not_quote_the_line() -> None:
    found = problem("options = [--index-url=https://ana:geheim@pypi.example.com]")
    assert "line 1" in found
    assert "geheim" not in found


def test_deep_nesting_is_a_problem_not_a_crash() -> None:
    assert "nested" in problem("a = " + "[" * 5000)


def test_marks_of_editors_and_windows_line_ends_are_read_over(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    path.write_bytes(b'\xef\xbb\xbfdescription = "x"\r\n[rez]\r\n')
    assert read_document(path) == {"description": "x", "rez": {}}


def test_what_is_not_utf8_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    path.write_bytes('description = "x"'.encode("utf-16"))
    with pytest.raises(RecipeError, match="not UTF-8"):
        read_document(path)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path / "none" / "rezup.toml"):
        with pytest.raises(NotFoundError) as caught:
            read_document(path)
        assert str(path) in caught.value.message
        assert "recipe init" in caught.value.hint


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        read_document(tmp_path)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(RecipeError, match="cannot be read"):
        read_document(path)
