"""Print results and errors: as tables and lines for people, or as one JSON document for programs.

The document is `{"format": 1, "command": "status", "data": {...}, "warnings": [...]}`. For an error, it has
`"error": {"code", "message", "hint", ...}` instead of `data`. The number `format` grows if a key changes its
meaning. New keys may come at any time. The package `rezup.schemas` describes the document of each command.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rezup_api import BusyError, InstallError, RecipeError, RezupError
from rezup_api.events import one_line, visible
from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rezup_api import Revision
    from rezup_api.selection import Change

FORMAT = 1
# The codes of what ends a command and is no error of the library.
INTERRUPTED = "interrupted"
INTERNAL = "internal"
GAP = "  "


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `empty` is printed if there are no rows; `above` is printed in any case."""

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
    """Text for another program, printed byte for byte: without a further line break, and also if it is not UTF-8."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a command has done, said on stderr like the steps before it; `--quiet` leaves it out."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a command: `data` for programs, `view` for people, and the exit status.

    `acted` says that the command has changed something, which stays done if the result cannot be printed.
    """

    data: dict[str, Any]
    view: Table | Lines | Raw | Said
    status: int = 0
    acted: bool = False


def show(result: Result, arguments: argparse.Namespace, warnings: Sequence[str] = ()) -> None:
    """Print a result in the form that the command line asks for; the warnings of the command go into its document."""
    if getattr(arguments, "json", False):
        _print_document(arguments, {"data": result.data, "warnings": list(warnings)})
    elif isinstance(result.view, Said):
        if not getattr(arguments, "quiet", False):
            print(visible("\n".join(result.view.lines)), file=sys.stderr)
    elif isinstance(result.view, Raw):
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(result.view.text))
    elif isinstance(result.view, Lines):
        print(visible("\n".join(result.view.lines)))
    else:
        _print_table(result.view)


def _print_table(table: Table) -> None:
    if table.above:
        print(visible(table.above))
    if not table.rows:
        print(visible(table.empty))
        return
    title = visible(table.title)
    styled = sys.stdout.isatty() or "FORCE_COLOR" in os.environ or "TTY_COMPATIBLE" in os.environ
    # Away from a terminal a line is as long as it needs to be: who reads it there is another program.
    header, *lines = layout(table, _terminal_width() if sys.stdout.isatty() else None)
    head = _styled(title, header) if styled else "".join(f"{line}\n" for line in (title, header) if line)
    print(head + "\n".join(lines))


def _terminal_width() -> int:
    from rich.console import Console

    return Console().width


def _styled(title: str, header: str) -> str:
    """The lines above the rows, as the terminal shows them."""
    from rich.console import Console  # a third of what `status` takes, so only where it is seen

    console = Console(highlight=False, markup=False, soft_wrap=True)
    with console.capture() as head:  # if the reader of a pipe has ended, rich would end this process with status 1
        if title:
            console.print(title, style="bold")
        console.print(header, style="dim")
    return head.get()


def layout(table: Table, width: int | None) -> list[str]:
    """The lines of a table: its header, then its rows. Columns without any content are left out.

    Args:
        table: the table.
        width: how many characters fit on a line; None for any number. If a row does not fit, its last cell goes below the others.
    """
    used = [index for index, _ in enumerate(table.columns) if any(row[index] for row in table.rows)]
    rows = [
        [visible(one_line(row[index]).replace("\t", " ")) for index in used] for row in (table.columns, *table.rows)
    ]
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


def show_error(error: RezupError, arguments: argparse.Namespace | None, warnings: Sequence[str] = ()) -> None:
    """Print an error to stderr, with what to do next below it; with `--json`, print it as a document to stdout.

    Args:
        error: the error.
        arguments: the command line as far as it was understood; None to print to stderr in any case.
        warnings: those of the command, for the document.
    """
    if arguments is not None and getattr(arguments, "json", False):
        _print_document(arguments, {"error": error_data(error), "warnings": list(warnings)})
        return
    print(visible(f"rezup: {error.message}"), file=sys.stderr)
    if error.hint:
        print(visible(f"  -> {error.hint}"), file=sys.stderr)


def show_interruption(arguments: argparse.Namespace | None = None) -> None:
    """Say that the user has ended the command with Ctrl-C."""
    if arguments is not None and getattr(arguments, "json", False):
        _print_failure(arguments, INTERRUPTED, "interrupted; nothing was changed", "")
        return
    print("rezup: interrupted; nothing was changed", file=sys.stderr)


def show_unprinted(why: str) -> None:
    """Say that a command has done what it should, and could not print what it has done."""
    print(f"rezup: warning: cannot write the output: {why}; what was asked for is done all the same", file=sys.stderr)


def show_fault(error: Exception, arguments: argparse.Namespace | None = None) -> None:
    """Print an error that is none of ours, and so a fault of rezup."""
    text, hint = (
        f"internal error: {type(error).__name__}: {error}",
        "run it again with --debug and report what it prints",
    )
    if arguments is not None and getattr(arguments, "json", False):
        _print_failure(arguments, INTERNAL, text, hint)
        return
    print(visible(f"rezup: {text}"), file=sys.stderr)
    print(f"  -> this is a fault of rezup; {hint}", file=sys.stderr)


def _print_failure(arguments: argparse.Namespace, code: str, message: str, hint: str) -> None:
    """Print the document of an error that has no class of its own."""
    _print_document(arguments, {"error": {"code": code, "message": message, "hint": hint}, "warnings": []})


def error_data(error: RezupError) -> dict[str, Any]:
    """An error as a document has it."""
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
        # A path or a variable has a byte that is not UTF-8, or the encoding of stdout lacks a character. JSON escapes are ASCII.
        text = json.dumps(document, indent=2)
    # JSON itself escapes only the control characters up to 0x1f; a user who looks at the document on a terminal meets the others.
    print(text if text.isascii() and "\x7f" not in text else "".join(map(_escaped, text)))


def _escaped(character: str) -> str:
    return character if visible(character) == character else json.dumps(character)[1:-1].replace("\x7f", "\\u007f")


def change_data(arguments: argparse.Namespace, change: Change) -> dict[str, Any]:
    """What an act that changes a pin or a label has to tell programs."""
    name = getattr(arguments, "name", None) or arguments.target.partition("@")[0]
    return {
        "container": name,
        "root": "remote" if arguments.remote else "local",
        "revision": change.revision or None,
        "previous": change.previous or None,
        "dry_run": arguments.dry_run,
    }


def described(revision: Revision) -> str:
    """The content of a revision in a few words, such as `rez 3.4.0, Python 3.11.7`."""
    metadata = revision.metadata
    if metadata is None or not metadata.environments:
        return f"made by rezup {revision.style}"
    return f"rez {metadata.rez_version}, Python {metadata.environments[0].python}"


def moment_text(text: str) -> str:
    """An ISO 8601 moment in the time zone of this machine, to the minute; empty for an empty text."""
    if not text:
        return ""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except (
        ValueError,
        OverflowError,
        OSError,
    ):  # no moment, or one that has no place in the calendar of this time zone
        return text


def size_text(size: int) -> str:
    """A number of bytes as people read it, such as `23.7 MiB`; empty for 0."""
    if not size:
        return ""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
