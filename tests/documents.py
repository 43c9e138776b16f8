"""Hold the documents that commands print with `--json` to their schemas; every test that runs rezup does so."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from rezup.schemas import document_schema

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_document(words: Sequence[str], text: str) -> None:
    """Check what a command line has printed, if it asks for a document and the command is known.

    Args:
        words: the command line without the program.
        text: what stands on stdout; empty if nothing could be written.
    """
    own = list(words)[: words.index("--")] if "--" in words else list(words)
    if "--json" not in own or not text or "--help" in own:
        return
    if "--format" in own[own.index("--json") :] and own[-1] != "json":
        return  # of the two options of `env` the last one holds
    document = json.loads(text)
    try:
        validator = strict_validator(document["command"])
    except KeyError:
        assert document["error"]["code"] == "usage", text  # there is no such command
        return
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    assert not found, f"{text}\n" + "\n".join(found)


@cache
def strict_validator(command: str) -> Draft202012Validator:
    """What checks a document of a command, which must have no key that its schema does not describe."""
    return Draft202012Validator(closed(document_schema(command)))


def closed(schema: Any) -> Any:
    """A schema that takes no keys but those it names. The real one lets newer rezups add some."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(one) for name, one in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        return {"additionalProperties": False, **found}
    return found
