"""How a page's output is compared."""

from __future__ import annotations

import pytest
from tests.e2e.pages import fits, lines_of, normalised


@pytest.mark.parametrize(
    ("expected", "printed", "as_expected"),
    [
        ("a\nb", "a\nb", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("...\nd", "d", True),
        ("a\n...\nd", "a\nb", False),
        ("/x/...", "/x/y/z", True),
        ("/x/...", "/y/z", False),
        ("a", "a\nb", False),
        ("", "a", False),
        ("made 1795231690.592420 in (0.1 s)", "made 1895231690.592421 in (2.3 s)", True),
        ("made 1795231690.592420", "made nothing", False),
    ],
)
def test_what_counts_as_expected(expected: str, printed: str, as_expected: bool) -> None:
    assert fits(normalised(expected), normalised(printed)) is as_expected


def test_the_lines_of_a_block() -> None:
    found = list(lines_of("$ one\n(prod) $ two $x\nout\nput\n$ three\n"))
    assert found == [("", "one", ""), ("prod", "two $x", "out\nput\n"), ("", "three", "")]
