"""Pins, rollbacks and labels on both roots: what they change, what they refuse, what they leave in the history."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B, C, D, label

from rezup_api.errors import NotFoundError, RemoteError, UsageError
from rezup_api.published.log import OutrunError
from rezup_api.selection.chooser import Chooser
from rezup_api.store.labels import PIN
from rezup_api.store.pin import Pin
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.studio import Studio

    from rezup_api.store.root import ContainerRoot


def here(studio: Studio) -> Chooser:
    remote = studio.remote if studio.there.path.exists() else None
    return Chooser(studio.here, remote, os.environ, studio.report)


def there(studio: Studio) -> Chooser:
    return Chooser(studio.here, studio.remote, os.environ, studio.report, remote=True)


def last(root: ContainerRoot) -> tuple[str, str, str, str]:
    act = root.acts()[0]
    return act.act, act.revision, act.previous, act.detail


def test_a_pin_holds_until_it_is_removed(studio: Studio) -> None:
    studio.build(A, B)
    change = here(studio).pin("~1", "b is slow")
    assert (change.revision, change.previous, change.where) == (A, B, "")
    assert studio.given() == A
    assert last(local_root(studio.here)) == ("pin", A, B, "")
    assert local_root(studio.here).acts()[0].message == "b is slow"
    studio.build(C)
    assert studio.given() == A
    assert here(studio).unpin().previous == A
    assert studio.given() == C
    assert last(local_root(studio.here)) == ("unpin", C, A, "")
    assert here(studio).unpin().previous == ""
    assert len(local_root(studio.here).acts()) == 2, "what changed nothing is no act"


def test_a_rollback_holds_until_there_is_something_new(studio: Studio) -> None:
    studio.build(A, B, C)
    assert here(studio).rollback().revision == B
    assert studio.given() == B
    assert here(studio).rollback().revision == A
    assert studio.given() == A
    assert last(local_root(studio.here)) == ("rollback", A, B, "")
    with pytest.raises(NotFoundError, match=f"no revision of dev before {A}"):
        here(studio).rollback()
    studio.build(D)
    assert studio.given() == D
    assert here(studio).rollback().revision == A, "what was taken back is passed over"
    assert studio.given() == A


def test_a_rollback_is_undone(studio: Studio) -> None:
    studio.build(A, B, C)
    undoes: list[Callable[[], object]] = [lambda: here(studio).rollback("latest"), lambda: here(studio).unpin()]
    for undo in undoes:
        here(studio).rollback(A)
        assert studio.given() == A
        undo()
        assert studio.given() == C
        assert local_root(studio.here).pin() is None


def test_what_is_pinned_is_rolled_back_for_good(studio: Studio) -> None:
    studio.build(A, B, C)
    here(studio).pin(B)
    change = here(studio).rollback()
    assert (change.revision, change.previous, change.pin) == (A, B, Pin(A))
    studio.build(D)
    assert studio.given() == A


def test_the_studio_moves_every_machine(studio: Studio) -> None:
    studio.build(D)
    studio.publish(A, B, C)
    change = there(studio).rollback(message="c crashes")
    assert (change.revision, change.previous, change.where) == (B, C, f" on {studio.there.root}")
    assert studio.given() == B
    assert studio.given(local=True) == D
    assert last(studio.remote) == ("rollback", B, C, "")
    assert not (studio.here.path / "history").exists()
    newer = studio.publish_next()
    assert studio.given() == newer
    there(studio).pin("~2")
    assert studio.given() == B
    there(studio).unpin()
    assert studio.given() == newer


def test_a_machine_differs_from_its_studio(studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    assert here(studio).rollback().where == " on this machine"
    assert studio.given() == A
    assert studio.told == [f"dev is rolled back to {A} on this machine; others get {B}"]
    studio.build(D)
    assert studio.given() == A, "a revision of this machine alone does not end it"
    studio.publish(C)
    assert studio.given() == C


def test_without_its_remote_root_a_machine_can_still_be_rolled_back(studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    assert studio.given() == B
    chooser = here(studio)
    studio.unmount()
    assert chooser.rollback().revision == A
    assert studio.given() == A


def test_labels_are_moved_and_removed(studio: Studio) -> None:
    studio.build(A, B)
    assert here(studio).tag(A, "staging").previous == ""
    assert here(studio).tag("latest", "staging").previous == A
    assert last(local_root(studio.here)) == ("tag", B, A, "staging")
    assert studio.given("staging") == B
    assert here(studio).untag("staging").revision == B
    assert last(local_root(studio.here)) == ("untag", B, "", "staging")
    with pytest.raises(NotFoundError, match="no label 'staging'"):
        here(studio).untag("staging")


def test_a_label_of_the_studio_is_that_of_the_studio(studio: Studio) -> None:
    studio.publish(A, B)
    label(studio.here, "tested", A)
    label(studio.there, "tested", B)
    assert there(studio).pin("tested").revision == B
    with pytest.raises(NotFoundError):
        there(studio).tag(D, "never")
    assert there(studio).tag(A, "tested").previous == B
    assert studio.given("tested") == A


@pytest.mark.parametrize("name", ["", "latest", "1st", ".pin", "../up", "a b"])
def test_what_is_no_label_is_refused(studio: Studio, name: str) -> None:
    studio.build(A)
    with pytest.raises(UsageError, match="is not a label"):
        here(studio).tag(A, name)
    with pytest.raises(UsageError, match="is not a label"):
        here(studio).untag(name)
    assert not (studio.here.path / "labels").exists()


def test_what_is_not_there_cannot_be_chosen(studio: Studio) -> None:
    acts: list[Callable[[], object]] = [lambda: here(studio).pin("latest"), lambda: here(studio).rollback()]
    for refused in acts:
        with pytest.raises(NotFoundError):
            refused()
    studio.build(A)
    for request in (B, "~1", "staging"):
        with pytest.raises(NotFoundError):
            here(studio).pin(request)
        with pytest.raises(NotFoundError):
            here(studio).rollback(request)
    assert os.listdir(studio.here.path) == ["revisions"]


def test_without_a_revision_it_is_the_one_that_use_gives(studio: Studio) -> None:
    studio.build(A, B)
    here(studio).rollback()
    assert here(studio).tag("", "tested").revision == A
    assert here(studio).pin("").revision == A
    assert here(studio).pin("current").revision == A
    studio.publish(A, B)
    assert there(studio).pin("").revision == B


def test_a_pin_to_what_was_rolled_back_from_is_warned_of(studio: Studio) -> None:
    studio.publish(A, B)
    there(studio).rollback(message="it is broken")
    there(studio).pin("latest")
    assert studio.told[-1] == f"dev@{B} is one that was rolled back from"


def test_a_damaged_pin_is_removed_or_replaced(studio: Studio) -> None:
    studio.build(A, B)
    ways: list[tuple[Callable[[], object], str]] = [(lambda: here(studio).unpin(), B), (lambda: here(studio).pin(A), A)]
    for mend, given in ways:
        label(studio.here, PIN, "nonsense")
        mend()
        assert studio.given() == given


def test_who_chooses_on_what_has_changed_is_told_so(studio: Studio) -> None:
    studio.publish(A, B)
    acts: list[Callable[[Chooser], object]] = [
        lambda chooser: chooser.pin(A),
        lambda chooser: chooser.rollback(),
        lambda chooser: chooser.tag(A, "staging"),
        lambda chooser: chooser.unpin(),
    ]
    there(studio).pin(B)
    for do in acts:
        root = studio.remote
        chooser = Chooser(studio.here, root, os.environ, studio.report, remote=True)
        assert root.pin() == Pin(B), "it has looked"
        there(studio).tag(B, "other")
        with pytest.raises(OutrunError):
            do(chooser)
    assert (studio.remote.pin(), studio.remote.labels()) == (Pin(B), {"other": B})


def test_an_unreadable_pin_that_is_removed_is_told_as_damaged(studio: Studio) -> None:
    studio.build(A, B)
    label(studio.here, PIN, "nonsense")
    change = here(studio).unpin()
    assert (change.damaged, change.previous, change.revision) == (True, "", B)
    assert not here(studio).unpin().damaged


@pytest.mark.parametrize("logged", [False, True])
def test_the_studio_goes_back_from_a_damaged_publication(studio: Studio, logged: bool) -> None:
    studio.publish(A)
    names = [A, *((studio.publish_next(), studio.publish_next()) if logged else (B, C))]
    if not logged:
        studio.publish(B, C)
    (studio.there.revisions / names[2] / "revision.json").write_bytes(b"")
    change = there(studio).rollback()
    assert (change.revision, change.previous) == (names[1], names[2])
    assert change.pin == Pin(names[1], names[2], (names[2],))
    assert studio.given() == names[1]
    assert there(studio).rollback().revision == A


@pytest.mark.parametrize("request_", ["~1", B])
def test_the_studio_is_pinned_past_a_damaged_publication(studio: Studio, request_: str) -> None:
    studio.publish(A, B, C)
    (studio.there.revisions / C / "revision.json").write_bytes(b"{")
    with pytest.raises(RemoteError, match="is damaged"):
        there(studio).pin(C)
    there(studio).pin(request_)
    assert studio.given() == B
    assert there(studio).unpin().previous == B
    assert there(studio).tag(A, "old").revision == A


def test_a_remote_root_that_is_away_is_an_error(studio: Studio) -> None:
    studio.publish(A, B)
    chooser = there(studio)
    studio.unmount()
    acts: list[Callable[[], object]] = [chooser.rollback, lambda: chooser.pin(A), chooser.unpin]
    for act in acts:
        with pytest.raises(RemoteError):
            act()


def test_a_container_that_is_not_there_has_no_pin_to_remove(studio: Studio) -> None:
    with pytest.raises(NotFoundError, match="there is no container dev"):
        here(studio).unpin()
    studio.build(A)
    assert here(studio).unpin().previous == ""
