"""Tables on terminals of any width, and away from one: no value is broken, and what has no room is said."""

from __future__ import annotations

import pytest

from rezup.output.table import Table, filled_text, layout

TABLE = Table(
    ("REVISION", "BY", "IN USE", "NOTE"),
    [("1.000001", "ana", "", "current; a longer message"), ("1.000000", "名前", "", "short"), ("0.5", "ben", "", "")],
    "none",
)


def test_a_column_without_content_is_left_out() -> None:
    assert layout(TABLE, None) == [
        "REVISION  BY    NOTE",
        "1.000001  ana   current; a longer message",
        "1.000000  名前  short",
        "0.5       ben",
    ]


@pytest.mark.parametrize(
    ("width", "below"),
    [(41, []), (40, ["    current; a longer message"]), (25, ["    current; a longer", "    message"])],
)
def test_a_last_cell_that_does_not_fit_goes_below(width: int, below: list[str]) -> None:
    lines = layout(TABLE, width)
    assert [line for line in lines if line.startswith("    ")] == below
    assert "1.000000  名前  short" in lines
    assert lines[-1] == "0.5       ben"


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    table = Table(("A", "NOTE"), [("1", "one\ntwo\x1b[2Jthree\x08\tfour\r")], "none")
    assert layout(table, None)[1] == "1  one two\\x1b[2Jthree\\x08 four"


WIDE = Table(
    ("REVISION", "AGE", "MADE", "BY", "REZ", "LABELS", "NOTE"),
    [
        (
            "1700000001.000000",
            "3 hours",
            "2026-11-24 18:03",
            "名前",
            "3.4.0",
            "staging tested",
            "current; für die Bühne: 新しい道具 and more of it",
        ),
        ("1700000000.000000", "47 hours", "2026-11-22 18:03", "ana", "3.3.0", "", ""),
    ],
    "none",
    spare=("MADE", "BY", "REZ"),
)
BROKEN_AT_40 = [
    "REVISION           AGE       NOTE",
    "1700000001.000000  3 hours",
    "    labels staging tested",
    "    current; für die Bühne: 新しい道具",
    "    and more of it",
    "1700000000.000000  47 hours",
    "Not shown, for want of width: MADE, BY,",
    "REZ.",
]


def cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def test_at_40_columns_all_that_is_left_stands_in_one_piece() -> None:
    assert layout(WIDE, 40) == BROKEN_AT_40


@pytest.mark.parametrize("width", range(30, 210))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in layout(WIDE, width) if cells(line) > width] == []


@pytest.mark.parametrize("width", [20, 40, 50, 80, 200, None])
def test_no_value_is_broken_and_none_is_lost_without_a_word(width: int | None) -> None:
    lines = layout(WIDE, width)
    gone = " ".join(lines).partition("for want of width: ")[2].rstrip(".").split(", ")
    for row in WIDE.rows:
        for name, value in zip(WIDE.columns[:-1], row, strict=False):
            assert name in gone or any(value in line for line in lines), (name, value)


def test_each_row_has_one_line_where_columns_can_be_spared() -> None:
    bare = Table(WIDE.columns[:-2], [row[:-2] for row in WIDE.rows], "none", spare=WIDE.spare)
    for width in (40, 50, 80):
        assert sum("17000000" in line for line in layout(bare, width)) == 2
        assert [line for line in layout(bare, width)[:3] if line.startswith(" ")] == []


@pytest.mark.parametrize(
    ("width", "gone"),
    [
        *((125, ""), (124, "MADE"), (107, "MADE"), (106, ""), (74, "")),
        *((73, "MADE"), (55, "MADE, BY"), (49, "MADE, BY, REZ")),
    ],
)
def test_columns_are_left_out_in_the_order_that_is_stated(width: int, gone: str) -> None:
    said = " ".join(layout(WIDE, width)).partition("Not shown, for want of width: ")[2]
    assert said.rstrip(".") == gone


def test_sentences_are_broken_between_their_words() -> None:
    assert filled_text("one two three\nfour /a/long/path", 9) == "one two\nthree\nfour\n/a/long/path"
    assert filled_text("one two three\nfour", None) == "one two three\nfour"


def test_a_table_of_one_column_stays_as_it_is() -> None:
    assert layout(Table(("A",), [("a long value",)], ""), 4) == ["A", "a long value"]
