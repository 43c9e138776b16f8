"""Lay out a table for a terminal of any width, so that no value is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.events import one_line, visible
from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "
INDENTATION = "    "


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    Args:
        columns: the names of the columns.
        rows: the cells of each row.
        empty: printed if there are no rows.
        title: printed above the columns.
        above: printed in any case, above everything else.
        spare: the columns that a narrow terminal does not show, those first that are left out first.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    empty: str
    title: str = ""
    above: str = ""
    spare: tuple[str, ...] = ()


def layout(table: Table, width: int | None) -> list[str]:
    """The lines of a table: its header, then its rows. Columns without any content are left out.

    No value is broken. Where the terminal is too narrow, columns of `Table.spare` are left out in their order, and a last line
    says which; then columns go below each row, those on the right first, with their names. What the last column has goes below a
    row that it does not fit behind.

    Args:
        table: the table.
        width: how many characters fit on a line; None for any number.
    """
    rows = [[visible(one_line(cell).replace("\t", " ")) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(_cells, column)) for column in zip(*rows, strict=True)]
    used = [index for index, _ in enumerate(table.columns) if any(row[index] for row in table.rows)]
    kept, aside, gone = _placed(table, used, widths, width)
    lines = []
    for number, row in enumerate(rows):
        line = GAP.join(row[index] + " " * (widths[index] - _cells(row[index])) for index in kept).rstrip()
        below = [f"{table.columns[index].lower()} {row[index]}" for index in aside if row[index]] if number else []
        last = row[used[-1]] if used[-1] not in kept else ""
        lengthened = f"{line}{' ' * (sum(widths[index] + len(GAP) for index in kept) - _cells(line))}{last}".rstrip()
        if not last or width is None or _cells(lengthened) <= width:
            lines += [lengthened, *_filled(below, width, ", ")]
        else:
            lines += [line, *_filled(below, width, ", "), *(_filled(last.split(), width, " ") if number else [])]
    return (
        [*lines, *_filled(f"Not shown, for want of width: {', '.join(gone)}.".split(), width, " ", "")]
        if gone
        else lines
    )


def _placed(
    table: Table, used: list[int], widths: list[int], width: int | None
) -> tuple[list[int], list[int], list[str]]:
    """Where the columns go: on the line of the row, without the last column; below it; and those that are left out, by name."""
    kept = used[:-1] or used
    aside: list[int] = []
    gone: list[str] = []
    if width is None:
        return kept, aside, gone

    def room() -> int:
        return width - sum(widths[index] + len(GAP) for index in kept)

    spared = [index for name in table.spare if (index := table.columns.index(name)) in kept[1:]]
    # The first of them also goes if the last column then stays on the line of each row; all others only if they must.
    last = widths[used[-1]]
    first = [index for index in spared[:1] if room() < last <= room() + widths[index] + len(GAP)]
    for index in spared:
        if index in first or room() + len(GAP) < 0:
            kept = [one for one in kept if one != index]
            gone.append(table.columns[index])
    while room() + len(GAP) < 0 and len(kept) > 1:
        aside.insert(0, kept[-1])
        kept = kept[:-1]
    return kept, aside, gone


def filled_text(text: str, width: int | None) -> str:
    """A text of one line or more, each of which is broken between words where a terminal ends.

    Args:
        text: the text.
        width: how many characters fit on a line; None for any number.
    """
    lines = text.splitlines() if width is not None else []
    return "\n".join(one for line in lines for one in _filled(line.split(), width, " ", "")) if lines else text


def _filled(parts: Sequence[str], width: int | None, separator: str, indentation: str = INDENTATION) -> list[str]:
    """Indented lines of parts that are not broken; each line is as long as fits."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}{separator}{part}" if lines else ""
        if lines and (width is None or _cells(longer) <= width):
            lines[-1] = longer
        else:
            lines.append(indentation + part)
    return lines


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # its tables take long to load

    return cell_len(text)
