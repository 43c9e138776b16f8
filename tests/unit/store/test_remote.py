"""Remote roots on a path: what is published there, what is read from there, and how their failures are told."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import RemoteError
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import timestamp_order
from rezup_api.store.remote import PathRemote, check_format, newest_published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Other

METADATA = Metadata(format=FORMAT, rezup_version="3.0.0", creator="ana", message="first")
RECIPE = 'description = "für alle"\n'
PUBLISHER = """
from rezup_api.store.remote import PathRemote
from rezup_api.store.metadata import Metadata
remote = PathRemote(Path(sys.argv[1]))
wait()
for number in range(25):
  remote.publish("dev", "", Metadata(1, "3.0.0", message=f"{os.getpid()}-{number:02}"), None)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A remote root that nothing was published to."""
    path = tmp_path / "remote"
    path.mkdir()
    return path


@pytest.fixture
def remote(root: Path) -> PathRemote:
    """That root."""
    return PathRemote(root)


def test_what_is_published_is_read_again(remote: PathRemote, root: Path) -> None:
    timestamp = remote.publish("dev", RECIPE, METADATA, None)
    assert remote.containers() == ["dev"]
    assert remote.timestamps("dev") == [timestamp]
    assert remote.metadata("dev", timestamp) == METADATA
    assert remote.recipe("dev", timestamp) == RECIPE
    assert newest_published(remote, "dev") == (timestamp, METADATA)
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert found == [f"dev/revisions/{timestamp}/revision.json", f"dev/revisions/{timestamp}/rezup.toml"]
    assert os.listdir(root / "dev") == ["revisions"]


def test_what_was_never_published_is_not_there(remote: PathRemote) -> None:
    assert remote.containers() == []
    assert remote.timestamps("dev") == []
    assert remote.metadata("dev", "1.5") is None
    assert newest_published(remote, "dev") is None
    with pytest.raises(RemoteError, match=r"cannot read the remote root .*No such file"):
        remote.recipe("dev", "1.5")


def test_a_new_one_is_greater_than_all_there_and_than_the_one_named(remote: PathRemote) -> None:
    first = remote.publish("dev", RECIPE, METADATA, None)
    later = remote.publish("dev", RECIPE, METADATA, "8888888888.5")
    latest = remote.publish("dev", RECIPE, METADATA, first)
    assert [later, latest] == ["8888888888.500001", "8888888888.500002"]


def test_what_is_still_being_copied_there_is_not_ready(remote: PathRemote, root: Path) -> None:
    """rsync and rezup 2.x make the folder before the metadata."""
    timestamp = remote.publish("dev", RECIPE, METADATA, None)
    (root / "dev" / "revisions" / "9999999999.5").mkdir()
    (root / "dev" / "revisions" / "9999999999.6").touch()
    assert remote.timestamps("dev") == ["9999999999.6", "9999999999.5", timestamp]
    assert newest_published(remote, "dev") == (timestamp, METADATA)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"creator": "\xff"}'])
def test_damaged_metadata_is_told_with_its_path(remote: PathRemote, root: Path, content: bytes) -> None:
    timestamp = remote.publish("dev", RECIPE, METADATA, None)
    path = root / "dev" / "revisions" / timestamp / "revision.json"
    path.write_bytes(content)
    with pytest.raises(RemoteError, match="is damaged") as caught:
        newest_published(remote, "dev")
    assert str(path) in caught.value.message
    assert "publish again" in caught.value.hint


def test_a_recipe_that_is_no_text_is_told_with_its_path(remote: PathRemote, root: Path) -> None:
    timestamp = remote.publish("dev", RECIPE, METADATA, None)
    path = root / "dev" / "revisions" / timestamp / "rezup.toml"
    path.write_bytes(b'description = "\xff"')
    with pytest.raises(RemoteError, match="is damaged") as caught:
        remote.recipe("dev", timestamp)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("is_file", [True, False])
def test_a_root_that_is_not_there_is_told_in_every_case(tmp_path: Path, is_file: bool) -> None:
    root = tmp_path / "unmounted"
    if is_file:
        root.touch()
    remote = PathRemote(root)
    asked: tuple[Callable[[], object], ...] = (
        remote.containers,
        lambda: remote.timestamps("dev"),
        lambda: remote.metadata("dev", "1.5"),
        lambda: remote.recipe("dev", "1.5"),
        lambda: remote.publish("dev", RECIPE, METADATA, None),
    )
    for ask in asked:
        with pytest.raises(RemoteError, match="is not there") as caught:
            ask()
        assert str(root) in caught.value.message
        assert "--local" in caught.value.hint
    assert root.is_file() is is_file, "it must not be made: it may only be unmounted"


def test_a_file_where_a_folder_belongs_is_the_remotes_error(remote: PathRemote, root: Path) -> None:
    (root / "dev").touch()
    for ask in (
        lambda: remote.timestamps("dev"),
        lambda: remote.publish("dev", RECIPE, METADATA, None),
    ):
        with pytest.raises(RemoteError, match="remote root"):
            ask()


def test_who_may_only_read_reads_and_is_told_that_he_cannot_publish(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    root = open_folder / "remote"
    root.mkdir(mode=0o755)
    timestamp = PathRemote(root).publish("dev", RECIPE, METADATA, None)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def act() -> None:
        remote = PathRemote(root)
        assert newest_published(remote, "dev") == (timestamp, METADATA)
        assert remote.recipe("dev", timestamp) == RECIPE
        for name in ("dev", "other"):
            with pytest.raises(RemoteError, match="you cannot write to"):
                remote.check_writable(name)
        with pytest.raises(RemoteError, match="Permission denied"):
            remote.publish("dev", RECIPE, METADATA, None)
        with pytest.raises(RemoteError, match="Permission denied"):
            remote.publish("other", RECIPE, METADATA, None)

    unprivileged(act)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)


@pytest.mark.parametrize("closed", ["root", "root/dev", "root/dev/revisions"])
def test_who_cannot_write_everywhere_is_told_before_anything_is_built(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None], closed: str
) -> None:
    (open_folder / "root" / "dev" / "revisions").mkdir(parents=True)
    for path in (open_folder / "root", *(open_folder / "root").rglob("*")):
        path.chmod(0o777)
    remote = PathRemote(open_folder / "root")
    unprivileged(lambda: remote.check_writable("dev"))
    unprivileged(lambda: remote.check_writable("other"))
    (open_folder / closed).chmod(0o555)

    def act() -> None:
        with pytest.raises(RemoteError, match=f"you cannot write to {open_folder / closed}"):
            remote.check_writable("other" if closed == "root" else "dev")

    unprivileged(act)
    (open_folder / closed).chmod(0o777)


def test_who_publish_at_once_do_not_disturb_each_other(
    remote: PathRemote, root: Path, other: Callable[..., Other]
) -> None:
    publishers = [other(PUBLISHER, root) for _ in range(4)]
    threads = [threading.Thread(target=publisher.finish) for publisher in publishers]
    for thread in threads:
        thread.start()
    ready: set[str] = set()
    while any(thread.is_alive() for thread in threads):
        names = remote.timestamps("dev")
        assert all(remote.metadata("dev", name) is not None for name in names), "one was seen before it was complete"
        assert ready <= set(names)
        assert all(timestamp_order(name) > max(map(timestamp_order, ready)) for name in set(names) - ready if ready)
        ready = set(names)
    for thread in threads:
        thread.join()
    names = remote.timestamps("dev")[::-1]
    told = [metadata.message for name in names if (metadata := remote.metadata("dev", name)) is not None]
    assert len(told) == len(set(told)) == 100
    for publisher in publishers:
        own = [message for message in told if message.startswith(f"{publisher.pid}-")]
        assert own == sorted(own), "what one process published later has the smaller name"
    assert os.listdir(root / "dev") == ["revisions"]


def test_a_newer_format_names_the_rezup_that_reads_it(remote: PathRemote, root: Path) -> None:
    check_format(METADATA, "dev")
    check_format(Metadata(format=0, rezup_version="2.6.0"), "dev")
    with pytest.raises(RemoteError, match=f"dev@1 is of format {FORMAT + 1}") as caught:
        check_format(replace(METADATA, format=FORMAT + 1, rezup_version="4.1.0"), "dev@1")
    assert "rezup 4.1.0 or newer" in caught.value.hint


def test_what_rezup_2_published_is_read(remote: PathRemote, root: Path) -> None:
    path = root / "dev" / "revisions" / "1795227415.0140116"
    path.mkdir(parents=True)
    (path / "rezup.toml").write_text(RECIPE, encoding="utf-8")
    document = {"rezup_version": "2.6.0", "creator": "bo", "hostname": "vm", "revision_path": "/x", "venvs": ["rez"]}
    (path / "revision.json").write_text(json.dumps(document), encoding="utf-8")
    newest = newest_published(remote, "dev")
    assert newest is not None
    assert newest[0] == "1795227415.0140116"
    assert (newest[1].format, newest[1].rezup_version, newest[1].creator) == (0, "2.6.0", "bo")
