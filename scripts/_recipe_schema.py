"""The JSON Schema of recipes (draft 7), by which editors complete `rezup.toml` and mark mistakes, made from the table of keys.

It takes every recipe that rezup takes. What it cannot say, `rezup recipe check` finds: names that Windows reserves, Pythons such
as 3.999, and what several keys say together.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rezup_api.recipe import schema, values
from rezup_api.recipe.schema import RECIPE, Key, Kind
from rezup_api.recipe.starter import STARTER_FILE

DIALECT = "http://json-schema.org/draft-07/schema#"
TITLE = "A recipe of rezup"
HEADER = re.compile(r"(?:# )?\[{1,2}(\w+)\]{1,2}")

FILLED = {"type": "string", "pattern": r"\S"}
REQUIREMENT = {"type": "string", "pattern": r"^\s*[^\s-]"}
FIT, FIT_AT_ENDS = f"[^{values.UNFIT_IN_A_FOLDER}]", f"[^{values.UNFIT_IN_A_FOLDER}. ]"
SCALAR = {"type": ["string", "number", "boolean"]}
FILES = {"type": "object", "additionalProperties": FILLED}


def stripped(pattern: str) -> dict[str, Any]:
    """Text that has this form between blanks, which rezup strips."""
    return {"type": "string", "pattern": rf"^\s*({pattern})\s*$"}


def list_of(item: dict[str, Any]) -> dict[str, Any]:
    """A list of such values."""
    return {"type": "array", "items": item}


def one_of(*choices: str) -> dict[str, Any]:
    """One of these texts."""
    return {"type": "string", "enum": list(choices)}


BY_KIND: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.PATH: {"type": "string"},
    Kind.OPTIONAL_PATH: {"anyOf": [{"type": "string"}, {"enum": [False]}]},
    Kind.SWITCH: {"type": "boolean"},
    Kind.DISTRIBUTION: stripped(values.DISTRIBUTION.pattern),
    Kind.REQUIREMENT: REQUIREMENT,
    Kind.REQUIREMENTS: list_of(REQUIREMENT),
    Kind.TEXTS: list_of(FILLED),
    Kind.PYTHON: {
        "anyOf": [
            {"type": "number", "minimum": 2, "exclusiveMaximum": 4},
            stripped(f"(python)?{values.VERSION.pattern}|"),
            {"type": "string", "pattern": values.PATH_MARK.pattern.replace("^", r"^\s*")},
        ]
    },
    Kind.FOLDER: stripped(f"{FIT_AT_ENDS}({FIT}*{FIT_AT_ENDS})?"),
    Kind.VARIABLES: {"type": "object", "propertyNames": {"pattern": r"^[^=\x00]+$"}, "additionalProperties": SCALAR},
    Kind.DOTENV: {
        "type": "object",
        "properties": dict.fromkeys((*schema.DOTENV_PLATFORMS, "macos"), FILES),
        "not": {"required": ["darwin", "macos"]},
        "additionalProperties": FILLED,
    },
    Kind.ENGINE: one_of(*schema.ENGINES),
    Kind.LINK: one_of(*schema.LINKS),
    Kind.PROVIDE: one_of(*schema.PROVIDE),
    Kind.PLATFORMS: list_of(one_of(*schema.LOCK_PLATFORMS, "darwin")),
    Kind.COMMAND: FILLED,
    Kind.SECONDS: {"type": "number", "exclusiveMinimum": 0, "maximum": values.YEAR},
    Kind.COUNT: {"type": "integer", "minimum": 1},
    Kind.DURATION: stripped(values.DURATION.pattern),
    Kind.SPAN: {"anyOf": [stripped(f"{values.DURATION.pattern}|0"), {"enum": [0]}]},
}


def text() -> str:
    """The schema as the text of its file."""
    document = {"$schema": DIALECT, "title": TITLE, **table("")}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def table(level: str) -> dict[str, Any]:
    """The schema of a table, which may hold its keys and no others.

    Args:
        level: the table, as in `RECIPE.levels`.
    """
    found: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    for name, entry in RECIPE.levels[level].items():
        found["properties"][name] = key(entry) if isinstance(entry, Key) else below(name, entry)
    required = [
        one.name.rpartition(".")[2] for one in RECIPE.keys if one.required and one.name.rpartition(".")[0] == level
    ]
    if required and level in schema.EMPTY_MEANS_NONE:
        found["anyOf"] = [{"required": required}, {"maxProperties": 0}]
    elif required:
        found["required"] = required
    return found


def below(name: str, level: str) -> dict[str, Any]:
    """The schema of a table, or of a list of tables, with the words of the starter."""
    told = {"description": about_tables()[name]}
    return {**told, **(list_of(table(level)) if level.endswith("[]") else table(level))}


def key(entry: Key) -> dict[str, Any]:
    """The schema of a key, with its meaning and its default in words."""
    more = " Required." if entry.required else f" Default: {entry.default}." if entry.default else ""
    return {"description": entry.meaning + more, **BY_KIND[entry.kind]}


def about_tables() -> dict[str, str]:
    """What the starter says right above the head of each table."""
    found: dict[str, str] = {}
    told: list[str] = []
    for line in STARTER_FILE.read_text(encoding="utf-8").splitlines():
        head = HEADER.fullmatch(line)
        if head and told:
            found.setdefault(head[1], " ".join(told))
        told = [*told, line[2:]] if line.startswith("# ") and not head else []
    return found
