"""A container that rezup 1.x, 2.x or an early rezup 3 has published, before there were logs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B, C, D, label

from rezup_api.errors import RemoteError
from rezup_api.published.manifest import MANIFEST
from rezup_api.published.published_state import RECENT, Publication, State
from rezup_api.published.unlogged_root import UnloggedRoot
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.labels import PIN
from rezup_api.store.pin import Pin

if TYPE_CHECKING:
    from tests.unit.studio import Studio


def unlogged(studio: Studio) -> UnloggedRoot:
    """The container under the remote root."""
    return UnloggedRoot(SharedFolder(studio.there.root), "dev")


def test_where_nothing_is_nothing_is_published(studio: Studio) -> None:
    assert unlogged(studio).newest() is None
    assert unlogged(studio).state() == State()


def test_the_newest_complete_revision_is_published(studio: Studio) -> None:
    studio.publish(A, B)
    (studio.there.revisions / C).mkdir()
    newest = unlogged(studio).newest()
    assert newest is not None
    assert (newest[0], newest[1].message) == (B, B)
    state = unlogged(studio).state()
    assert (state.newest, state.before) == (Publication(B), B)
    assert state.recent == (Publication(B), Publication(A))


@pytest.mark.parametrize("waiting", [A, B, C])
def test_a_revision_with_a_manifest_waits_for_its_entry(studio: Studio, waiting: str) -> None:
    studio.publish(A, B, C)
    (studio.there.revisions / waiting / MANIFEST).write_bytes(b"{}")
    newest = unlogged(studio).newest()
    assert newest is not None
    assert newest[0] == (B if waiting == C else C)
    assert unlogged(studio).state().newest == Publication(newest[0])


def test_the_pin_and_the_labels_go_on_to_count(studio: Studio) -> None:
    studio.publish(A, B, C)
    label(studio.there, PIN, f"{A}\n{C}\n{B}\n{C}")
    label(studio.there, "staging", B)
    label(studio.there, "gone", D)
    label(studio.there, "damaged", "nonsense")
    assert unlogged(studio).state() == State(
        newest=Publication(C),
        pin=Pin(A, C, (B, C)),
        pinned=Publication(A),
        labels={"gone": Publication(D), "staging": Publication(B)},
        recent=(Publication(C), Publication(B), Publication(A)),
        before=C,
    )


def test_a_damaged_pin_is_an_error_unless_it_is_replaced(studio: Studio) -> None:
    studio.publish(A)
    label(studio.there, PIN, "nonsense")
    with pytest.raises(RemoteError, match="does not hold a timestamp"):
        unlogged(studio).state()
    assert unlogged(studio).state(replaces_pin=True) == State(Publication(A), recent=(Publication(A),), before=A)


def test_of_many_revisions_the_last_are_named(studio: Studio) -> None:
    timestamps = [f"17000000{number:02}.000000" for number in range(10, 10 + RECENT + 5)]
    studio.publish(*timestamps)
    state = unlogged(studio).state()
    assert [one.timestamp for one in state.recent] == timestamps[::-1][:RECENT]
    assert state.before == timestamps[-1]


def test_a_share_that_is_away_is_an_error(studio: Studio) -> None:
    studio.publish(A)
    shutil.rmtree(studio.there.root)
    with pytest.raises(RemoteError, match="is not there"):
        unlogged(studio).state()
