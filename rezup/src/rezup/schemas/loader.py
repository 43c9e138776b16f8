"""Put the JSON Schema of a document together: what is said of the command, in the envelope of all.

The file `COMMAND.json` describes the `data` of a command, with a hyphen for a blank in its name; `_common.json` has what several
commands share. `document_schema` puts them together. The dialect is 2020-12. A document may have keys that its schema does not
know: new ones may come at any time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def commands() -> tuple[str, ...]:
    """The commands that have a schema, by their names, such as `status` or `recipe show`."""
    return tuple(sorted(path.stem.replace("-", " ") for path in FOLDER.glob("[!_]*.json")))


def document_schema(command: str) -> dict[str, Any]:
    """The schema of all that a command prints with `--json`, complete in itself.

    Args:
        command: the name of the command, such as `status` or `recipe show`.

    Raises:
        KeyError: there is no such command.
    """
    path = FOLDER / f"{command.replace(' ', '-')}.json"
    if command not in commands():
        raise KeyError(command)
    data, common = (json.loads(one.read_text(encoding="utf-8")) for one in (path, FOLDER / "_common.json"))
    shared = common["$defs"]
    return {
        "$schema": DIALECT,
        "title": f"rezup {command} --json",
        "type": "object",
        "properties": {
            "format": {"const": 1, "description": "The version of all documents."},
            "command": {"const": command, "description": "The command."},
            "data": data,
            "error": {"$ref": "#/$defs/error"},
            "warnings": {"$ref": "#/$defs/warnings"},
        },
        "required": ["format", "command", "warnings"],
        "oneOf": [{"required": ["data"]}, {"required": ["error"]}],
        "$defs": {name: shared[name] for name in sorted(_named(data, shared) | _named(shared["error"], shared))}
        | {name: shared[name] for name in ("error", "warnings")},
    }


def _named(schema: Any, shared: dict[str, Any]) -> set[str]:
    """The shared definitions that a schema refers to, directly or through others."""
    if isinstance(schema, list):
        return {name for one in schema for name in _named(one, shared)}
    if not isinstance(schema, dict):
        return set()
    found = {name for one in schema.values() for name in _named(one, shared)}
    if isinstance(schema.get("$ref"), str):
        name = schema["$ref"].removeprefix("#/$defs/")
        found |= {name} | _named(shared[name], shared)
    return found
