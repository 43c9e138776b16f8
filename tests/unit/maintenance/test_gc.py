"""What a collection removes, what keeps a revision, and what is cleared with it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import label

from rezup_api.disk.flock import claim
from rezup_api.disk.staging import staged
from rezup_api.errors import RemoteError
from rezup_api.events import Event, Note, Warned, silent
from rezup_api.maintenance import gc
from rezup_api.maintenance.gc import STALE, Collector, collect_automatically, collect_published
from rezup_api.maintenance.holders import Holder, holders
from rezup_api.maintenance.retention import Policy
from rezup_api.published.log import OutrunError
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.history import new_act
from rezup_api.store.metadata import FORMAT
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.unit.maintenance.conftest import Make
    from tests.unit.studio import Studio

    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.revision import Revision

    Session = Callable[..., subprocess.Popen[str]]

A, B, C, D = (f"170000000{digit}.000000" for digit in range(1, 5))
KEEP_ONE = Policy(keep=1)


@pytest.fixture
def four(folder: ContainerFolder, make: Make) -> ContainerFolder:
    """A container with four revisions."""
    for timestamp in (A, B, C, D):
        make(timestamp, timestamp)
    return folder


def collector(folder: ContainerFolder, given: str | None = D, **named: str) -> Collector:
    """What collects there."""
    return Collector(folder, given, os.environ, silent, dict(named.items()))


def test_what_nobody_needs_goes_and_that_is_recorded(four: ContainerFolder) -> None:
    collected = collector(four).collect(KEEP_ONE)
    assert collected.gone == (C, B, A)
    assert four.timestamps() == [D]
    assert collected.bytes > 0
    (act,) = local_root(four).acts()
    assert (act.act, act.detail) == ("gc", f"{C} {B} {A}")
    assert sorted(os.listdir(four.path)) == ["history", "revisions"]
    assert collector(four).collect(KEEP_ONE).gone == ()
    assert len(local_root(four).acts()) == 1, "what does nothing is not recorded"


def test_a_dry_run_removes_nothing_and_says_the_same(four: ContainerFolder) -> None:
    planned = collector(four).collect(KEEP_ONE, dry_run=True)
    assert four.timestamps() == [D, C, B, A]
    assert local_root(four).acts() == []
    done = collector(four).collect(KEEP_ONE)
    assert (done.verdicts, done.bytes) == (planned.verdicts, planned.bytes)


@pytest.mark.parametrize("policy", [Policy(), Policy(keep=4), Policy(older_than="9000d")])
def test_without_a_reason_nothing_goes(four: ContainerFolder, policy: Policy) -> None:
    assert collector(four).collect(policy).gone == ()


def test_what_is_named_stays_and_says_by_whom(four: ContainerFolder) -> None:
    label(four, "staging", A)
    found = collector(four, given=C, approved=B).collect(KEEP_ONE)
    assert {verdict.timestamp: verdict.reason for verdict in found.verdicts} == {
        A: "labelled staging",
        B: "labelled approved",
        C: "what `use` gives",
        D: "the newest",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
@pytest.mark.parametrize("closed", [False, True], ids=["holds it", "is in it"])
def test_what_is_used_stays(four: ContainerFolder, session: Session, closed: bool) -> None:
    process = session(four.revisions / B, closed=closed)
    found = collector(four).collect(KEEP_ONE)
    assert found.gone == (C, A)
    assert next(verdict.reason for verdict in found.verdicts if verdict.timestamp == B) == "in use"
    process.kill()
    process.wait()
    assert collector(four).collect(KEEP_ONE).gone == (B,)


def test_what_somebody_holds_unseen_stays(four: ContainerFolder) -> None:
    """As on another host, whose processes nobody sees here."""
    held = claim(four.revisions / B / "revision.json")
    assert held is not None
    with held:
        assert collector(four).collect(KEEP_ONE, dry_run=True).gone == (C, A)
        assert collector(four).collect(KEEP_ONE).gone == (C, A)


def test_what_is_named_in_the_last_moment_stays(four: ContainerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def tag_after_the_first_look(revisions: list[Revision]) -> list[Holder]:
        looks.append(revisions)
        if len(looks) == 1:
            label(four, "late", A)
        return holders(revisions)

    monkeypatch.setattr(gc, "holders", tag_after_the_first_look)
    verdicts = {verdict.timestamp: verdict for verdict in collector(four).collect(KEEP_ONE).verdicts}
    assert verdicts[A].reason == "named just now"
    assert four.timestamps() == [D, A]


def test_what_is_of_a_newer_rezup_or_another_platform_is_not_ours_to_judge(folder: ContainerFolder, make: Make) -> None:
    make(A, format=FORMAT + 1)
    make(B, platform="windows-amd64")
    make(C, platform="windows-amd64")
    make(D)
    found = collector(folder).collect(KEEP_ONE)
    assert found.gone == (B,)
    assert {verdict.reason for verdict in found.verdicts if verdict.stays} == {
        "made by a newer rezup",
        "the newest for windows-amd64",
        "what `use` gives",
    }


@pytest.mark.parametrize(("age", "gone"), [(100, ()), (90_000, (B,))])
def test_what_is_incomplete_goes_after_a_day(
    *, folder: ContainerFolder, make: Make, age: float, gone: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(A)
    (folder.revisions / B).mkdir()
    later = time.time() + age
    monkeypatch.setattr(time, "time", lambda: later)
    assert collector(folder, given=A).collect(Policy()).gone == gone


@pytest.mark.parametrize(("age", "gone"), [(100, ()), (90_000, (B,))])
def test_what_is_damaged_goes_after_a_day(
    *, folder: ContainerFolder, make: Make, age: float, gone: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(A)
    (make(B) / "revision.json").write_bytes(b"")
    later = time.time() + age
    monkeypatch.setattr(time, "time", lambda: later)
    done = collector(folder, given=A).collect(Policy())
    assert done.gone == gone
    reason = "damaged" if gone else "damaged, and changed within a day"
    assert [one.reason for one in done.verdicts if one.timestamp == B] == [reason]


def test_what_cannot_be_read_is_not_taken_for_damaged(folder: ContainerFolder, make: Make) -> None:
    make(A)
    file = make(B) / "revision.json"
    file.unlink()
    file.mkdir()
    (verdict, _) = collector(folder, given=A).collect(Policy()).verdicts
    assert (verdict.stays, verdict.reason) == (True, "its metadata cannot be read")


def test_a_damaged_publication_does_not_keep_the_others(studio: Studio) -> None:
    studio.publish(A, B, C, D)
    for timestamp in (A, C):
        (studio.there.revisions / timestamp / "revision.json").write_bytes(b"")
    done = collect_published(studio.remote, Policy(keep=1), os.environ)
    assert [(one.timestamp, one.stays, one.reason) for one in done.verdicts] == [
        (D, True, "the newest"),
        (C, False, "damaged"),
        (B, False, "beyond the newest 1"),
        (A, False, "damaged"),
    ]
    assert studio.remote.timestamps() == [D]


def test_one_that_cannot_be_removed_is_told_and_the_others_go(
    four: ContainerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []
    rename = os.rename

    def refuse(source: object, target: object, **options: object) -> None:
        if str(source).endswith(B):
            raise PermissionError(13, "Permission denied")
        rename(source, target, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "rename", refuse)
    found = Collector(four, D, os.environ, events.append).collect(KEEP_ONE)
    assert found.gone == (C, A)
    (warning,) = (event.text for event in events if isinstance(event, Warned))
    assert warning.startswith(f"cannot remove dev@{B}: ")
    assert (four.revisions / B / "revision.json").is_file()


def test_what_killed_ones_left_is_cleared(four: ContainerFolder) -> None:
    old = four.path / "labels" / ".staging.0123456789abcdef"
    young, other = old.with_name(".prod.0123456789abcdef"), old.with_name(".hidden")
    old.parent.mkdir()
    for path in (old, young, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, time.time() - STALE - 1))
    (four.path / ".staging" / "half").mkdir(parents=True)
    collector(four).collect(Policy())
    assert sorted(path.name for path in old.parent.iterdir()) == [".hidden", ".prod.0123456789abcdef"]
    assert not (four.path / ".staging").exists()


@pytest.mark.parametrize(("keep", "said"), [(1, ["Removed 3 revisions that are no longer needed"]), (4, [])])
def test_by_itself_it_says_a_line(four: ContainerFolder, keep: int, said: list[str]) -> None:
    events: list[Event] = []
    collect_automatically(four, Policy(keep=keep), D, {}, environ=os.environ, report=events.append)
    assert [event.text for event in events if isinstance(event, Note)] == said


def test_where_nothing_can_be_written_nothing_happens(four: ContainerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    collect_automatically(four, KEEP_ONE, D, {}, environ=os.environ, report=silent)
    assert len(four.timestamps()) == 4


def test_a_build_under_way_is_left_alone(four: ContainerFolder) -> None:
    with staged(four.path) as stage:
        collector(four).collect(KEEP_ONE)
        assert stage.path.is_dir()


def test_of_what_is_published_what_the_policy_does_not_keep_goes_in_one_act(studio: Studio) -> None:
    first, second, third, fourth = (studio.publish_next() for _ in range(4))
    studio.remote.set_label("staging", second, new_act("tag", second, os.environ))
    assert collect_published(studio.remote, KEEP_ONE, os.environ, dry_run=True).gone == (third, first)
    assert studio.remote.timestamps() == [fourth, third, second, first]
    assert collect_published(studio.remote, KEEP_ONE, os.environ).gone == (third, first)
    assert studio.remote.timestamps() == [fourth, second]
    assert sorted(os.listdir(studio.there.revisions)) == [second, fourth]
    act = studio.remote.acts()[0]
    assert (act.act, act.detail) == ("gc", f"{third} {first}")
    assert collect_published(studio.remote, KEEP_ONE, os.environ).gone == ()
    assert studio.remote.acts()[0] == act, "what does nothing is not recorded"


def test_a_publication_whose_files_stay_is_not_said_to_be_gone(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: SharedFolder, name: str) -> None:
        raise RemoteError(f"{name} cannot be removed")

    first, second, third = (studio.publish_next() for _ in range(3))
    monkeypatch.setattr(SharedFolder, "delete_below", fail)
    done = collect_published(studio.remote, KEEP_ONE, os.environ)
    assert done.gone == ()
    assert [(one.timestamp, one.stays, one.reason) for one in done.verdicts] == [
        (third, True, "the newest"),
        (second, True, "its files cannot be removed"),
        (first, True, "its files cannot be removed"),
    ]
    assert studio.remote.timestamps() == [third, second, first], "they can be asked for as before"
    monkeypatch.undo()
    assert collect_published(studio.remote, KEEP_ONE, os.environ).gone == (second, first)
    assert studio.remote.timestamps() == [third]


def test_very_many_go_in_several_acts(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "MOST", 2)
    *old, newest = [studio.publish_next() for _ in range(6)]
    assert collect_published(studio.remote, KEEP_ONE, os.environ).gone == tuple(reversed(old))
    assert studio.remote.timestamps() == [newest]
    acts = [act.detail.split() for act in studio.remote.acts() if act.act == "gc"]
    assert acts == [[old[0]], [old[2], old[1]], [old[4], old[3]]]


def test_what_another_admin_labels_meanwhile_is_not_collected(studio: Studio) -> None:
    first, second = studio.publish_next(), studio.publish_next()
    slow = studio.remote
    assert slow.timestamps() == [second, first]
    studio.remote.set_label("staging", first, new_act("tag", first, os.environ))
    with pytest.raises(OutrunError):
        collect_published(slow, KEEP_ONE, os.environ)
    assert studio.remote.timestamps() == [second, first]
    assert collect_published(studio.remote, KEEP_ONE, os.environ).gone == ()


def test_caches_that_cannot_be_listed_do_not_undo_what_went(
    four: ContainerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    told: list[Event] = []
    monkeypatch.setattr(gc, "prune", refuse)
    done = Collector(four, D, os.environ, told.append).collect(KEEP_ONE)
    assert done.gone == (C, B, A)
    assert [event.text for event in told if isinstance(event, Warned)] == [
        "some caches are not cleaned up: [Errno 13] Permission denied"
    ]
    assert "gc" in {act.act for act in local_root(four).acts()}
