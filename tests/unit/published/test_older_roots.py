"""Roots on which rezup 1.x, 2.x or an early rezup 3 has published: read as before, until the first act begins their log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.published.logs import logged
from tests.unit.studio import RECIPE, A, B, C, D, act, label, publish

from rezup_api.errors import RemoteError
from rezup_api.published.log import OutrunError
from rezup_api.published.manifest import MANIFEST
from rezup_api.published.published_root import PublishedRoot
from rezup_api.store.labels import PIN
from rezup_api.store.metadata import Metadata
from rezup_api.store.pin import Pin

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.studio import Studio


def test_what_rezup_2_published_is_read(studio: Studio) -> None:
    path = studio.there.revisions / "1795227415.0140116"
    path.mkdir(parents=True)
    (path / "rezup.toml").write_text(RECIPE, encoding="utf-8")
    (path / "revision.json").write_text(
        '{"rezup_version": "2.6.0", "creator": "bo", "venvs": ["rez"]}', encoding="utf-8"
    )
    newest = studio.remote.newest()
    assert newest is not None
    assert newest[0] == "1795227415.0140116"
    assert (newest[1].format, newest[1].rezup_version, newest[1].creator) == (0, "2.6.0", "bo")
    assert studio.remote.recipe(newest[0]) == RECIPE


def older(studio: Studio) -> None:
    """Have three revisions, a rollback and labels as they were before there was a log."""
    studio.publish(A, B, C)
    (studio.there.revisions / A / "pylock.rez.toml").write_text("lock", encoding="utf-8")
    label(studio.there, PIN, f"{A}\n{C}\n{B}\n{C}")
    label(studio.there, "staging", B)


def shown(root: PublishedRoot) -> tuple[Any, ...]:
    """What a reader gets."""
    newest = root.newest()
    return (
        root.exists(),
        root.timestamps(),
        newest[0] if newest is not None else "",
        root.pin(),
        root.labels(),
        [root.metadata(one) for one in (A, B, C)],
        [root.files(one) for one in (A, B, C)],
        root.locks(A),
        root.named(),
    )


OLD_ACTS: dict[str, Callable[[PublishedRoot], object]] = {
    "tag": lambda root: root.set_label("tested", A, act("tag", A)),
    "untag": lambda root: root.set_label("staging", "", act("untag", B)),
    "pin": lambda root: root.set_pin(Pin(B), act("pin", B)),
    "unpin": lambda root: root.set_pin(None, act("unpin", C)),
    "publish": publish,
    "gc": lambda root: root.remove([B], act("gc")),
}


def test_a_root_without_a_log_is_read_as_before(studio: Studio) -> None:
    older(studio)
    assert shown(studio.remote) == (
        True,
        [C, B, A],
        C,
        Pin(A, C, (B, C)),
        {"staging": B},
        [Metadata(1, "3", message=one) for one in (A, B, C)],
        [["pylock.rez.toml", "revision.json", "rezup.toml"], *[["revision.json", "rezup.toml"]] * 2],
        {"pylock.rez.toml": "lock"},
        {A: ["rolled back to"], B: ["labelled staging"]},
    )
    assert sorted(os.listdir(studio.there.path)) == ["labels", "revisions"], "to read begins no log"


@pytest.mark.parametrize("name", OLD_ACTS)
def test_the_first_act_begins_the_log_and_what_was_there_goes_on_to_count(studio: Studio, name: str) -> None:
    older(studio)
    before = shown(studio.remote)
    OLD_ACTS[name](studio.remote)
    after = studio.remote
    (entry,) = logged(studio.there.root)
    assert (entry.generation, entry.act.act, entry.state.before) == (1, name, C)
    new = [one for one in after.timestamps() if one not in (A, B, C)]
    assert len(new) == (1 if name == "publish" else 0)
    assert after.timestamps() == [*new, C, *([B] if name != "gc" else []), A]
    assert after.pin() == {"pin": Pin(B), "unpin": None}.get(name, Pin(A, C, (B, C)))
    assert after.labels() == {"tag": {"staging": B, "tested": A}, "untag": {}}.get(name, {"staging": B})
    assert after.metadata(A) == Metadata(1, "3", message=A)
    assert after.locks(A) == {"pylock.rez.toml": "lock"}
    assert shown(after)[5][0] == before[5][0]
    newest = after.newest()
    assert newest is not None
    assert newest[0] == (new[0] if new else C)


def test_once_there_is_a_log_the_files_of_labels_no_longer_count(studio: Studio) -> None:
    older(studio)
    studio.remote.set_label("staging", C, act("tag", C))
    label(studio.there, "staging", A)
    label(studio.there, "other", A)
    label(studio.there, PIN, B)
    assert studio.remote.labels() == {"staging": C}
    assert studio.remote.pin() == Pin(A, C, (B, C))


def test_what_rezup_2_publishes_beside_a_log_is_not_published(studio: Studio) -> None:
    older(studio)
    studio.remote.set_pin(None, act("unpin"))
    studio.publish(D)
    assert studio.remote.timestamps() == [C, B, A]
    assert studio.given() == C
    newer = studio.publish_next()
    assert studio.remote.timestamps() == [newer, C, B, A]


def test_a_damaged_pin_of_a_root_without_a_log_can_be_replaced(studio: Studio) -> None:
    older(studio)
    label(studio.there, PIN, "nonsense")
    with pytest.raises(RemoteError, match="does not hold a timestamp"):
        studio.remote.set_label("tested", A, act("tag"))
    with pytest.raises(RemoteError, match="does not hold a timestamp"):
        publish(studio.remote)
    studio.remote.set_pin(Pin(B), act("pin", B))
    assert (studio.remote.pin(), studio.remote.labels()) == (Pin(B), {"staging": B})


def test_old_acts_are_in_the_history_beside_the_new_ones(studio: Studio) -> None:
    studio.publish(A)
    old = act("pin", A, "long ago")
    super(PublishedRoot, studio.remote).record(old)
    new = studio.publish_next()
    assert [(one.act, one.revision) for one in studio.remote.acts()] == [("publish", new), ("pin", A)]
    assert [(one.act, one.revision) for one in studio.remote.history()] == [("publish", new), ("pin", A), ("add", A)]


def test_two_who_begin_the_log_of_an_old_root_begin_one(studio: Studio) -> None:
    older(studio)
    slow, fast = studio.remote, studio.remote
    assert slow.timestamps() == fast.timestamps()
    fast.set_label("tested", A, act("tag", A))
    with pytest.raises(OutrunError):
        slow.set_label("tested", B, act("tag", B))
    assert studio.remote.labels() == {"staging": B, "tested": A}
    assert len(logged(studio.there.root)) == 1


def test_a_launch_looks_at_the_files_of_a_root_without_a_log(studio: Studio) -> None:
    older(studio)
    witness = studio.remote.offer_witness([PIN], A)
    assert witness is not None
    there = studio.there.path
    assert set(witness.files) == {
        *(there / "revisions", there / "labels" / PIN, there / "log"),
        *(there / "revisions" / one / "revision.json" for one in (A, C)),
    }
    (there / "revisions" / D).mkdir()
    assert studio.remote.offer_witness([PIN], A) is None, "it may become complete without a change to its folder"


def test_a_folder_without_an_entry_is_not_published_in_a_root_without_a_log_either(studio: Studio) -> None:
    studio.publish(A, B)
    (studio.there.revisions / B / MANIFEST).write_bytes(b"{}")
    assert studio.given() == A
    newer = studio.publish_next()
    assert studio.remote.timestamps() == [newer, A]
