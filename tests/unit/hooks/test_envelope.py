"""What hooks read, and its schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from rezup_api.events import HAPPENINGS, Cause, Happened
from rezup_api.hooks.envelope import SCHEMA, envelope

VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def told(event: Happened) -> dict[str, Any]:
    document = envelope(event, {"HOME": "/home/ann"})
    VALIDATOR.validate(document)
    return json.loads(json.dumps(document))  # type: ignore[no-any-return]


def test_the_schema_is_one_and_knows_every_event_and_key() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert tuple(schema["properties"]["event"]["enum"]) == HAPPENINGS
    document = told(Happened("failed", "dev", cause=Cause("install", "m", "h")))
    assert set(document) == set(schema["properties"])
    assert set(document["error"]) == set(schema["properties"]["error"]["properties"])


@pytest.mark.parametrize("what", HAPPENINGS)
def test_every_event_fits_the_schema(what: str) -> None:
    cause = Cause("install", "it broke", "mend it") if what == "failed" else None
    document = told(Happened(what, "dev", "1700000000.000000", "1600000000.000000", "/remote", "why", cause))
    assert (document["event"], document["container"], document["revision"]) == (what, "dev", "1700000000.000000")
    assert (document["previous"], document["place"], document["message"]) == ("1600000000.000000", "/remote", "why")
    assert ("error" in document) == (what == "failed")
    assert document["host"]
    assert document["who"]


def test_a_failure_without_its_cause_does_not_fit() -> None:
    with pytest.raises(ValidationError, match="'error' is a required property"):
        VALIDATOR.validate(envelope(Happened("failed", "dev"), {}))


def test_credentials_are_struck_out() -> None:
    cause = Cause("install", "https://ann:secret@index/simple does not answer", "see https://ann:secret@index")
    text = json.dumps(told(Happened("failed", "dev", place="https://ann:secret@share/", cause=cause)))
    assert "secret" not in text
    assert text.count("****@") == 3
