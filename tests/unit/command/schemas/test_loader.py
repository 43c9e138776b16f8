"""Every command has a schema for the document that it prints with `--json`, and every key in it is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from tests.documents import check_document

from rezup.cli import build_parser
from rezup.schemas import commands, document_schema

if TYPE_CHECKING:
    from collections.abc import Iterator


def leaves(parser: Any, name: str = "") -> Iterator[str]:
    """The commands that can be called, by their full names."""
    below = [
        (word, one)
        for action in parser._actions
        if isinstance(action.choices, dict)
        for word, one in action.choices.items()
    ]
    for word, one in below:
        yield from leaves(one, f"{name} {word}".strip())
    if not below:
        yield name


def unexplained(schema: Any, shared: dict[str, Any], path: str = "") -> Iterator[str]:
    """The keys below a schema that have no description, neither their own nor that of what they refer to."""
    if isinstance(schema, list):
        for one in schema:
            yield from unexplained(one, shared, path)
    elif isinstance(schema, dict):
        properties = schema.get("properties")
        for name, one in properties.items() if isinstance(properties, dict) else ():
            named = shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else {}
            if "description" not in one and "description" not in named and "const" not in one and name != "data":
                yield f"{path}.{name}"
        for name, one in schema.items():
            yield from unexplained(one, shared, f"{path}.{name}")


def test_every_command_has_one() -> None:
    assert sorted(leaves(build_parser())) == list(commands())


@pytest.mark.parametrize("command", commands())
def test_each_is_a_schema_that_explains_every_key(command: str) -> None:
    schema = document_schema(command)
    Draft202012Validator.check_schema(schema)
    assert list(unexplained(schema, schema["$defs"])) == []
    assert set(schema["$defs"]) == set(_used(schema)), "it has what it refers to, and nothing else"


def _used(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _used(one)
    elif isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix("#/$defs/")
        for one in schema.values():
            yield from _used(one)


@pytest.mark.parametrize(
    "text",
    [
        '{"format": 1, "command": "recipe init", "data": {"file": "x", "more": 1}, "warnings": []}',
        '{"format": 1, "command": "recipe init", "data": {}, "warnings": []}',
        '{"format": 1, "command": "recipe init", "data": {"file": "x"}}',
        '{"format": 2, "command": "recipe init", "data": {"file": "x"}, "warnings": []}',
        '{"format": 1, "command": "recipe init", "warnings": []}',
    ],
)
def test_a_document_that_is_none_of_them_is_found(text: str) -> None:
    with pytest.raises(AssertionError):
        check_document(["recipe", "init", "--json"], text)


def test_there_is_none_for_what_is_no_command() -> None:
    with pytest.raises(KeyError):
        document_schema("nonesuch")
