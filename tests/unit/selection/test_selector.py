"""Which revision is given: pins, labels, and what is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B, C, D, label

from rezup_api.errors import NotFoundError, RemoteError, StorageError
from rezup_api.store.labels import LABELS, PIN, PUBLISHED
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from tests.unit.studio import Studio


@dataclass(frozen=True)
class Case:
    """A situation, and what `use dev` then gives: with a remote root, and with `--local`."""

    given: str | None
    local: str | None
    built: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    pin: str = ""
    studio_pin: str = ""
    warned: str = ""


CASES = {
    "nothing at all": Case(None, None),
    "only here": Case(B, B, built=(A, B)),
    "only there": Case(B, None, published=(A, B)),
    "there is newer": Case(C, A, built=(A,), published=(B, C)),
    "here is newer": Case(A, B, built=(B,), published=(A,)),
    "studio pin": Case(A, B, built=(B,), published=(A, B), studio_pin=A),
    "local pin": Case(A, A, built=(A, B), pin=A),
    "local pin before what is published": Case(A, A, built=(A,), published=(B,), pin=A, warned=B),
    "local pin before the studio's": Case(A, A, built=(A,), published=(B, C), pin=A, studio_pin=B, warned=B),
    "equal pins": Case(A, A, built=(A,), published=(A, B), pin=A, studio_pin=A),
    "local pin to what is the newest": Case(B, B, built=(B,), published=(A, B), pin=B),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_use_gives(studio: Studio, case: Case) -> None:
    studio.build(*case.built)
    studio.publish(*case.published)
    for folder, pin in ((studio.here, case.pin), (studio.there, case.studio_pin)):
        if pin:
            label(folder, PIN, pin)
    assert studio.given(local=True) == case.local
    assert studio.told == []
    for _ in range(2):
        assert studio.given() == case.given
    expected = f"dev is pinned to {case.pin} on this machine; others get {case.warned}"
    assert studio.told == ([expected] * 2 if case.warned else []), "on every launch"


def test_what_is_published_is_described(studio: Studio) -> None:
    studio.publish(A, B)
    selection = studio.selector().select()
    assert selection is not None
    assert selection.published is not None
    assert selection.published.message == B


def test_what_is_not_ready_is_passed_over(studio: Studio) -> None:
    studio.publish(A)
    (studio.there.revisions / B).mkdir()
    assert studio.given() == A
    assert studio.given("latest") == A
    with pytest.raises(NotFoundError):
        studio.given(B)
    studio.build(C)
    (studio.here.revisions / D).mkdir()
    assert studio.given(local=True) == C


def test_a_local_pin_to_what_is_only_published_is_to_be_built(studio: Studio) -> None:
    studio.publish(A, B)
    label(studio.here, PIN, A)
    selection = studio.selector().select()
    assert selection is not None
    assert selection.timestamp == A
    assert selection.published is not None


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_pin_to_what_is_gone_is_one_clear_error(studio: Studio, where: str) -> None:
    studio.publish(A)
    studio.build(A)
    label(studio.here if where == "here" else studio.there, PIN, B)
    with pytest.raises(NotFoundError) as error:
        studio.given()
    assert error.value.message.startswith(f"dev is pinned to {B} on ")
    assert error.value.hint == "see what there is: rezup status dev"
    assert studio.given(A) == A, "that is asked for by its name"


def test_a_local_pin_holds_whatever_the_studio_is_pinned_to(studio: Studio) -> None:
    studio.publish(A)
    studio.pull(A)
    label(studio.here, PIN, A)
    label(studio.there, PIN, D)
    assert studio.given() == A
    assert studio.given("~0") == A


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_pin_that_is_damaged_names_its_file(studio: Studio, where: str) -> None:
    studio.publish(A)
    studio.build(A)
    folder = studio.here if where == "here" else studio.there
    label(folder, PIN, "the good one")
    with pytest.raises((StorageError, RemoteError), match="does not hold a timestamp") as error:
        studio.given(strict=True)
    assert str(folder.path / LABELS / PIN) in error.value.message


def test_labels_are_looked_for_here_then_there(studio: Studio) -> None:
    studio.publish(A, B, C)
    studio.build(A, D)
    label(studio.there, "staging", A)
    assert studio.given("staging") == A
    label(studio.there, "staging", B)
    assert studio.given("staging") == B
    label(studio.here, "staging", D)
    assert studio.given("staging") == D
    assert studio.given("staging", local=True) == D
    label(studio.here, "staging", C)
    assert studio.given("staging") == C, "it is published, and will be built"
    with pytest.raises(NotFoundError, match="cannot be entered here"):
        studio.given("staging", local=True)


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_label_of_what_is_gone_is_one_clear_error(studio: Studio, where: str) -> None:
    studio.publish(A)
    label(studio.here if where == "here" else studio.there, "staging", B)
    with pytest.raises(NotFoundError) as error:
        studio.given("staging")
    assert error.value.message.startswith(f"dev@staging is {B} ")
    assert error.value.hint == "see what there is: rezup status dev"


def test_a_label_that_nobody_set(studio: Studio) -> None:
    studio.publish(A)
    with pytest.raises(NotFoundError, match="dev has no revision or label 'staging'"):
        studio.given("staging")


def test_steps_back_are_counted_from_what_use_gives(studio: Studio) -> None:
    studio.publish(A, B, D)
    studio.build(C)
    assert [studio.given(f"~{steps}") for steps in range(3)] == [D, B, A], "C is not one that `use` chooses among"
    assert [studio.given(word) for word in ("current", "latest")] == [D, D]
    label(studio.there, PIN, B)
    assert [studio.given(word) for word in ("current", "latest")] == [B, D]
    assert studio.given("~1") == A
    label(studio.here, PIN, C)
    assert studio.given("~1") == B
    assert [studio.given(word) for word in ("current", "latest")] == [C, D]
    assert studio.given("latest", local=True) == C


def test_words_mean_the_same_offline(studio: Studio) -> None:
    studio.publish(A, B, D)
    studio.pull(A, B)
    studio.build(C)
    label(studio.there, PIN, B)
    assert studio.given() == B
    studio.unmount()
    assert [studio.given(word) for word in ("current", "latest", "~1")] == [B, B, A]


def test_a_complete_timestamp_that_is_here_asks_nobody(studio: Studio) -> None:
    studio.build(A)
    studio.unmount()
    assert studio.given(A) == A
    assert studio.given(A, strict=True) == A
    assert studio.told == []
    assert local_root(studio.here).label(PUBLISHED) is None


def test_what_the_remote_root_named_is_kept_in_mind(studio: Studio) -> None:
    studio.build(A)
    assert studio.given() == A
    assert local_root(studio.here).label(PUBLISHED) is None, "it named nothing"
    studio.publish(B)
    studio.given(local=True)
    assert local_root(studio.here).label(PUBLISHED) is None, "it was not asked"
    for _ in range(2):
        studio.given()
        assert local_root(studio.here).label(PUBLISHED) == B
    label(studio.there, PIN, B)
    studio.publish(C)
    studio.given()
    assert local_root(studio.here).label(PUBLISHED) == B
    label(studio.here, PIN, A)
    label(studio.there, PIN, C)
    studio.given()
    assert local_root(studio.here).label(PUBLISHED) == C, "also where this machine goes its own way"
