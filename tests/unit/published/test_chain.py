"""How entries of a log follow each other, as decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.published.entries import OTHER_NAME, act_of, chain_of, document_of, encoded, following

from rezup_api.published.chain import FAR, Relation, is_link, relation
from rezup_api.published.log_entry import CHAIN, Entry, parse_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ENTRIES = chain_of(6)
HEAD = ENTRIES[3]
BEFORE = ENTRIES[2]
OTHERS = chain_of(6, log=OTHER_NAME)
# The same numbers, and from the third on other acts.
FORKED = [*ENTRIES[:2], *chain_of(4, ENTRIES[1], act=act_of(message="fork"))]
# A writer could not use entry 4, took number 5, and went on from entry 3.
WITHDRAWING = following(BEFORE, 5)


def reading(entries: Iterable[Entry]) -> Callable[[int], Entry | None]:
    """Reads these entries by their numbers."""
    return {entry.generation: entry for entry in entries}.get


def nothing(number: int) -> Entry | None:
    """Reads where nothing can be read."""
    return None


def asked(number: int) -> Entry | None:
    """Fails where nothing needs to be read."""
    raise AssertionError(f"{number} was read")


def damaged(entry: Entry, **fields: object) -> Entry:
    """An entry that says something else in some fields."""
    return parse_entry(encoded({**document_of(entry), **fields}))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ENTRIES[4], True),
        (following(HEAD, 6), True),
        (following(HEAD, 900), True),
        (WITHDRAWING, True),
        (following(BEFORE, 9), True),
        (ENTRIES[5], False),
        (HEAD, False),
        (ENTRIES[0], False),
        (ENTRIES[2], False),
        (FORKED[3], False),
        (FORKED[4], False),
        (OTHERS[4], False),
        (following(HEAD, container="prod"), False),
        (damaged(ENTRIES[4], log=OTHER_NAME), False),
        (following(ENTRIES[1], 5), False),
        (following(None, 5), False),
        (damaged(ENTRIES[4], chain=[[4, "0" * 64], [3, BEFORE.digest]]), False),
        (damaged(ENTRIES[4], chain=[[3, HEAD.digest]], void=[[4, 4]]), False),
    ],
    ids=[
        "the next",
        "one number further",
        "many numbers further",
        "the head is withdrawn",
        "it is withdrawn later",
        "the one after the next",
        "the head itself",
        "the first",
        "the one before",
        "another of this number",
        "the next of another branch",
        "of another log",
        "of another container",
        "of another log, with this chain",
        "from the last but one before",
        "from nothing",
        "of another head",
        "a digest under another number",
    ],
)
def test_what_follows_the_head(entry: Entry, expected: bool) -> None:
    assert is_link(entry, HEAD) is expected


def test_the_first_entry_cannot_be_withdrawn() -> None:
    first = following(None)
    assert is_link(following(first), first)
    assert not is_link(following(None, 2), first), "it would begin the log again"


def test_an_entry_that_names_no_other_follows_none() -> None:
    head = following(None, 3)
    assert head.chain == ()
    assert not is_link(following(None, 4), head)


LONG = chain_of(200)


@pytest.mark.parametrize(
    ("entry", "accepted", "expected"),
    [
        (HEAD, HEAD, Relation.SAME),
        (ENTRIES[4], HEAD, Relation.NEWER),
        (ENTRIES[5], HEAD, Relation.NEWER),
        (ENTRIES[5], ENTRIES[0], Relation.NEWER),
        (following(HEAD, 900), HEAD, Relation.NEWER),
        (following(following(HEAD, 900)), HEAD, Relation.NEWER),
        (BEFORE, HEAD, Relation.OLDER),
        (ENTRIES[0], HEAD, Relation.OLDER),
        (FORKED[2], HEAD, Relation.OLDER),
        (WITHDRAWING, HEAD, Relation.WITHDRAWAL),
        (following(WITHDRAWING), HEAD, Relation.WITHDRAWAL),
        (following(ENTRIES[0], 9), HEAD, Relation.WITHDRAWAL),
        (FORKED[3], HEAD, Relation.FORK),
        (FORKED[4], HEAD, Relation.FORK),
        (FORKED[5], HEAD, Relation.FORK),
        (following(FORKED[2], 5), HEAD, Relation.FORK),
        (following(None, 5), HEAD, Relation.FORK),
        (damaged(ENTRIES[5], chain=[[5, "0" * 64], [4, "1" * 64]]), HEAD, Relation.FORK),
        (OTHERS[0], HEAD, Relation.OTHER),
        (OTHERS[3], HEAD, Relation.OTHER),
        (OTHERS[5], HEAD, Relation.OTHER),
        (LONG[CHAIN], LONG[0], Relation.NEWER),
        (LONG[100], LONG[100 - CHAIN], Relation.NEWER),
    ],
)
def test_how_an_entry_stands_to_the_accepted_one(entry: Entry, accepted: Entry, expected: Relation) -> None:
    assert relation(entry, accepted, nothing) is expected
    if expected is not Relation.FORK:
        assert relation(entry, accepted, asked) is expected, "nothing needed to be read"


BRANCH = chain_of(150, LONG[20], act=act_of(message="fork"))
WITHDRAWN = following(LONG[20], 23)


@pytest.mark.parametrize(
    ("entry", "accepted", "there", "expected"),
    [
        (LONG[CHAIN + 1], LONG[0], LONG, Relation.NEWER),
        (LONG[-1], LONG[0], LONG, Relation.NEWER),
        (LONG[-1], LONG[77], LONG, Relation.NEWER),
        (LONG[-1], LONG[0], [], Relation.FORK),
        (LONG[-1], LONG[0], [*LONG[:99], *LONG[100:]], Relation.NEWER),
        (LONG[-1], LONG[0], [*LONG[: 199 - CHAIN], *LONG[200 - CHAIN :]], Relation.FORK),
        (BRANCH[-1], LONG[20], [*LONG, *BRANCH], Relation.NEWER),
        (BRANCH[-1], LONG[50], [*LONG, *BRANCH], Relation.FORK),
        (BRANCH[-1], LONG[21], [*LONG, *BRANCH], Relation.FORK),
        (BRANCH[-1], LONG[21], LONG, Relation.FORK),
        (
            chain_of(100, WITHDRAWN)[-1],
            LONG[21],
            [*LONG[:22], WITHDRAWN, *chain_of(100, WITHDRAWN)],
            Relation.WITHDRAWAL,
        ),
        (chain_of(100, WITHDRAWN)[-1], LONG[20], [*LONG[:22], WITHDRAWN, *chain_of(100, WITHDRAWN)], Relation.NEWER),
    ],
    ids=[
        "one more than the chain names",
        "much further",
        "somewhere between",
        "nothing between can be read",
        "what is not needed is missing",
        "what is needed is missing",
        "a branch from the accepted one",
        "a branch before the accepted one",
        "a branch at the accepted one",
        "the log goes on in another way than the chain says",
        "the accepted one was withdrawn long ago",
        "the one after the accepted one was withdrawn",
    ],
)
def test_how_an_entry_stands_that_is_further_than_its_chain_reaches(
    entry: Entry, accepted: Entry, there: list[Entry], expected: Relation
) -> None:
    assert relation(entry, accepted, reading(there)) is expected


def test_only_so_many_entries_are_read() -> None:
    """Somebody could lay entries that lead nowhere: each names one before it, and the accepted one is far below."""
    read = []

    def fetch(number: int) -> Entry | None:
        read.append(number)
        return steps.get(number)

    steps: dict[int, Entry] = {}
    last = following(None, 2)
    for number in range(3, FAR + 100):
        last = damaged(following(last, number), chain=[list(last.link)])
        steps[number] = last
    accepted = following(None, 1)
    assert relation(last, accepted, fetch) is Relation.FORK
    assert len(read) == FAR
