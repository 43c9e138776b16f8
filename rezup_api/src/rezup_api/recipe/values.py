"""Check one value of a recipe by its kind, and convert it to the form in which rezup keeps it.

A converter gets the raw value and a `Complain`, and returns the converted value. If it has complained, the caller drops what it
returns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rezup_api.errors import UsageError
from rezup_api.events import HAPPENINGS
from rezup_api.recipe.parse import Number
from rezup_api.recipe.schema import DOTENV_PLATFORMS, ENGINES, LINKS, LOCK_PLATFORMS, PROVIDE, Kind, join_key

Complain = Callable[[str, str, str], None]
"""Takes the place inside the value ("" or "[1]" or ".name"), what is wrong there, and what to write instead (may be empty)."""
Converter = Callable[[Any, Complain], Any]

# The patterns whose names have no underscore also go into the JSON Schema of recipes.
DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")  # PEP 508
UNFIT_IN_A_FOLDER = r'<>:"/\\|?*\x00-\x1f\x7f'
_UNFIT_FOR_A_FOLDER = re.compile(rf"[{UNFIT_IN_A_FOLDER}]|^[. ]|[. ]$")
_RESERVED_BY_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
VERSION = re.compile(r"[23](\.[0-9]{1,2}){0,2}")
PATH_MARK = re.compile(r"[/\\]|^[~$.]")


def describe(value: object) -> str:
    """The type of a raw value in words, without the value itself, which may be a credential."""
    # `bool` first, because in Python True is also an `int`; `Number` before `str`, because it is one.
    if isinstance(value, bool):
        return "true" if value else "false"
    for kinds, name in (
        (Number, "a number"),
        (str, "text"),
        (int, "a whole number"),
        (list, "a list"),
        (dict, "a table"),
    ):
        if isinstance(value, kinds):
            return name
    return "a date or time"


def expected(what: str, found: object) -> str:
    """The message for a value of the wrong type."""
    return f"expected {what}, found {describe(found)}"


def is_fit_for_folder(name: str) -> bool:
    """Whether a folder of that name can be made on Linux, macOS and Windows."""
    return 0 < len(name) <= 100 and not _UNFIT_FOR_A_FOLDER.search(name) and not _RESERVED_BY_WINDOWS.fullmatch(name)


def quoted(value: str) -> str:
    """A value as messages show it: in quotes, at most 60 characters long, without credentials."""
    from rezup_api.recipe.credentials import redact  # few recipes need a message

    shown = redact(value)
    return repr(shown if len(shown) <= 60 else shown[:57] + "...")


def _text(value: Any, complain: Complain) -> str:
    if type(value) is not str:
        complain("", expected("text", value), "write it in quotes" if type(value) in (int, Number) else "")
        return ""
    if "\x00" in value:
        complain("", "holds a NUL character", "")
    return value


def _filled(value: Any, complain: Complain) -> str:
    text = _text(value, complain).strip()
    if isinstance(value, str) and not isinstance(value, Number) and not text:
        complain("", "is empty", "leave the key out if there is nothing to say")
    return text


def _optional_path(value: Any, complain: Complain) -> str:
    if value is False:  # rezup 1.x wrote `false` where 2.x writes ""
        return ""
    if value is True:
        complain("", "expected a path, found true", "write false, or an empty text, for no path")
        return ""
    return _text(value, complain)


def _switch(value: Any, complain: Complain) -> bool:
    if not isinstance(value, bool):
        complain("", expected("true or false", value), "write it without quotes" if value in ("true", "false") else "")
    return value is True


def _distribution(value: Any, complain: Complain) -> str:
    name = _filled(value, complain)
    if name and not (DISTRIBUTION.fullmatch(name) and is_fit_for_folder(name)):
        complain(
            "",
            f"{quoted(name)} is not a distribution name",
            "use letters, digits, '.', '_' and '-'; versions and addresses belong in url",
        )
    return name


def _folder(value: Any, complain: Complain) -> str:
    name = _filled(value, complain)
    if name and not is_fit_for_folder(name):
        complain("", f"{quoted(name)} cannot be a folder's name", "use letters, digits, '.', '_' and '-'")
    return name


def _requirement(value: Any, complain: Complain) -> str:
    text = _filled(value, complain)
    if text.startswith("-"):
        complain("", "is an option, not a requirement", "options belong in pip.options")
    return text


def _list_of(what: str, each: Converter) -> Converter:
    def convert(value: Any, complain: Complain) -> list[Any]:
        if not isinstance(value, list):
            complain(
                "", expected(f"a list of {what}", value), 'put it in brackets: ["..."]' if type(value) is str else ""
            )
            return []
        return [each(item, _inside(complain, f"[{index}]")) for index, item in enumerate(value)]

    return convert


def _inside(complain: Complain, at: str) -> Complain:
    """A `Complain` for the part `at` of a value, which passes complaints on with their place in the whole value."""
    return lambda deeper, message, way_out: complain(at + deeper, message, way_out)


def _python(value: Any, complain: Complain) -> str:
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        complain("", expected("a version or a path", value), "")
        return ""
    text = str(value).strip()
    version = text.removeprefix("python")
    if not text or VERSION.fullmatch(version):  # an empty text meant the Python that runs rezup to rezup 2.x, too
        return version
    if isinstance(value, Number) or not PATH_MARK.search(text) or "\x00" in text:
        complain(
            "",
            f"{quoted(text)} is neither a Python version nor a path",
            "write for example 3.11 or /usr/bin/python3.11",
        )
    return text


def _variables(value: Any, complain: Complain) -> dict[str, str]:
    if not isinstance(value, dict):
        complain("", expected("a table", value), "")
        return {}
    return {name: _variable(name, item, _inside(complain, _dot(name))) for name, item in value.items()}


def _dot(name: str) -> str:
    return "." + join_key("", name)


def _variable(name: str, value: Any, complain: Complain) -> str:
    if not name or "=" in name or "\x00" in name:
        complain("", "is not the name of a variable", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int)):
        complain("", expected("text, a number, true or false", value), "")
        return ""
    if "\x00" in str(value):
        complain("", "holds a NUL character", "")
    return str(value)


def _dotenv(value: Any, complain: Complain) -> dict[str, Any]:
    if not isinstance(value, dict):
        complain("", expected("a table", value), 'write [dotenv], and below it 1 = "/path/to/file.env"')
        return {}
    result: dict[str, Any] = {}
    for name, item in value.items():
        inside = _inside(complain, _dot(name))
        platform = "darwin" if name == "macos" else name
        if platform in DOTENV_PLATFORMS:
            if platform in result:
                inside("", "macos and darwin are the same platform", "put all files into one of them")
            result[platform] = _files(item, inside)
        elif isinstance(item, dict):
            inside("", "is not a platform", f"write one of {', '.join(DOTENV_PLATFORMS)}")
        else:
            result[name] = _filled(item, inside)
    return result


def _files(value: Any, complain: Complain) -> dict[str, str]:
    if not isinstance(value, dict):
        complain("", expected("a table", value), "put the files of a platform into a table with its name")
        return {}
    return {name: _filled(item, _inside(complain, _dot(name))) for name, item in value.items()}


def _one_of(*choices: str) -> Converter:
    def convert(value: Any, complain: Complain) -> str:
        text = _text(value, complain)
        if type(value) is str and text not in choices:
            way_out = "write one of " + ", ".join(f'"{choice}"' for choice in choices)
            complain("", f"{quoted(text)} is not a value that this key takes", way_out)
        return text

    return convert


def _events(value: Any, complain: Complain) -> list[str]:
    one = _one_of(*HAPPENINGS)
    return _list_of("events", one)(value, complain) if isinstance(value, list) else [one(value, complain)]


def _platforms(value: Any, complain: Complain) -> list[str]:
    named = _list_of("platforms", _one_of(*LOCK_PLATFORMS, "darwin"))(value, complain)
    return list(dict.fromkeys("macos" if name == "darwin" else name for name in named))


def _seconds(value: Any, complain: Complain) -> int | float:
    if type(value) is int:
        number: int | float = value
    elif isinstance(value, Number):
        number = float(value)
    else:
        complain("", expected("a number of seconds", value), "write it without quotes" if type(value) is str else "")
        return 0
    if not 0 < number <= YEAR:  # the system cannot wait much longer
        complain("", "must be more than 0 seconds, and a year at most", "")
    return number


def _count(value: Any, complain: Complain) -> int:
    if type(value) is not int:
        complain("", expected("a whole number", value), "write it without quotes" if type(value) is str else "")
        return 0
    if value < 1:
        complain("", "must be 1 or more", "")
    return value


def _duration(value: Any, complain: Complain) -> str:
    text = _text(value, complain).strip()
    if type(value) is str and not is_duration(text):
        complain("", f"{quoted(text)} is not a duration", EXPECTED_DURATION)
    return text


def _span(value: Any, complain: Complain) -> str:
    return "0s" if value == "0" or (type(value) is int and value == 0) else _duration(value, complain)


CONVERTERS: dict[Kind, Converter] = {
    Kind.TEXT: _text,
    Kind.PATH: _text,
    Kind.OPTIONAL_PATH: _optional_path,
    Kind.SWITCH: _switch,
    Kind.DISTRIBUTION: _distribution,
    Kind.REQUIREMENT: _requirement,
    Kind.REQUIREMENTS: _list_of("requirements", _requirement),
    Kind.TEXTS: _list_of("text", _filled),
    Kind.PYTHON: _python,
    Kind.FOLDER: _folder,
    Kind.VARIABLES: _variables,
    Kind.DOTENV: _dotenv,
    Kind.ENGINE: _one_of(*ENGINES),
    Kind.LINK: _one_of(*LINKS),
    Kind.PROVIDE: _one_of(*PROVIDE),
    Kind.PLATFORMS: _platforms,
    Kind.COMMAND: _filled,
    Kind.SECONDS: _seconds,
    Kind.COUNT: _count,
    Kind.DURATION: _duration,
    Kind.EVENTS: _events,
    Kind.SPAN: _span,
}


# Seconds.
YEAR = 31_536_000
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


EXPECTED_DURATION = 'a number and a unit of s, m, h, d or w, such as "30d"'


DURATION = re.compile(r"([0-9]{1,9})\s*([smhdw])")


def is_duration(text: str) -> bool:
    """Whether `text` is a duration, such as "30d"."""
    return DURATION.fullmatch(text) is not None


def duration_seconds(text: str) -> int:
    """The length of a duration in seconds.

    Raises:
        UsageError: `text` is not a duration.
    """
    match = DURATION.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is not a duration", f"write {EXPECTED_DURATION}")
    return int(match.group(1)) * UNITS[match.group(2)]


def canonical(name: str) -> str:
    """The normalised name of a distribution, by which indexes compare names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
