"""Whatever is damaged in an entry: it is refused in one way, or the next writer can go on from it."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from tests.unit.published.entries import DAMAGES, NAME, act_of, document_of, encoded, full, is_entry, placed

from rezup_api.published.log_entry import GREATEST, LIMIT, make_entry, parse_entry

TRIES = 4000


TEXT = encoded({**document_of(full()), "mood": 1}).decode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"null",
        b"[]",
        b"1",
        b'"document"',
        b"{}",
        b'{"document": null}',
        b'{"document": []}',
        b'{"document": "format"}',
        b"[" * 30_000,
        b"[" * 100_000,
        b'{"document": ' * 5_000,
        b'{"document": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        TEXT[:-1].encode(),
        TEXT.encode() + b"{}",
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        b"\0garbage",
        TEXT.replace('"mood": 1', '"mood": NaN').encode(),
        TEXT.replace('"mood": 1', '"mood": Infinity').encode(),
        TEXT.replace('"mood": 1', '"mood": -Infinity').encode(),
        TEXT.replace('"mood": 1', '"mood": 1e400').encode(),
        TEXT.replace('"mood": 1', '"mood": -1e400').encode(),
        TEXT.replace('"mood": 1', f'"mood": {"9" * 5000}').encode(),
        TEXT.replace('"mood": 1', '"mood": "\\ud800"').encode(),
        TEXT.replace('"mood": 1', '"\\udfff": 1').encode(),
        TEXT.replace('"mood": 1', '"mood": "\ud800"').encode("utf-8", "surrogatepass"),
        TEXT.replace('"mood": 1', '"mood": 1, "mood": 1').encode(),
        TEXT.replace('"mood": 1', '"format": 1').encode(),
        TEXT.replace('"mood": 1', '"mood": {"a": 1, "a": 2}').encode(),
        TEXT.replace('"mood": 1', '"mood": ' + '{"a":' * 3_000 + "1" + "}" * 3_000).encode(),
        TEXT.replace('"mood": 1', '"mood": "\xff"').encode("latin-1"),
        TEXT.replace('"mood": 1', f'"mood": "{"x" * LIMIT}"').encode(),
    ],
    ids=range(36),
)
def test_bytes_that_are_no_entry_are_refused(data: bytes) -> None:
    assert parse_entry(TEXT.encode()).others == {"mood": 1}
    assert not is_entry(data)


@pytest.mark.parametrize(
    ("depth", "taken"), [(1, True), (28, True), (40, False), (200, False), (950, False), (990, False)]
)
def test_how_deep_an_entry_may_be_nested_does_not_depend_on_the_reader(depth: int, taken: bool) -> None:
    def found(calls: int) -> bool:
        return found(calls - 1) if calls else is_entry(data)

    nested = "[" * depth + "]" * depth
    message = json.dumps(act_of(message="für „Möwe“").message)
    for place in ('"mood": 1', f'"message": {message}', '"signatures": []'):
        assert TEXT.count(place) == 1
        data = TEXT.replace(place, f"{place.partition(':')[0]}: {nested}").encode()
        assert [found(calls) for calls in (0, 100, 400)] == [taken] * 3, place


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """All places in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(one for step, item in inner for one in places(item, (*path, step)))]


def continued(data: bytes) -> bool:
    """Whether bytes are an entry; if they are, the next writer must be able to go on from it."""
    if not is_entry(data):
        return False
    entry = parse_entry(data)
    if entry.generation < GREATEST:
        after = make_entry(
            entry, entry.generation + 1, entry.state, act_of(), log=NAME, container="dev", identity="2" * 32
        )
        assert after.others == entry.others
        assert after.chain[0] == entry.link
    return True


def test_whatever_stands_in_a_field_is_an_entry_or_refused() -> None:
    chance = random.Random(1)
    document = {**document_of(full()), "mood": [1, {"a": "b"}]}
    every = places(document)
    taken = 0
    for _ in range(TRIES):
        changed = document
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            path = chance.choice(every)
            try:
                changed = placed(changed, path, chance.choice([*DAMAGES, float("nan"), 1e308, document]))
            except (LookupError, TypeError):  # an earlier change has taken that place away
                continue
        taken += continued(encoded(changed))
    assert TRIES / 50 < taken < TRIES / 2, "hardly anything was refused, or hardly anything was left"


def test_whatever_bytes_are_changed_it_is_an_entry_or_refused() -> None:
    chance = random.Random(2)
    whole = encoded({**document_of(full()), "mood": [1, {"a": "b"}]})
    pieces = [
        b"0",
        b"9",
        b"-",
        b"1e99",
        b"1e999",
        b'"',
        b"\\",
        b"\\ud800",
        b"\xff",
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b":",
        b" ",
    ]
    taken = 0
    for _ in range(TRIES):
        data = whole
        for _ in range(chance.choice([1, 1, 2, 5])):
            at = chance.randrange(len(data))
            data = data[:at] + chance.choice(pieces) + data[at + chance.choice([0, 1, 1, 7]) :]
        taken += continued(data)
    assert TRIES / 50 < taken < TRIES / 2, "hardly anything was refused, or hardly anything was left"
