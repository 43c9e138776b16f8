"""What is published, and what each act makes of it."""

from __future__ import annotations

import pytest
from tests.unit.studio import A, B, C, D

from rezup_api.published.published_state import RECENT, Publication, State
from rezup_api.store.pin import Pin

ENTRY = "e" * 64
FIRST, SECOND, THIRD = (Publication(one, "ab" * 32, number) for number, one in enumerate((A, B, C), start=1))
# Everything is something here, so that each act shows what it leaves alone.
FULL = State(
    newest=THIRD,
    pin=Pin(A, C, (B, C)),
    pinned=FIRST,
    labels={"staging": SECOND},
    recent=(THIRD, SECOND, FIRST),
    dropped=True,
    before=A,
)


def changed(state: State, **fields: object) -> State:
    """A state with other values in some fields."""
    kept = {name: getattr(state, name) for name in ("newest", "pin", "pinned", "labels", "recent", "dropped", "before")}
    return State(**{**kept, **fields})


def test_what_is_dropped_is_not_present() -> None:
    assert State().present is None
    assert changed(FULL, dropped=False).present == THIRD
    assert FULL.present is None
    assert FULL.newest == THIRD


def test_a_publication_is_the_newest_and_ends_that_the_container_is_dropped() -> None:
    fourth = Publication(D, "cd" * 32, 4)
    assert FULL.with_publication(fourth) == changed(
        FULL, newest=fourth, recent=(fourth, THIRD, SECOND, FIRST), dropped=False
    )
    assert State().with_publication(FIRST) == State(newest=FIRST, recent=(FIRST,))


def test_only_the_last_publications_are_kept() -> None:
    state = State()
    every = [Publication(f"17000000{number:02}.000000", "", number) for number in range(1, RECENT + 4)]
    for one in every:
        state = state.with_publication(one)
    assert state.recent == tuple(reversed(every[3:]))
    assert len(state.recent) == RECENT


@pytest.mark.parametrize(
    ("pin", "withdrawn"),
    [
        (Pin(A), ()),
        (Pin(A, C, (B, C)), (B, C)),
        (Pin(A, C, (D,)), ()),
        (Pin(A, C, (D, B, "1600000000.5")), (B,)),
    ],
)
def test_a_pin_names_only_withdrawn_revisions_that_could_still_be_given(pin: Pin, withdrawn: tuple[str, ...]) -> None:
    expected = changed(FULL, pin=Pin(pin.timestamp, pin.until, withdrawn), pinned=SECOND, dropped=False)
    assert FULL.with_pin(pin, SECOND) == expected


def test_a_withdrawn_revision_with_a_label_is_remembered() -> None:
    state = changed(FULL, recent=(), labels={"staging": SECOND})
    made = state.with_pin(Pin(A, C, (B, C)), FIRST)
    assert made.pin == Pin(A, C, (B,))


def test_a_pin_is_removed() -> None:
    assert FULL.with_pin(None, None) == changed(FULL, pin=None, pinned=None, dropped=False)


@pytest.mark.parametrize(
    ("label", "one", "expected"),
    [
        ("tested", FIRST, {"staging": SECOND, "tested": FIRST}),
        ("staging", THIRD, {"staging": THIRD}),
        ("staging", None, {}),
        ("never", None, {"staging": SECOND}),
    ],
)
def test_a_label_is_set_moved_and_removed(
    label: str, one: Publication | None, expected: dict[str, Publication]
) -> None:
    assert FULL.with_label(label, one) == changed(FULL, labels=expected, dropped=False)


@pytest.mark.parametrize(
    ("gone", "left"), [([], [C, B, A]), ([A], [C, B]), ([A, C], [B]), ([D], [C, B, A]), ([A, B, C], [])]
)
def test_what_is_removed_is_no_longer_among_the_recent(gone: list[str], left: list[str]) -> None:
    made = FULL.without(gone)
    assert [one.timestamp for one in made.recent] == left
    assert made == changed(FULL, recent=made.recent, dropped=False)


def test_of_what_is_dropped_only_the_greatest_timestamp_is_left() -> None:
    assert FULL.emptied() == State(newest=THIRD, dropped=True)


@pytest.mark.parametrize("one", [FIRST, SECOND, THIRD], ids=["pinned", "labelled", "newest"])
def test_a_publication_is_found_by_its_timestamp(one: Publication) -> None:
    assert FULL.named(one.timestamp) == one
    assert changed(FULL, recent=()).named(one.timestamp) == one, "also if it is not a recent one"
    assert State(recent=(one,)).named(one.timestamp) == one
    assert FULL.named(D) is None
    assert State().named(A) is None


def test_the_next_entry_names_the_entry_of_each_publication() -> None:
    def settled(one: Publication) -> Publication:
        return Publication(one.timestamp, one.manifest, one.generation, ENTRY)

    state = State(FIRST, Pin(A), FIRST, {"a": FIRST, "b": SECOND}, (FIRST, SECOND), dropped=True, before=B)
    assert state.settled(1, ENTRY) == State(
        settled(FIRST), Pin(A), settled(FIRST), {"a": settled(FIRST), "b": SECOND}, (settled(FIRST), SECOND), True, B
    )
    assert state.settled(3, ENTRY) == state
    assert State().settled(1, ENTRY) == State()


def test_what_is_older_than_the_log_has_no_entry() -> None:
    state = State(newest=Publication(A), recent=(Publication(A),))
    assert state.settled(1, ENTRY) == state


def test_the_entry_of_a_publication_stays_what_it_was() -> None:
    one = Publication(A, "ab" * 32, 1, ENTRY)
    assert State(newest=one).settled(1, "f" * 64) == State(newest=one)
