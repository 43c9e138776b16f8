"""Remote roots on a path: what is published there, what is read from there, and how their failures are told."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import RemoteError
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import timestamp_order
from rezup_api.store.root import ContainerRoot, check_format, list_containers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Other

METADATA = Metadata(format=FORMAT, rezup_version="3.0.0", creator="ana", message="first")
RECIPE = 'description = "für alle"\n'
PUBLISHER = """
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.metadata import Metadata
from rezup_api.store.root import ContainerRoot
remote = ContainerRoot(SharedFolder(Path(sys.argv[1])), "dev")
wait()
for number in range(25):
  text = Metadata(1, "3.0.0", message=f"{os.getpid()}-{number:02}").to_json()
  remote.publish({"rezup.toml": b"", "revision.json": text.encode()})
"""


FILES: dict[str, bytes | Path] = {"rezup.toml": RECIPE.encode(), "revision.json": METADATA.to_json().encode()}


def shared(root: Path, name: str = "dev") -> ContainerRoot:
    """A container under a remote root that is a folder."""
    return ContainerRoot(SharedFolder(root), name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A remote root that nothing was published to."""
    path = tmp_path / "remote"
    path.mkdir()
    return path


@pytest.fixture
def remote(root: Path) -> ContainerRoot:
    """That root."""
    return shared(root)


def test_what_is_published_is_read_again(remote: ContainerRoot, root: Path) -> None:
    timestamp = remote.publish(FILES)
    assert list_containers(remote.storage) == ["dev"]
    assert remote.timestamps() == [timestamp]
    assert remote.metadata(timestamp) == METADATA
    assert remote.recipe(timestamp) == RECIPE
    assert remote.newest() == (timestamp, METADATA)
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert found == [f"dev/revisions/{timestamp}/revision.json", f"dev/revisions/{timestamp}/rezup.toml"]
    assert os.listdir(root / "dev") == ["revisions"]


def test_what_was_never_published_is_not_there(remote: ContainerRoot) -> None:
    assert list_containers(remote.storage) == []
    assert remote.timestamps() == []
    assert remote.metadata("1.5") is None
    assert remote.newest() is None
    with pytest.raises(RemoteError, match=r"rezup\.toml is not there"):
        remote.recipe("1.5")


def test_a_new_one_is_greater_than_all_there_and_than_the_one_named(remote: ContainerRoot) -> None:
    first = remote.publish(FILES)
    later = remote.publish(FILES, "8888888888.5")
    latest = remote.publish(FILES, first)
    assert [later, latest] == ["8888888888.500001", "8888888888.500002"]


def test_what_is_still_being_copied_there_is_not_ready(remote: ContainerRoot, root: Path) -> None:
    """rsync and rezup 2.x make the folder before the metadata."""
    timestamp = remote.publish(FILES)
    (root / "dev" / "revisions" / "9999999999.5").mkdir()
    (root / "dev" / "revisions" / "9999999999.6").touch()
    assert remote.timestamps() == ["9999999999.6", "9999999999.5", timestamp]
    assert remote.newest() == (timestamp, METADATA)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"creator": "\xff"}'])
def test_damaged_metadata_is_told_with_its_path(remote: ContainerRoot, root: Path, content: bytes) -> None:
    timestamp = remote.publish(FILES)
    path = root / "dev" / "revisions" / timestamp / "revision.json"
    path.write_bytes(content)
    with pytest.raises(RemoteError, match="is damaged") as caught:
        remote.newest()
    assert str(path) in caught.value.message
    assert "publish again" in caught.value.hint


def test_a_recipe_that_is_no_text_is_told_with_its_path(remote: ContainerRoot, root: Path) -> None:
    timestamp = remote.publish(FILES)
    path = root / "dev" / "revisions" / timestamp / "rezup.toml"
    path.write_bytes(b'description = "\xff"')
    with pytest.raises(RemoteError, match="is damaged") as caught:
        remote.recipe(timestamp)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("is_file", [True, False])
