"""Entries of a log, as tests make and damage them."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.unit.studio import A, B, C

from rezup_api.published.log_entry import Entry, make_entry, parse_entry
from rezup_api.published.published_state import Publication, State
from rezup_api.store.history import Act
from rezup_api.store.pin import Pin

NAME = "0123456789abcdef" * 2
OTHER_NAME = "f" * 32
DIGEST = "ab" * 32


# What belongs into none of the fields, unless the table below says so.
DAMAGES: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.0, 1.5, 10**9, 10**30, -(10**30)),
    *("", "x", "é", "../up", "1700000001.000000", [], [1], [[]], [None], [["1", 2]], {}, {"a": 1}, {"": {}}),
]


def act_of(kind: str = "pin", who: str = "ana", message: str = "") -> Act:
    """An act of one moment."""
    return Act(kind, A, who, "ws12", "2026-01-31T10:00:00.000000+00:00", message, "3.1.0")


def following(before: Entry | None, generation: int = 0, state: State | None = None, **more: Any) -> Entry:
    """The entry after another one.

    Args:
        before: the other one; None for the first entry.
        generation: its number; 0 for the next one.
        state: what it publishes; None for what was published before.
        more: `act`, and what `make_entry` takes by name.
    """
    last = before.generation if before is not None else 0
    kept = before.state if before is not None else State()
    fixed = {"log": NAME, "container": "dev", "identity": "1" * 32, **more}
    act = fixed.pop("act", act_of())
    return make_entry(before, generation or last + 1, state if state is not None else kept, act, **fixed)


def chain_of(count: int, before: Entry | None = None, **more: Any) -> list[Entry]:
    """So many entries, the oldest first."""
    entries: list[Entry] = []
    for _ in range(count):
        entries.append(following(entries[-1] if entries else before, **more))
    return entries


def published(before: Entry | None, timestamp: str, manifest: str = "", generation: int = 0) -> Entry:
    """The entry that publishes a revision."""
    number = generation or (before.generation + 1 if before is not None else 1)
    state = before.state if before is not None else State()
    made = state.with_publication(Publication(timestamp, manifest, number))
    return following(before, number, made, act=act_of("publish"))


def document_of(entry: Entry) -> dict[str, Any]:
    """What an entry says, to be changed."""
    document: dict[str, Any] = json.loads(entry.data)["document"]
    return document


def encoded(document: object) -> bytes:
    """The bytes of an entry that says this."""
    return json.dumps({"document": document, "signatures": []}).encode()


def full() -> Entry:
    """An entry with something in each of its fields, which has taken the number after a void one."""
    first = published(published(None, A, DIGEST), B, DIGEST)
    state = first.state.with_label("staging", first.state.newest).with_pin(Pin(A, B, (B,)), first.state.named(A))
    state = State(state.newest, state.pin, state.pinned, state.labels, state.recent, before=A)
    return following(first, 4, state, act=act_of("pin", message="für „Möwe“"), removed=[C])


def placed(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The document with another value at that place."""
    changed = copy.deepcopy(document)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def is_entry(data: bytes) -> bool:
    """Whether bytes are an entry; anything but an entry or a ValueError fails the test."""
    try:
        return bool(parse_entry(data))
    except ValueError:
        return False
