"""Tables on terminals of any width, and away from one."""

from __future__ import annotations

import pytest

from rezup.output.render import Table, layout

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


@pytest.mark.parametrize(("width", "below"), [(41, False), (40, True), (25, True)])
def test_a_last_cell_that_does_not_fit_goes_below(width: int, below: bool) -> None:
    lines = layout(TABLE, width)
    assert ("    current; a longer message" in lines) is below
    assert "1.000000  名前  short" in lines
    assert lines[-1] == "0.5       ben"


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    table = Table(("A", "NOTE"), [("1", "one\ntwo\x1b[2Jthree\r")], "none")
    assert layout(table, None)[1] == "1  one two [2Jthree"
