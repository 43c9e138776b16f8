"""The reference page of the documents that commands print with `--json`, and the schemas beside it, made from `rezup.schemas`."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterator, Mapping

from rezup.schemas import commands, document_schema


def sections() -> Mapping[str, Callable[[], str]]:
    """Every generated section of the page, by its name."""
    return {"documents": lambda: "\n".join(map(described, commands())), "error": error}


def schema_files() -> dict[str, str]:
    """The text of each schema, by the name of its file."""
    return {f"{name.replace(' ', '-')}.json": json.dumps(document_schema(name), indent=2) + "\n" for name in commands()}


def described(command: str) -> str:
    """What the `data` of a command holds."""
    schema = document_schema(command)
    lines = [f"### `rezup {command}`\n", f"[Schema](schemas/{command.replace(' ', '-')}.json)\n"]
    for form in schema["properties"]["data"].get("anyOf", [schema["properties"]["data"]]):
        whole = _whole(form, schema["$defs"])
        lines += [f"{whole['description']}\n"] if "description" in whole else []
        lines += [_table(keys(whole, schema["$defs"]))]
    return "\n".join(lines)


def error() -> str:
    """What `error` holds."""
    schema = document_schema("status")
    return _table(keys(schema["$defs"]["error"], schema["$defs"]))


def keys(schema: Mapping[str, Any], shared: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str, str]]:
    """Each key below a schema: its path, its type, and its meaning."""
    for name, given in schema.get("properties", {}).items():
        one = _whole(given, shared)
        path = f"{above}{name}"
        yield path, _type(given, shared), one.get("description", "")
        inner = one
        for form in one.get("anyOf", []):
            if form.get("type") != "null":
                inner = _whole(form, shared)
        if inner.get("type") == "array":
            yield from keys(_whole(inner.get("items", {}), shared), shared, f"{path}[].")
        elif isinstance(inner.get("additionalProperties"), dict):
            values = _whole(inner["additionalProperties"], shared)
            values = _whole(values["items"], shared) if "items" in values else values
            yield from keys(values, shared, f"{path}.*.")
        else:
            yield from keys(inner, shared, f"{path}.")


def _whole(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with what it refers to; its own description wins."""
    named = shared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    return {**(_whole(named, shared) if named else {}), **schema}


def _type(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    whole = _whole(schema, shared)
    forms = [_type(form, shared) for form in whole.get("anyOf", [])]
    kinds = forms or (whole["type"] if isinstance(whole.get("type"), list) else [whole.get("type", "")])
    return " or ".join(kinds)


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    lines = [f"| `{path}` | {kind} | {text} |\n" for path, kind, text in rows]
    return "".join(["| Key | Type | Meaning |\n", "| --- | --- | --- |\n", *lines]) if lines else "No keys.\n"
