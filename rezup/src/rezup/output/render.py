"""Results and errors as people and programs read them: tables and lines, or one JSON document.

The document: `{"format": 1, "command": "status", "data": {...}}`, or with `"error": {"code", "message", "hint", ...}` in place
of `data`. `format` grows when something in it changes its meaning; new keys may come at any time.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rezup_api import BusyError, InstallError, RecipeError, RezupError
from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rezup_api import Revision

FORMAT = 1
GAP = "  "


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `empty` is said when there are none, `above` in any case."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    empty: str
    title: str = ""
    above: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Plain lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """Text for another program, byte for byte: without a line break of ours, and also with bytes that are not text."""

    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a command reports: `data` for programs, `view` for people, and the exit status."""

    data: dict[str, Any]
    view: Table | Lines | Raw
    status: int = 0


def show(result: Result, arguments: argparse.Namespace) -> None:
    """Print a result to stdout, as the command line asks for."""
    if getattr(arguments, "json", False):
        _print_document(arguments, {"data": result.data})
    elif isinstance(result.view, Raw):
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(result.view.text))
    elif isinstance(result.view, Lines):
        print("\n".join(result.view.lines))
    else:
        _print_table(result.view)


def _print_table(table: Table) -> None:
    if table.above:
        print(table.above)
    if not table.rows:
        print(table.empty)
        return
    styled = sys.stdout.isatty() or "FORCE_COLOR" in os.environ or "TTY_COMPATIBLE" in os.environ
    # Away from a terminal a line is as long as it needs to be: who reads it there is another program.
    header, *lines = layout(table, _terminal_width() if sys.stdout.isatty() else None)
    head = _styled(table.title, header) if styled else "".join(f"{line}\n" for line in (table.title, header) if line)
    print(head + "\n".join(lines))


def _terminal_width() -> int:
    from rich.console import Console

    return Console().width


def _styled(title: str, header: str) -> str:
    """The lines above the rows, as the terminal shows them."""
    from rich.console import Console  # a third of what `status` takes, so only where it is seen

    console = Console(highlight=False, markup=False, soft_wrap=True)
    with console.capture() as head:  # rich itself ends the process with 1 when the reader of a pipe has gone
        if title:
            console.print(title, style="bold")
        console.print(header, style="dim")
    return head.get()


def layout(table: Table, width: int | None) -> list[str]:
    """The lines of a table: its header, then its rows; columns without any content are left out.

    Args:
        width: cells on a line, None for any number. The last cell of a row that does not fit goes below the others.
    """
    used = [index for index, _ in enumerate(table.columns) if any(row[index] for row in table.rows)]
    rows = [[_printable(row[index]) for index in used] for row in (table.columns, *table.rows)]
    widths = [max(_cells(row[index]) for row in rows) for index in range(len(used))]
    lines = []
    for row in rows:
        padded = [cell + " " * (widths[index] - _cells(cell)) for index, cell in enumerate(row)]
        line = GAP.join(padded).rstrip()
        fits = width is None or _cells(line) <= width
        lines += [line] if fits or not row[-1] else [GAP.join(padded[:-1]).rstrip(), f"    {row[-1]}"]
    return lines


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # its tables take long to load

    return cell_len(text)


def _printable(text: str) -> str:
    """`text` on one line; a message that somebody published must not be able to steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def show_error(error: RezupError, arguments: argparse.Namespace | None) -> None:
    """Print an error to stderr, what to do next below it; as a document to stdout where one was asked for."""
    if arguments is not None and getattr(arguments, "json", False):
        _print_document(arguments, {"error": _error_data(error)})
        return
    print(f"rezup: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  -> {error.hint}", file=sys.stderr)


def show_interruption() -> None:
    """Say that the person at the keyboard ended it."""
    print("rezup: interrupted; nothing was changed", file=sys.stderr)


def show_fault(error: Exception) -> None:
    """Print what should not have happened: an error that nobody has given words."""
    print(f"rezup: internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print("  -> this is a fault of rezup; run it again with --debug and report what it prints", file=sys.stderr)


def _error_data(error: RezupError) -> dict[str, Any]:
    data: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, RecipeError):
        data["problems"] = [
            {"file": item.where, "key": item.key, "message": item.message, "suggestion": item.suggestion}
            for item in error.problems
        ]
    if isinstance(error, BusyError):
        data["holders"] = list(error.holders)
    if isinstance(error, InstallError):
        data["command"] = list(error.command)
        data["status"] = error.status
    return data


def _print_document(arguments: argparse.Namespace, content: dict[str, Any]) -> None:
    action = getattr(arguments, "action", None)
    command = f"{arguments.command} {action}" if action else arguments.command
    document = {"format": FORMAT, "command": command, **content}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        # A byte that is not UTF-8, in a path or a variable; or stdout has fewer characters.
        text = json.dumps(document, indent=2)
    print(text)


def described(revision: Revision) -> str:
    """What is in a revision, in a few words: `rez 3.4.0, Python 3.11.7`."""
    metadata = revision.metadata
    if metadata is None or not metadata.environments:
        return f"made by rezup {revision.style}"
    return f"rez {metadata.rez_version}, Python {metadata.environments[0].python}"


def moment_text(text: str) -> str:
    """An ISO 8601 moment in the reader's time zone, to the minute; empty for none."""
    if not text:
        return ""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def size_text(size: int) -> str:
    """Bytes as people read them: `23.7 MiB`; empty for none."""
    if not size:
        return ""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
