"""Turn the text of a recipe into a raw document, of which only the TOML syntax is checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_toml
from rezup_api.errors import NotFoundError, Problem, RecipeError
from rezup_api.netfs import reader

if TYPE_CHECKING:
    from pathlib import Path


class Number(str):
    """A number with a point, as the author wrote it: `3.10` stays "3.10", where a float would become 3.1."""

    __slots__ = ()


def read_document(path: Path) -> dict[str, Any]:
    """The raw document in a recipe's file.

    Raises:
        NotFoundError: there is no such file.
        RecipeError: the file cannot be read, or it is not TOML.
    """
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a recipe's file, without the byte order mark that some editors write.

    Raises:
        NotFoundError: there is no such file.
        RecipeError: the file cannot be read, or it is not UTF-8.
    """
    try:
        return reader.read_bytes(path).decode("utf-8").removeprefix("\ufeff")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"there is no recipe at {path}", "`rezup recipe init` writes a starter") from error
    except OSError as error:
        raise RecipeError([Problem(str(path), "", f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        problem = Problem(str(path), "", f"is not UTF-8 text (byte {error.start})", "save it with the encoding UTF-8")
        raise RecipeError([problem]) from error


def parse(text: str, where: str) -> dict[str, Any]:
    """Parse TOML (https://toml.io/en/v1.0.0); numbers with a point become `Number`.

    Args:
        text: the document.
        where: the file, as messages name it.

    Raises:
        RecipeError: the text is not TOML. The message names the line but does not show it, because it may hold a credential.
    """
    try:
        return parse_toml(text, parse_float=Number)
    except ValueError as error:
        raise RecipeError([_problem(error, text, where)]) from error


def _problem(error: ValueError, text: str, where: str) -> Problem:
    from tomli import TOMLDecodeError

    if not isinstance(error, TOMLDecodeError):
        suggestion = "a number of so many digits needs quotes" if "64 bits" in str(error) else ""
        return Problem(where, "", str(error), suggestion)
    message = f"line {error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"
    return Problem(where, "", message, _way_out(error.msg, text.splitlines()[error.lineno - 1 : error.lineno]))


def _way_out(message: str, line: list[str]) -> str:
    """What the author can write instead, for the mistakes that are common in recipes; empty for any other."""
    value = line[0].partition("=")[2].strip() if line else ""
    if "\\" in message:
        return "in a Windows path write / or \\\\, or put it in 'single quotes'"
    if re.match(r"\d+\.\d+\.\d", value):
        return "a version with two points needs quotes"
    if re.match(r"[A-Za-z~/$.]", value):
        return "text needs quotes"
    return ""
