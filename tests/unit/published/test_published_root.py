"""A container on a remote root: what is published, pinned, labelled, removed and dropped there, and what is read of it."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.published.logs import METADATA, logged, seen
from tests.unit.studio import RECIPE, A, act, publish, remote_dev

from rezup_api.errors import InstallError, NotFoundError, RemoteError
from rezup_api.published.manifest import MANIFEST
from rezup_api.store.labels import PIN
from rezup_api.store.names import timestamp_order
from rezup_api.store.pin import Pin
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.unit.studio import Studio

    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.store.history import Act

# A moment by which another machine's clock may be ahead.
SOON = int(time.time()) + 80_000


def told(root: Path) -> list[tuple[str, str]]:
    """The acts in the history with their revisions, newest first."""
    return [(one.act, one.revision) for one in seen(root).acts()]


def test_what_is_published_is_read_again(root: Path) -> None:
    remote = seen(root)
    timestamp = publish(remote)
    for reader in (remote, seen(root)):
        assert list_containers(reader.storage) == ["dev"]
        assert reader.exists()
        assert reader.timestamps() == [timestamp]
        assert reader.metadata(timestamp) == METADATA
        assert reader.recipe(timestamp) == RECIPE
        assert reader.newest() == (timestamp, METADATA)
        assert reader.dropped() is None
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    folder = f"dev/revisions/{timestamp}"
    assert found == [
        "dev/log/1.json",
        "dev/pointer",
        *(f"{folder}/{name}" for name in ("manifest.json", "revision.json", "rezup.toml")),
    ]
    assert sorted(os.listdir(root / "dev")) == ["log", "pointer", "revisions"]


def test_what_was_never_published_is_not_there(root: Path) -> None:
    remote = seen(root)
    assert list_containers(remote.storage) == []
    assert not remote.exists()
    assert remote.timestamps() == []
    assert remote.metadata("1.5") is None
    assert remote.newest() is None
    assert (remote.pin(), remote.labels(), remote.acts(), remote.dropped()) == (None, {}, [], None)
    with pytest.raises(RemoteError, match=r"rezup\.toml is not there"):
        remote.recipe("1.5")
    assert os.listdir(root) == []


def test_a_new_one_is_greater_than_all_there_and_than_the_one_named(root: Path) -> None:
    remote = seen(root)
    first = publish(remote)
    later = publish(remote, f"{SOON}.5")
    latest = publish(remote, first)
    assert [later, latest] == [f"{SOON}.500001", f"{SOON}.500002"]


def test_all_that_belongs_to_a_revision_is_published(root: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "a-1.whl"
    wheel.write_bytes(bytes(range(256)) * 10_000)
    timestamp = publish(seen(root), more={"pylock.rez.toml": b"lock", "wheels/a-1.whl": wheel, "wheels/b-1.whl": b"PK"})
    remote = seen(root)
    assert remote.files(timestamp) == ["pylock.rez.toml", "revision.json", "rezup.toml"]
    assert remote.locks(timestamp) == {"pylock.rez.toml": "lock"}
    assert remote.wheels(timestamp) == ["a-1.whl", "b-1.whl"]
    assert remote.text(timestamp, "pylock.tool.toml") is None
    assert remote.fetch_wheel(timestamp, "a-1.whl", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == wheel.read_bytes()
    assert not remote.fetch_wheel(timestamp, "c-1.whl", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_publication_is_an_act_in_the_history(root: Path) -> None:
    first = publish(seen(root), message="for all")
    second = publish(seen(root))
    assert told(root) == [("publish", second), ("publish", first)]
    acts = seen(root).history()
    assert [one.message for one in acts] == ["", "for all"], "each is told of once"


def test_what_is_still_being_copied_there_is_not_published(root: Path) -> None:
    """rsync and rezup 2.x make the folder before the metadata; whole or not, only the log says what is published."""
    timestamp = publish(seen(root))
    (root / "dev" / "revisions" / f"{SOON}.5").mkdir()
    (root / "dev" / "revisions" / f"{SOON}.6").touch()
    shutil.copytree(root / "dev" / "revisions" / timestamp, root / "dev" / "revisions" / f"{SOON}.7")
    remote = seen(root)
    assert remote.timestamps() == [timestamp]
    assert remote.newest() == (timestamp, METADATA)
    assert remote.metadata(f"{SOON}.7") is None
    assert remote.publication(f"{SOON}.7") is None
    with pytest.raises(NotFoundError, match=rf"dev@{SOON}\.7 is not published"):
        remote.set_label("staging", f"{SOON}.7", act("tag"))
    with pytest.raises(NotFoundError):
        remote.set_pin(Pin(f"{SOON}.7"), act("pin"))
    assert publish(remote) == f"{SOON}.700001", "a new one is greater all the same"


@pytest.mark.parametrize("name", ["revision.json", "rezup.toml", "pylock.rez.toml", "wheels/a-1.whl", MANIFEST])
@pytest.mark.parametrize("content", [b"", b'{"creator": "\xff"}', None])
def test_a_file_that_is_not_the_published_one_is_refused_with_its_path(
    root: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    timestamp = publish(seen(root), more={"pylock.rez.toml": b"lock", "wheels/a-1.whl": b"PK"})
    path = root / "dev" / "revisions" / timestamp / name
    if content is None:
        path.write_bytes(path.read_bytes().replace(b"e", b"E") + b" ")
    else:
        path.write_bytes(content)
    ask: dict[str, Callable[[], object]] = {
        "revision.json": seen(root).newest,
        "rezup.toml": lambda: seen(root).recipe(timestamp),
        "pylock.rez.toml": lambda: seen(root).locks(timestamp),
        "wheels/a-1.whl": lambda: seen(root).fetch_wheel(timestamp, "a-1.whl", tmp_path / "copy"),
        MANIFEST: seen(root).newest,
    }
    # What is damaged of a revision that `use` chooses is as if the share did not answer; the rest only keeps it from being built.
    error = RemoteError if name in ("revision.json", MANIFEST) else InstallError
    with pytest.raises(error) as caught:
        ask[name]()
    assert caught.value.message == f"{path} is not the file that was published"
    assert "publish again" in caught.value.hint
    second = publish(seen(root))
    assert seen(root).newest() == (second, METADATA), "to publish again helps"


def test_a_wheel_that_was_added_is_refused(root: Path, tmp_path: Path) -> None:
    timestamp = publish(seen(root))
    (root / "dev" / "revisions" / timestamp / "wheels").mkdir()
    (root / "dev" / "revisions" / timestamp / "wheels" / "evil-1.whl").write_bytes(b"PK")
    assert seen(root).wheels(timestamp) == []
    with pytest.raises(InstallError, match="is not the file that was published"):
        seen(root).fetch_wheel(timestamp, "evil-1.whl", tmp_path / "copy")


def test_a_newest_revision_that_has_lost_its_files_is_an_error(root: Path) -> None:
    first = publish(seen(root))
    second = publish(seen(root))
    shutil.rmtree(root / "dev" / "revisions" / second)
    with pytest.raises(RemoteError, match=f"dev@{second} on {root} has lost its files") as caught:
        seen(root).newest()
    assert "publish again" in caught.value.hint
    assert seen(root).metadata(first) == METADATA


def test_a_pin_holds_until_it_is_removed(root: Path) -> None:
    first, second = publish(seen(root)), publish(seen(root))
    remote = seen(root)
    remote.set_pin(Pin(first), act("pin", first, "why"))
    for reader in (remote, seen(root)):
        assert reader.pin() == Pin(first)
        assert reader.named() == {first: ["pinned"]}
    assert seen(root).newest() == (second, METADATA)
    third = publish(seen(root))
    assert seen(root).pin() == Pin(first), "a publication does not touch it"
    seen(root).set_pin(None, act("unpin", third))
    assert seen(root).pin() is None
    assert told(root) == [
        ("unpin", third),
        ("publish", third),
        ("pin", first),
        ("publish", second),
        ("publish", first),
    ]
    assert sorted(os.listdir(root / "dev")) == ["log", "pointer", "revisions"], "there are no other files"


def test_a_rollback_knows_what_was_withdrawn(root: Path) -> None:
    first, second, third = (publish(seen(root)) for _ in range(3))
    pin = Pin(first, third, (second, third))
    seen(root).set_pin(pin, act("rollback", first))
    assert seen(root).pin() == pin
    fourth = publish(seen(root))
    kept = seen(root).pin()
    assert kept == pin
    assert not kept.holds(fourth), "it has ended, and still says what was withdrawn"
    seen(root).remove([second], act("gc"))
    seen(root).set_pin(Pin(first, fourth, (second, third, fourth)), act("rollback", first))
    assert seen(root).pin() == Pin(first, fourth, (third, fourth)), "what is gone could not be given anyway"


def test_labels_are_set_moved_and_removed(root: Path) -> None:
    first, second = publish(seen(root)), publish(seen(root))
    for name, timestamp in (("tested", first), ("staging", first), ("staging", second)):
        seen(root).set_label(name, timestamp, act("tag", timestamp))
    assert seen(root).labels() == {"staging": second, "tested": first}
    assert list(seen(root).labels()) == ["staging", "tested"]
    assert (seen(root).label("staging"), seen(root).label("never")) == (second, None)
    seen(root).set_label("staging", "", act("untag", second))
    assert seen(root).labels() == {"tested": first}
    publish(seen(root))
    assert seen(root).labels() == {"tested": first}


def test_one_object_can_act_many_times(root: Path) -> None:
    remote = seen(root)
    first = publish(remote)
    remote.set_label("a", first, act("tag", first))
    second = publish(remote)
    remote.set_pin(Pin(second), act("pin", second))
    remote.remove([first], act("gc"))
    assert (remote.timestamps(), remote.labels(), remote.pin()) == ([second], {"a": first}, Pin(second))
    assert [entry.generation for entry in logged(root)] == [1, 2, 3, 4, 5]


def test_what_is_removed_is_no_longer_published(root: Path) -> None:
    first, second, third = (publish(seen(root)) for _ in range(3))
    seen(root).remove([first, second], act("gc"))
    remote = seen(root)
    assert remote.timestamps() == [third]
    assert (remote.metadata(first), remote.publication(second)) == (None, None)
    assert remote.newest() == (third, METADATA)
    assert os.listdir(root / "dev" / "revisions") == [third]
    assert logged(root)[-1].removed == (first, second)


def test_an_object_that_has_removed_a_revision_knows_it(root: Path) -> None:
    first, second = publish(seen(root)), publish(seen(root))
    remote = seen(root)
    assert remote.publication("1600000000.5") is None, "it has looked through all that is published"
    remote.remove([first], act("gc"))
    assert (remote.publication(first), remote.metadata(first)) == (None, None)
    assert remote.timestamps() == [second]


def test_files_that_were_not_removed_are_left_to_the_next_cleanup(root: Path, tmp_path: Path) -> None:
    first, second = publish(seen(root)), publish(seen(root))
    shutil.copytree(root / "dev" / "revisions" / first, tmp_path / "kept")
    seen(root).remove([first], act("gc"))
    shutil.copytree(tmp_path / "kept", root / "dev" / "revisions" / first)
    assert seen(root).newest() == (second, METADATA)
    assert seen(root).timestamps() == [second, first]
    seen(root).remove([first], act("gc"))
    assert seen(root).timestamps() == [second]
    assert os.listdir(root / "dev" / "revisions") == [second]


def test_what_is_dropped_is_gone_and_can_be_added_again(root: Path) -> None:
    first = publish(seen(root), f"{SOON}.5")
    seen(root).set_label("staging", first, act("tag", first))
    seen(root).set_pin(Pin(first), act("pin", first))
    gone = act("drop", "", "no longer needed")
    remote = seen(root)
    remote.drop(gone)
    for reader in (remote, seen(root)):
        assert reader.dropped() == gone
        assert not reader.exists()
        assert (reader.timestamps(), reader.newest(), reader.pin(), reader.labels()) == ([], None, None, {})
        assert reader.metadata(first) is None
        assert list_containers(reader.storage) == []
    assert sorted(os.listdir(root / "dev")) == ["log", "pointer"]
    second = publish(seen(root))
    assert timestamp_order(second) > timestamp_order(first), "so that it is newer for each machine that had the first"
    assert (seen(root).dropped(), seen(root).timestamps()) == (None, [second])
    assert seen(root).exists()
    assert told(root)[:2] == [("publish", second), ("drop", "")]
    assert len({entry.log for entry in logged(root)}) == 1, "it is the same log"


def test_a_timestamp_is_greater_than_all_that_there_ever_were(root: Path) -> None:
    publish(seen(root), f"{SOON}.5")
    ahead = publish(seen(root))
    shutil.rmtree(root / "dev" / "revisions" / ahead)
    assert ahead == f"{SOON}.500002"
    assert publish(seen(root)) == f"{SOON}.500003", "although nothing in the folder says so"


@pytest.mark.parametrize("is_dropped", [True, False])
def test_a_launch_looks_at_the_stamps_of_the_log(studio: Studio, tmp_path: Path, is_dropped: bool) -> None:
    timestamp = studio.publish_next()
    if is_dropped:
        studio.remote.drop(act("drop"))
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    witness = remote_dev(studio.there.root, environ=environ).offer_witness([PIN, "staging"], timestamp)
    assert witness is not None
    (kept,) = (tmp_path / "state").rglob("dev.json")
    assert witness.files == (kept, studio.there.path / "pointer", studio.there.path / "log")
    without = studio.remote.offer_witness([PIN, "staging"], timestamp)
    assert without is not None
    assert without.files == witness.files[1:]


def test_the_act_of_a_publication_names_its_timestamp(root: Path) -> None:
    asked: list[str] = []

    def make(timestamp: str) -> Act:
        asked.append(timestamp)
        return act("publish", timestamp)

    files: Mapping[str, bytes | Path] = {"rezup.toml": b"", "revision.json": METADATA.to_json().encode()}
    timestamp = seen(root).publish(files, None, make)
    assert asked == [timestamp]


def test_files_that_the_log_does_not_name_are_not_read(root: Path) -> None:
    publish(seen(root))
    folder = root / "dev" / "revisions" / A
    folder.mkdir()
    (folder / "rezup.toml").write_text('description = "by nobody"\n', encoding="utf-8")
    reads: list[Callable[[PublishedRoot], object]] = [
        lambda remote: remote.text(A, "rezup.toml"),
        lambda remote: remote.files(A),
        lambda remote: remote.recipe(A),
        lambda remote: remote.locks(A),
    ]
    for read in reads:
        with pytest.raises(NotFoundError, match=f"dev@{A} is not published"):
            read(seen(root))
    assert seen(root).metadata(A) is None
