"""Entries of a log: they come back as they were made, and what does not belong into a field is refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from tests.unit.published.entries import (
    DAMAGES,
    DIGEST,
    NAME,
    act_of,
    chain_of,
    document_of,
    encoded,
    following,
    full,
    is_entry,
    placed,
    published,
)
from tests.unit.studio import A, B, C, D

from rezup_api.published.log_entry import CHAIN, GREATEST, LIMIT, UnknownFormatError, parse_entry
from rezup_api.published.published_state import RECENT, Publication, State
from rezup_api.store.pin import Pin

# The fields of an entry, with what each of them may also be.
ALLOWED: dict[tuple[str | int, ...], list[Any]] = {
    ("format",): [1, 1.0, True],
    ("log",): [],
    ("container",): ["x", "é", "../up", "1700000001.000000"],
    ("generation",): [],
    ("id",): ["x", "é", "../up", "1700000001.000000"],
    ("chain",): [],
    ("chain", 0): [],
    ("chain", 0, 0): [],
    ("chain", 0, 1): [],
    ("void",): [],
    ("newest",): [None],
    ("newest", "timestamp"): ["1700000001.000000"],
    ("newest", "manifest"): [""],
    ("newest", "generation"): [0, 1],
    ("newest", "entry"): [""],
    ("pin",): [None],
    ("pin", "revision"): [],
    ("pin", "revision", "timestamp"): ["1700000001.000000"],
    ("pin", "until"): ["", "1700000001.000000"],
    ("pin", "withdrawn"): [[]],
    ("pin", "withdrawn", 0): ["1700000001.000000"],
    ("labels",): [{}],
    ("labels", "staging"): [],
    ("labels", "staging", "manifest"): [""],
    ("recent",): [[]],
    ("recent", 0): [],
    ("recent", 0, "generation"): [0, 1],
    ("removed",): [[]],
    ("removed", 0): ["1700000001.000000"],
    ("dropped",): [True, False],
    ("before",): ["", "1700000001.000000"],
    ("act",): [],
    ("act", "act"): [value for value in DAMAGES if value],
    ("act", "when"): [],
    ("critical",): [[]],
}


def same(one: object, other: object) -> bool:
    """Whether two values are the same JSON; 1, 1.0 and true are not."""
    return type(one) is type(other) and one == other


def test_an_entry_comes_back_as_it_was_made() -> None:
    entry = full()
    assert parse_entry(entry.data) == entry
    assert (entry.log, entry.container, entry.generation) == (NAME, "dev", 4)
    assert (entry.act.message, entry.act.who, entry.removed) == ("für „Möwe“", "ana", (C,))
    assert entry.link == (4, hashlib.sha256(entry.data).hexdigest())
    assert document_of(entry)["void"] == [[3, 3]]
    assert [number for number, _ in entry.chain] == [2, 1]
    assert entry.others == {}
    state = entry.state
    assert (state.pin, state.before, state.dropped) == (Pin(A, B, (B,)), A, False)
    assert [one.timestamp for one in state.recent] == [B, A]
    assert state.labels == {"staging": state.newest}


def test_the_first_entry_has_nothing_before_it() -> None:
    entry = following(None)
    assert (entry.generation, entry.chain, entry.state) == (1, (), State())
    behind = following(None, 3)
    assert (behind.generation, behind.chain, document_of(behind)["void"]) == (3, (), [[1, 2]])


def test_an_entry_names_the_last_ones_before_it() -> None:
    entries = chain_of(CHAIN + 5)
    assert entries[-1].chain == tuple(one.link for one in reversed(entries[4:-1]))
    assert len(entries[-1].chain) == CHAIN


def test_a_publication_is_named_by_its_entry_from_the_next_one_on() -> None:
    first = published(None, A, DIGEST)
    assert first.state.newest == Publication(A, DIGEST, 1)
    second = following(first, 5)
    assert second.state.newest == Publication(A, DIGEST, 1, first.digest)
    third = published(second, B)
    assert third.state.recent == (Publication(B, "", 6), Publication(A, DIGEST, 1, first.digest))


def test_what_a_newer_rezup_has_added_is_carried_over() -> None:
    document = document_of(full())
    added = {"mood": {"good": [1, None, "ö"]}, "9": 1.5}
    entry = parse_entry(encoded({**document, **added}))
    assert entry.others == added
    after = following(following(entry))
    assert after.others == added
    assert {name: document_of(after)[name] for name in added} == added


@pytest.mark.parametrize(
    "fields",
    [{"critical": ["mood"]}, {"critical": ["labels", "mood"], "mood": 1}, {"format": 2}, {"format": "4.0"}],
    ids=str,
)
def test_what_only_a_newer_rezup_can_read_says_so(fields: dict[str, Any]) -> None:
    with pytest.raises(UnknownFormatError, match="newer rezup") as caught:
        parse_entry(encoded({**document_of(full()), **fields}))
    assert caught.value.stated == (NAME, "dev", 4)


def test_what_this_rezup_knows_may_be_critical() -> None:
    document = {**document_of(full()), "critical": ["labels", "pin"]}
    assert parse_entry(encoded(document)).state == full().state


def test_an_entry_that_would_be_too_large_is_not_made() -> None:
    with pytest.raises(ValueError, match=f"{LIMIT} is the limit"):
        following(None, act=act_of(message="x" * LIMIT))
    most = LIMIT - len(following(None).data)
    entry = following(None, act=act_of(message="x" * most))
    assert len(entry.data) == LIMIT
    with pytest.raises(ValueError, match="too large"):
        parse_entry(entry.data + b" ")


def test_half_a_surrogate_pair_in_a_message_is_replaced() -> None:
    assert following(None, act=act_of(message="\udc80")).act.message == "?"


@pytest.mark.parametrize("path", ALLOWED, ids=lambda path: ".".join(map(str, path)))
def test_a_field_with_something_else_in_it_is_refused(path: tuple[str | int, ...]) -> None:
    document = document_of(full())
    taken = [value for value in DAMAGES if is_entry(encoded(placed(document, path, value)))]
    assert taken == [value for value in DAMAGES if any(same(value, one) for one in ALLOWED[path])]


@pytest.mark.parametrize("name", document_of(full()))
def test_a_field_that_is_missing_is_refused(name: str) -> None:
    document = document_of(full())
    del document[name]
    with pytest.raises(ValueError, match=name):
        parse_entry(encoded(document))


@pytest.mark.parametrize(
    ("chain", "void", "generation"),
    [
        ([], [[3, 3]], 4),
        ([], [[1, 2]], 4),
        ([[3, DIGEST]], [[3, 3]], 4),
        ([[2, DIGEST]], [], 4),
        ([[2, DIGEST]], [[2, 3]], 4),
        ([[2, DIGEST]], [[3, 3], [3, 3]], 4),
        ([[2, DIGEST]], [[3, 4]], 4),
        ([[2, DIGEST]], [3, 3], 4),
        ([[2, DIGEST]], None, 4),
        ([[4, DIGEST], [2, DIGEST]], [], 4),
        ([[5, DIGEST], [2, DIGEST]], [], 4),
        ([[1, DIGEST], [2, DIGEST]], [[3, 3]], 4),
        ([[1, DIGEST], [2, DIGEST]], [[2, 3]], 4),
        ([[2, DIGEST], [2, DIGEST]], [[3, 3]], 4),
        ([[2, DIGEST], [0, DIGEST]], [[3, 3]], 4),
        ([[2, DIGEST, 1]], [[3, 3]], 4),
        ([[2]], [[3, 3]], 4),
        ([[2, DIGEST[1:]]], [[3, 3]], 4),
        ([[2, DIGEST.upper()]], [[3, 3]], 4),
        ([[2.0, DIGEST]], [[3, 3]], 4),
        ([[number, DIGEST] for number in range(40, 40 - CHAIN - 1, -1)], [], 41),
        ([[GREATEST, DIGEST]], [], GREATEST + 1),
        ([], [], 0),
    ],
)
def test_numbers_that_do_not_fit_together_are_refused(chain: object, void: object, generation: int) -> None:
    document = document_of(full())
    assert parse_entry(encoded(document)).generation == 4
    with pytest.raises(ValueError, match=r"fit together|generation|belong there|unpack"):
        parse_entry(encoded({**document, "chain": chain, "void": void, "generation": generation}))


def test_a_publication_that_is_still_to_come_is_refused() -> None:
    document = document_of(full())
    assert parse_entry(encoded(placed(document, ("newest", "generation"), 4))).generation == 4
    with pytest.raises(ValueError, match="still to come"):
        parse_entry(encoded(placed(document, ("newest", "generation"), 5)))


@pytest.mark.parametrize("label", ["", "latest", ".pin", "a b", "1st", "ö", "../up", "a\n"])
def test_what_is_no_label_is_refused(label: str) -> None:
    document = document_of(full())
    with pytest.raises(ValueError, match="does not belong there"):
        parse_entry(encoded({**document, "labels": {label: document["newest"]}}))


def test_only_so_many_recent_publications_are_taken() -> None:
    document = document_of(full())
    entry = parse_entry(encoded({**document, "recent": document["recent"][:1] * 100}))
    assert len(entry.state.recent) == RECENT


def test_a_document_that_was_written_in_another_order_is_the_same() -> None:
    document = document_of(full())
    turned = {name: document[name] for name in reversed(document)}
    entry = parse_entry(json.dumps({"signatures": [{"any": "thing"}], "document": turned}, indent=4).encode())
    assert entry.state == full().state
    assert entry.digest != full().digest


def test_labels_are_sorted() -> None:
    document = document_of(full())
    one = document["newest"]
    entry = parse_entry(encoded({**document, "labels": {"b": one, "a": one, "C": one}}))
    assert list(entry.state.labels) == ["C", "a", "b"]
    assert entry.state.labels["a"].timestamp == B
    assert D not in str(entry.state)