def test_a_root_that_is_not_there_is_told_in_every_case(tmp_path: Path, is_file: bool) -> None:
    root = tmp_path / "unmounted"
    if is_file:
        root.touch()
    remote = shared(root)
    asked: tuple[Callable[[], object], ...] = (
        lambda: list_containers(remote.storage),
        remote.timestamps,
        lambda: remote.metadata("1.5"),
        lambda: remote.recipe("1.5"),
        lambda: remote.publish(FILES),
    )
    for ask in asked:
        with pytest.raises(RemoteError, match="is not there") as caught:
            ask()
        assert str(root) in caught.value.message
        assert "--local" in caught.value.hint
    assert root.is_file() is is_file, "it must not be made: it may only be unmounted"


def test_a_file_where_a_folder_belongs_is_the_remotes_error(remote: ContainerRoot, root: Path) -> None:
    (root / "dev").touch()
    for ask in (
        remote.timestamps,
        lambda: remote.publish(FILES),
    ):
        with pytest.raises(RemoteError, match="remote root"):
            ask()


def test_who_may_only_read_reads_and_is_told_that_he_cannot_publish(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    root = open_folder / "remote"
    root.mkdir(mode=0o755)
    timestamp = shared(root).publish(FILES)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def act() -> None:
        remote = shared(root)
        assert remote.newest() == (timestamp, METADATA)
        assert remote.recipe(timestamp) == RECIPE
        for name in ("dev", "other"):
            with pytest.raises(RemoteError, match="you cannot write to"):
                shared(root, name).check_writable()
        with pytest.raises(RemoteError, match="Permission denied"):
            remote.publish(FILES)
        with pytest.raises(RemoteError, match="Permission denied"):
            shared(root, "other").publish(FILES)

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
    remote = shared(open_folder / "root")
    unprivileged(remote.check_writable)
    unprivileged(shared(open_folder / "root", "other").check_writable)
    (open_folder / closed).chmod(0o555)

    def act() -> None:
        with pytest.raises(RemoteError, match=f"you cannot write to {open_folder / closed}"):
            shared(open_folder / "root", "other" if closed == "root" else "dev").check_writable()

    unprivileged(act)
    (open_folder / closed).chmod(0o777)


def test_who_publish_at_once_do_not_disturb_each_other(
    remote: ContainerRoot, root: Path, other: Callable[..., Other]
) -> None:
    publishers = [other(PUBLISHER, root) for _ in range(4)]
    threads = [threading.Thread(target=publisher.finish) for publisher in publishers]
    for thread in threads:
        thread.start()
    ready: set[str] = set()
    while any(thread.is_alive() for thread in threads):
        names = remote.timestamps()
        assert all(remote.metadata(name) is not None for name in names), "one was seen before it was complete"
        assert ready <= set(names)
        assert all(timestamp_order(name) > max(map(timestamp_order, ready)) for name in set(names) - ready if ready)
        ready = set(names)
    for thread in threads:
        thread.join()
    names = remote.timestamps()[::-1]
    told = [metadata.message for name in names if (metadata := remote.metadata(name)) is not None]
    assert len(told) == len(set(told)) == 100
    for publisher in publishers:
        own = [message for message in told if message.startswith(f"{publisher.pid}-")]
        assert own == sorted(own), "what one process published later has the smaller name"
    assert os.listdir(root / "dev") == ["revisions"]


def test_a_newer_format_names_the_rezup_that_reads_it(remote: ContainerRoot, root: Path) -> None:
    check_format(METADATA, "dev")
    check_format(Metadata(format=0, rezup_version="2.6.0"), "dev")
    with pytest.raises(RemoteError, match=f"dev@1 is of format {FORMAT + 1}") as caught:
        check_format(replace(METADATA, format=FORMAT + 1, rezup_version="4.1.0"), "dev@1")
    assert "rezup 4.1.0 or newer" in caught.value.hint


def test_what_rezup_2_published_is_read(remote: ContainerRoot, root: Path) -> None:
    path = root / "dev" / "revisions" / "1795227415.0140116"
    path.mkdir(parents=True)
    (path / "rezup.toml").write_text(RECIPE, encoding="utf-8")
    document = {"rezup_version": "2.6.0", "creator": "bo", "hostname": "vm", "revision_path": "/x", "venvs": ["rez"]}
    (path / "revision.json").write_text(json.dumps(document), encoding="utf-8")
    newest = remote.newest()
    assert newest is not None
    assert newest[0] == "1795227415.0140116"
    assert (newest[1].format, newest[1].rezup_version, newest[1].creator) == (0, "2.6.0", "bo")
