"""One container under a root, by the names of its files: what is read, and how failures are told."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import RECIPE, A, B, C, D, act

from rezup_api.errors import RemoteError, StorageError
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.labels import LABELS, PIN, PUBLISHED
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.pin import Pin
from rezup_api.store.root import ContainerRoot, check_format, list_containers, local_root

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.studio import Studio

METADATA = Metadata(format=FORMAT, rezup_version="3.0.0", creator="ana", message="first")


def shared(root: Path, name: str = "dev") -> ContainerRoot:
    """A container under a remote root that is a folder."""
    return ContainerRoot(SharedFolder(root), name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A remote root without anything."""
    path = tmp_path / "remote"
    path.mkdir()
    return path


@pytest.fixture
def remote(root: Path) -> ContainerRoot:
    """That root."""
    return shared(root)


def put(root: Path, timestamp: str = A) -> Path:
    """The folder of a revision that is put there."""
    path = root / "dev" / "revisions" / timestamp
    path.mkdir(parents=True)
    (path / "rezup.toml").write_text(RECIPE, encoding="utf-8")
    (path / "revision.json").write_text(METADATA.to_json(), encoding="utf-8")
    return path


def test_what_is_there_is_read(remote: ContainerRoot, root: Path) -> None:
    path = put(root)
    (path / "pylock.rez.toml").write_text("lock", encoding="utf-8")
    (path / "wheels").mkdir()
    for name in ("b-1.whl", "a-1.whl", "notes.txt"):
        (path / "wheels" / name).write_bytes(b"PK" * 1_000_000)
    assert list_containers(remote.storage) == ["dev"]
    assert remote.exists()
    assert remote.timestamps() == [A]
    assert remote.metadata(A) == METADATA
    assert remote.recipe(A) == RECIPE
    assert remote.newest() == (A, METADATA)
    assert remote.files(A) == ["pylock.rez.toml", "revision.json", "rezup.toml", "wheels"]
    assert remote.locks(A) == {"pylock.rez.toml": "lock"}
    assert remote.wheels(A) == ["a-1.whl", "b-1.whl"]
    assert remote.fetch_wheel(A, "a-1.whl", root / "copy")
    assert not remote.fetch_wheel(A, "c-1.whl", root / "copy of nothing")
    assert (root / "copy").read_bytes() == b"PK" * 1_000_000


def test_what_was_never_published_is_not_there(remote: ContainerRoot) -> None:
    assert list_containers(remote.storage) == []
    assert not remote.exists()
    assert remote.timestamps() == []
    assert remote.metadata("1.5") is None
    assert remote.newest() is None
    with pytest.raises(RemoteError, match=r"rezup\.toml is not there"):
        remote.recipe("1.5")


def test_what_is_still_being_copied_there_is_not_ready(remote: ContainerRoot, root: Path) -> None:
    """rsync and rezup 2.x make the folder before the metadata."""
    put(root)
    (root / "dev" / "revisions" / "9999999999.5").mkdir()
    (root / "dev" / "revisions" / "9999999999.6").touch()
    assert remote.timestamps() == ["9999999999.6", "9999999999.5", A]
    assert remote.newest() == (A, METADATA)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"creator": "\xff"}'])
def test_damaged_metadata_is_told_with_its_path(remote: ContainerRoot, root: Path, content: bytes) -> None:
    path = put(root) / "revision.json"
    path.write_bytes(content)
    with pytest.raises(RemoteError, match="is damaged") as caught:
        remote.newest()
    assert str(path) in caught.value.message
    assert "publish again" in caught.value.hint


def test_a_recipe_that_is_no_text_is_told_with_its_path(remote: ContainerRoot, root: Path) -> None:
    path = put(root) / "rezup.toml"
    path.write_bytes(b'description = "\xff"')
    with pytest.raises(RemoteError, match="is damaged") as caught:
        remote.recipe(A)
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
        lambda: remote.set_pin(None, act("unpin")),
        lambda: remote.set_label("staging", A, act("tag")),
    )
    for ask in asked:
        with pytest.raises(RemoteError, match="is not there") as caught:
            ask()
        assert str(root) in caught.value.message
        assert "--local" in caught.value.hint
    assert root.is_file() is is_file, "it must not be made: it may only be unmounted"


def test_a_file_where_a_folder_belongs_is_the_remotes_error(remote: ContainerRoot, root: Path) -> None:
    (root / "dev").touch()
    asked: tuple[Callable[[], object], ...] = (remote.timestamps, lambda: remote.set_label("a", A, act("tag")))
    for ask in asked:
        with pytest.raises(RemoteError, match="remote root"):
            ask()


def test_a_newer_format_names_the_rezup_that_reads_it() -> None:
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


def test_a_pin_and_a_label_are_a_file_and_an_act_each(studio: Studio) -> None:
    here = local_root(studio.here, studio.report)
    for pin in (Pin(A), Pin(A, C, (B, C))):
        here.set_pin(pin, act("pin", A))
        assert here.pin() == pin
    for timestamp in (A, B):
        here.set_label("staging", timestamp, act("tag", timestamp))
        assert here.label("staging") == timestamp
    here.set_label("tested", C, act("tag", C))
    assert here.labels() == {"staging": B, "tested": C}
    assert here.named() == {A: ["rolled back to"], B: ["labelled staging"], C: ["labelled tested"]}
    here.set_pin(None, act("unpin"))
    here.set_label("staging", "", act("untag", B))
    assert (here.pin(), here.label("staging")) == (None, None)
    assert os.listdir(studio.here.path / LABELS) == ["tested"]
    told = ["untag", "unpin", "tag", "tag", "tag", "pin", "pin"]
    assert [one.act for one in here.acts()] == told
    assert studio.told == []


def test_what_is_not_there_is_removed_without_a_word(studio: Studio) -> None:
    here = local_root(studio.here)
    here.set_pin(None, act("unpin"))
    here.set_label("staging", "", act("untag"))
    here.forget_published()
    assert [one.act for one in here.acts()] == ["untag", "unpin"]
    assert not (studio.here.path / LABELS).exists()


def test_an_act_that_cannot_be_written_down_is_done_all_the_same(studio: Studio) -> None:
    studio.here.path.mkdir()
    (studio.here.path / "history").touch()
    here = local_root(studio.here, studio.report)
    here.set_pin(Pin(A), act("pin", A))
    assert here.pin() == Pin(A)
    assert len(studio.told) == 1
    assert studio.told[0].startswith("it is done, but cannot be written into the history: ")


def test_a_pin_that_cannot_be_written_is_an_error_and_no_act(studio: Studio) -> None:
    studio.here.path.mkdir()
    (studio.here.path / LABELS).touch()
    with pytest.raises(StorageError):
        local_root(studio.here).set_pin(Pin(A), act("pin", A))
    assert local_root(studio.here).acts() == []


def test_what_the_remote_root_named_is_remembered_and_forgotten(studio: Studio) -> None:
    here = local_root(studio.here)
    assert here.published() == (None, ())
    here.remember_published(D, [B, C])
    assert here.published() == (D, (B, C))
    assert here.label(PIN) is None
    here.forget_published()
    assert here.published() == (None, ())
    assert not (studio.here.path / LABELS / PUBLISHED).exists()
