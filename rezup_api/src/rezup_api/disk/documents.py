"""Parse JSON and TOML that others can write. Whatever the text is, the only error that comes out is ValueError.

A document from outside may be cut off, nested a million times, hold numbers of 5,000 digits, `1e999`, half of a surrogate pair,
or a moment before the year 1. All of that is refused here, once, so that no reader has to think of it. Numbers fit into 64 bits,
floats are finite, every text can be written as UTF-8 again, and lists and tables are nested at most `DEPTH` deep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup_api.disk.reading import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# No document of rezup, no lock and no answer of an index is nested more than a dozen levels deep.
DEPTH = 64
_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1
# The most digits of a number in 64 bits, with its sign. Python takes quadratic time to read a longer one.
_DIGITS = 20
_NESTING = frozenset({dict, list})


def parse_json(data: str | bytes, *, limit: int = LIMIT, depth: int = DEPTH, paths: bool = False) -> Any:
    """The value that a JSON text stands for.

    Args:
        data: the text, or its bytes in UTF-8.
        limit: how many characters or bytes it may have.
        depth: how deep its lists and objects may be nested.
        paths: whether texts may hold paths that are not UTF-8, as `os.fsdecode` gives them.

    Raises:
        ValueError: the text is not JSON, or is beyond the limits.
    """
    import json  # the parser of TOML, which is here too, does without it

    def parse() -> Any:
        text = _text(data, limit)
        document = json.loads(
            text, parse_int=_integer, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_unique
        )
        # Valid UTF-8 has no surrogates, so they can only come from escapes.
        if "\\ud" in text or "\\uD" in text:
            errors = "surrogateescape" if paths else "strict"
            json.dumps(document, ensure_ascii=False).encode("utf-8", errors)
        return document

    return _bounded(parse, depth)


def parse_toml(text: str, *, limit: int = LIMIT, parse_float: Callable[[str], Any] | None = None) -> dict[str, Any]:
    """The document that a TOML text stands for (https://toml.io/en/v1.0.0).

    Args:
        text: the text.
        limit: how many characters it may have.
        parse_float: makes a value of a number with a point; default: a finite float.

    Raises:
        ValueError: the text is not TOML (then it is the TOMLDecodeError of tomli, with the line), or is beyond the limits.
    """
    import tomli  # takes 6 ms to import, and not every command reads TOML

    if len(text) > limit:
        raise ValueError(f"it is too large: more than {limit} characters")
    document: dict[str, Any] = _bounded(lambda: tomli.loads(text, parse_float=parse_float or _finite), DEPTH)
    _check_numbers(document)
    return document


def parse_moment(text: object) -> datetime:
    """The moment that an ISO 8601 text with a time zone stands for, in UTC.

    Raises:
        ValueError: it is no such text, or the moment is not between 1971 and 8999. Near the ends of the calendar, a time zone
            would lead out of it.
    """
    from datetime import datetime, timezone

    if not isinstance(text, str):
        raise ValueError("it is not a moment")
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not 1970 < found.year < 9000:
        raise ValueError(f"{text!r:.40} is not a moment with a time zone, or too far away")
    return found.astimezone(timezone.utc)


def _text(data: str | bytes, limit: int) -> str:
    if len(data) > limit:
        raise ValueError(f"it is too large: more than {limit} bytes")
    if not data:
        raise ValueError("it is empty")
    # From bytes, `json` would read UTF-16 and UTF-32 too.
    return data.decode("utf-8") if isinstance(data, bytes) else data


def _bounded(parse: Callable[[], Any], depth: int) -> Any:
    """What `parse` returns, if it is within the limits."""
    try:
        document = parse()
    except (RecursionError, OverflowError) as error:
        raise ValueError("its lists or tables are nested too deeply") from error
    except MemoryError as error:
        raise ValueError("it needs more memory than there is") from error
    level = [document] if type(document) in _NESTING else []
    # Level by level, because a function that calls itself would meet the very limit that this is about.
    for _ in range(depth + 1):
        if not level:
            return document
        inside = [child for one in level for child in (one.values() if type(one) is dict else one)]
        level = [child for child in inside if type(child) in _NESTING]
    raise ValueError("its lists or tables are nested too deeply")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS or not _LEAST <= (number := int(digits)) <= _GREATEST:
        raise ValueError(f"it has a number of {len(digits)} digits")
    return number


def _check_numbers(document: Any) -> None:
    """Refuse numbers that do not fit into 64 bits, of which TOML gives no text to look at; the depth is bounded already."""
    if type(document) is int and not _LEAST <= document <= _GREATEST:
        raise ValueError("it has a number that does not fit into 64 bits")
    if type(document) in _NESTING:
        for child in document.values() if type(document) is dict else document:
            _check_numbers(child)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:  # infinite, or not a number
        raise ValueError(f"{text:.40} is not a number that it may have")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without a name that occurs twice: two readers could take different values for it."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it has a name twice")
    return found
