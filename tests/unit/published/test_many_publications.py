"""Many publications, one after the other and at once: all are listed, and only they."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from tests.unit.published.entries import following, published
from tests.unit.published.logs import Share, logged, seen
from tests.unit.studio import act, publish

from rezup_api.published.published_root import REACH
from rezup_api.published.published_state import RECENT
from rezup_api.store.names import timestamp_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.unit.conftest import Other


PUBLISHER = """
from rezup_api.events import silent
from rezup_api.published.published_root import PublishedRoot
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.history import new_act
from rezup_api.store.metadata import Metadata
wait()
for number in range(25):
  remote = PublishedRoot(SharedFolder(Path(sys.argv[1])), "dev", {}, silent)
  message = f"{os.getpid()}-{number:02}"
  text = Metadata(1, "3.0.0", message=message).to_json()
  files = {"rezup.toml": b"", "revision.json": text.encode()}
  remote.publish(files, None, lambda timestamp: new_act("publish", timestamp, {}, message=message))
"""


def test_who_publish_at_once_do_not_disturb_each_other(root: Path, other: Callable[..., Other]) -> None:
    publishers = [other(PUBLISHER, root) for _ in range(4)]
    threads = [threading.Thread(target=publisher.finish) for publisher in publishers]
    for thread in threads:
        thread.start()
    ready: set[str] = set()
    while any(thread.is_alive() for thread in threads):
        if not (root / "dev" / "pointer").exists():
            continue  # without a log, it would count what lies there
        remote = seen(root)
        names = remote.timestamps()
        assert all(remote.metadata(name) is not None for name in names), "one was seen before it was complete"
        assert ready <= set(names)
        assert all(timestamp_order(name) > max(map(timestamp_order, ready)) for name in set(names) - ready if ready)
        ready = set(names)
    for thread in threads:
        thread.join()
    remote = seen(root)
    names = remote.timestamps()[::-1]
    told = [metadata.message for name in names if (metadata := remote.metadata(name)) is not None]
    assert len(told) == len(set(told)) == 100
    for publisher in publishers:
        own = [message for message in told if message.startswith(f"{publisher.pid}-")]
        assert own == sorted(own), "what one process published later has the smaller name"
    assert sorted(os.listdir(root / "dev")) == ["log", "pointer", "revisions"]
    assert sorted(os.listdir(root / "dev" / "revisions")) == sorted(names), "nothing is left of those that were slower"
    assert [entry.act.message for entry in logged(root)] == told


def many(root: Path, count: int) -> list[str]:
    """Have so many publications, quickly: their entries, and the names of their folders. The timestamps, oldest first."""
    share = Share(root, root)
    timestamps = [f"17{number:08}.000000" for number in range(count)]
    entry = None
    (root / "dev" / "revisions").mkdir(parents=True)
    for timestamp in timestamps:
        entry = published(entry, timestamp, "ab" * 32)
        share.lay(entry)
        (root / "dev" / "revisions" / timestamp).mkdir()
    assert entry is not None
    share.point(entry)
    return timestamps


@pytest.mark.parametrize("count", [1, RECENT - 1, RECENT, RECENT + 1, 3 * RECENT + 5, REACH + 50])
def test_all_publications_are_listed(root: Path, count: int) -> None:
    timestamps = many(root, count)
    remote = seen(root)
    assert remote.timestamps() == timestamps[::-1]
    for timestamp in (timestamps[0], timestamps[count // 2], timestamps[-1]):
        one = remote.publication(timestamp)
        assert one is not None
        assert (one.timestamp, one.generation) == (timestamp, timestamps.index(timestamp) + 1)
    assert remote.publication("1600000000.5") is None
    acts = remote.acts()
    assert len(acts) == min(count, REACH)
    assert {one.act for one in acts} == {"publish"}
    newer = publish(seen(root))
    assert seen(root).timestamps() == [newer, *timestamps[::-1]]
    seen(root).set_label("first", timestamps[0], act("tag"))
    assert seen(root).labels() == {"first": timestamps[0]}


@pytest.mark.parametrize("gone", [range(5), range(10, 30), range(60, 75), range(40, 99), [0, 50, 98]], ids=str)
def test_what_was_removed_is_not_listed_and_all_else_is(root: Path, gone: Iterable[int]) -> None:
    timestamps = many(root, 100)
    removed = [timestamps[number] for number in gone]
    seen(root).remove(removed, act("gc"))
    left = [one for one in timestamps[::-1] if one not in removed]
    assert seen(root).timestamps() == left
    newer = [publish(seen(root)) for _ in range(3)]
    assert seen(root).timestamps() == [*newer[::-1], *left]


def test_a_lost_entry_hides_only_what_it_alone_names(root: Path) -> None:
    timestamps = many(root, 100)
    (root / "dev" / "log" / "30.json").write_bytes(b"garbage")
    assert seen(root).timestamps()[:68] == timestamps[::-1][:68]
    (root / "dev" / "log" / "69.json").write_bytes(b"garbage")
    assert seen(root).timestamps()[:RECENT] == timestamps[::-1][:RECENT]


def test_a_studio_has_room_for_its_labels(root: Path) -> None:
    timestamp = publish(seen(root))
    state = logged(root)[0].state
    for number in range(150):
        state = state.with_label(f"show-{number:03}", state.newest)
    share = Share(root, root)
    share.lay(following(logged(root)[0], 2, state, log=logged(root)[0].log))
    for _ in range(RECENT + 3):
        publish(seen(root))
    assert set(seen(root).labels().values()) == {timestamp}
    assert len(seen(root).labels()) == 150
