"""What stands in for a remote root that cannot be asked, and that it is said."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B, C, D, act, label

from rezup_api.errors import RemoteError
from rezup_api.selection.selector import fallback
from rezup_api.store.labels import PIN
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from tests.unit.studio import Studio


@pytest.mark.parametrize(
    ("named", "pulled", "expected"),
    [
        (None, [], None),
        (None, [C, A], C),
        (B, [], None),
        (B, [C, B, A], B),
        (B, [C, A], A),
        (B, [C], None),
        ("1700000002.0000005", ["1700000002.000001", B], B),
    ],
)
def test_what_may_stand_in(named: str | None, pulled: list[str], expected: str | None) -> None:
    assert fallback(named, pulled) == expected


@pytest.mark.parametrize(
    ("named", "withdrawn", "expected"), [(None, {C}, B), (C, {B}, C), (C, {C}, C), (D, {C, B}, A), (D, {A, B, C}, None)]
)
def test_what_was_taken_back_does_not_stand_in(named: str | None, withdrawn: set[str], expected: str | None) -> None:
    assert fallback(named, [C, B, A], withdrawn) == expected


def test_what_was_taken_back_stays_so_when_there_is_something_newer(studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    label(studio.there, PIN, f"{A}\n{B}\n{B}")
    assert studio.given() == A
    studio.publish(C)
    assert studio.given() == C
    assert studio.selector().stand_in(C) == A
    studio.unmount()
    assert studio.given() == A, "it has named C, which is not here, and B was taken back"


def test_without_the_remote_root_what_it_named_last(studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    studio.build(C)
    label(studio.there, PIN, A)
    assert studio.given() == A
    studio.unmount()
    for _ in range(2):
        assert studio.given() == A, "B was rolled back, C was never published"
    text = f"the remote root {studio.there.root} is not there; taking dev@{A}, which is on this machine"
    assert studio.told == [text] * 2
    for strict, local in ((True, False), (True, True)):
        if local:
            assert studio.given(strict=strict, local=local) == C
        else:
            with pytest.raises(RemoteError, match="is not there"):
                studio.given(strict=strict)


def test_without_the_remote_root_an_older_one_where_that_was_not_built(studio: Studio) -> None:
    studio.publish(A, B)
    studio.given()
    studio.pull(A, C)
    studio.unmount()
    assert studio.given() == A
    shutil.rmtree(studio.here.revisions / A)
    with pytest.raises(RemoteError) as error:
        studio.given()
    assert "--local" in error.value.hint


def test_what_the_remote_root_named_counts_whoever_built_it(studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A)
    studio.build(B)  # as rezup 2.x did, which did not write down where from
    assert studio.given() == B
    studio.unmount()
    assert studio.given() == B


def test_without_the_remote_root_a_pin_holds(studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    studio.given()
    label(studio.here, PIN, A)
    studio.unmount()
    assert studio.given() == A
    assert len(studio.told) == 1
    label(studio.here, PIN, C)
    with pytest.raises(RemoteError):
        studio.given()


def test_without_the_remote_root_requests_mean_what_is_here(studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    studio.given()
    label(studio.here, "mine", A)
    label(studio.there, "theirs", A)
    studio.unmount()
    assert [studio.given(request) for request in ("mine", "latest", "~1", A[:10])] == [A, B, A, A]
    assert len(studio.told) == 4
    for request in ("theirs", "~2", C, "16"):
        with pytest.raises(RemoteError, match="is not there"):
            studio.given(request)


@pytest.mark.parametrize(("message", "why"), [("", ""), ("use prod", " (use prod)")])
def test_a_container_that_was_dropped_is_not_an_empty_mount_point(studio: Studio, message: str, why: str) -> None:
    published = studio.publish_next()
    studio.pull(published)
    studio.build(A)
    assert studio.given() == published
    dropped = act("drop", "", message)
    studio.remote.drop(dropped)
    text = f"{dropped.who} has dropped dev from {studio.there.root}{why}; taking what is on this machine"
    assert studio.given() == published
    assert studio.told == [text]
    assert studio.given(strict=True) == published
    local_root(studio.here).forget_published()
    studio.told.clear()
    assert studio.given() == published
    assert studio.told == [], "whoever has seen nothing of it misses nothing"
    newer = studio.publish_next()
    assert studio.given() == newer


def test_an_empty_mount_point_is_not_a_studio_without_containers(studio: Studio) -> None:
    studio.publish(A)
    studio.pull(A)
    studio.build(B)
    assert studio.given() == A
    shutil.rmtree(studio.there.path)
    assert studio.given() == A
    assert studio.told == [
        f"the remote root {studio.there.root} has no container dev any more; taking dev@{A}, which is on this machine"
    ]
    with pytest.raises(RemoteError, match="has no container dev any more"):
        studio.given(strict=True)
