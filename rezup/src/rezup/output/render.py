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

from rezup.output.table import Table, filled_text, layout
from rezup_api import BusyError, InstallError, RecipeError, RezupError
from rezup_api.events import visible
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
        _print_table(result.view, colors=not getattr(arguments, "no_color", False))


def _print_table(table: Table, *, colors: bool) -> None:
    # Away from a terminal a line is as long as it needs to be: who reads it there is another program.
    width = _terminal_width() if sys.stdout.isatty() else None
    if table.above:
        print(filled_text(visible(table.above), width))
    if not table.rows:
        print(filled_text(visible(table.empty), width))
        return
    title = filled_text(visible(table.title), width)
    forced = "FORCE_COLOR" in os.environ or "TTY_COMPATIBLE" in os.environ
    colors = colors and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    header, *lines = layout(table, width)
    styled = colors and (forced or width is not None)
    head = _styled(title, header) if styled else "".join(f"{line}\n" for line in (title, header) if line)
    print(head + "\n".join(lines))


def _terminal_width() -> int:
    try:
        return int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(1).columns or 80
    except (ValueError, OSError):
        return 80


def _styled(title: str, header: str) -> str:
    """The lines above the rows, as the terminal shows them."""
    from rich.console import Console  # a third of what `status` takes, so only where it is seen

    console = Console(highlight=False, markup=False, soft_wrap=True)
    with console.capture() as head:  # if the reader of a pipe has ended, rich would end this process with status 1
        if title:
            console.print(title, style="bold")
        console.print(header, style="dim")
    return head.get()


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


def show_fault(error: Exception, arguments: argparse.Namespace | None = None, report: str = "") -> None:
    """Print an error that is none of ours, and so a fault of rezup; `report` is the file with a report of it, if any."""
    text = f"internal error: {type(error).__name__}: {error}"
    hint = f"report it with what is in {report}" if report else "run it again with --debug and report what it prints"
    if arguments is not None and getattr(arguments, "json", False):
        _print_failure(arguments, INTERNAL, text, hint)
        return
    print(visible(f"rezup: {text}"), file=sys.stderr)
    print(visible(f"  -> this is a fault of rezup; {hint}"), file=sys.stderr)


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


_AGES = ((60, "minute"), (3600, "hour"), (86400, "day"), (604_800, "week"), (2_629_800, "month"), (31_557_600, "year"))


def age_text(text: str, now: float) -> str:
    """How long ago an ISO 8601 moment was, in the largest unit, such as `3 hours`; `now` below a minute; empty if there is none.

    Args:
        text: the moment.
        now: the present moment, in seconds since the epoch.
    """
    try:
        age = now - datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return ""
    if age < 60:
        return "now"
    seconds, unit = next(((length, name) for length, name in reversed(_AGES) if age >= 2 * length), _AGES[0])
    count = int(age // seconds)
    return f"{count} {unit}s" if count > 1 else f"1 {unit}"


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
