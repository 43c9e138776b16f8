"""Revisions from recipe to rename: made, published and pulled by an engine without a network; nothing half made stays."""

from __future__ import annotations

import errno
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, library_wheel, rez_wheel
from tests.unit.machine import Machine
from tests.unit.studio import remote_dev

from rezup_api.builder.failures import read_failure
from rezup_api.disk import durable
from rezup_api.disk.files import user_name
from rezup_api.errors import InstallError, RecipeError, RemoteError, StorageError
from rezup_api.events import Note, Warned
from rezup_api.packages.lock_source import read_lock_source
from rezup_api.packages.platforms import PLATFORMS, here
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the Rez of these tests runs commands with sh")

FAR = "99999999999.000000"
ELSEWHERE = next(name for name in PLATFORMS if name != here())


@pytest.fixture
def other(machine: Machine, tmp_path: Path) -> Machine:
    """Another machine of the studio."""
    return Machine(ContainerFolder(tmp_path / "other", "dev"), machine.remote, machine.recipe_of)


def test_a_revision_says_who_made_it_and_why(machine: Machine) -> None:
    revision = machine.make(message="the first")
    assert revision.ready, revision.obstacle
    metadata = revision.metadata
    assert metadata is not None
    assert (metadata.message, metadata.creator, metadata.remote, metadata.origin) == (
        "the first",
        user_name(os.environ),
        "",
        "",
    )
    assert metadata.rez_version == "3.4.0"
    assert float(revision.timestamp) == pytest.approx(time.time(), abs=120)
    (act,) = local_root(machine.folder).acts()
    assert (act.act, act.revision, act.message) == ("add", revision.timestamp, "the first")
    assert machine.left == []


def test_each_is_newer_than_all_before(machine: Machine) -> None:
    first = machine.make()
    seconds = int(time.time()) + 80_000  # the clocks of machines differ by less than a day
    ahead = machine.folder.revisions / f"{seconds}.000000"
    (machine.folder.revisions / first.timestamp).rename(ahead)
    second = machine.make()
    assert second.timestamp == f"{seconds}.000001"
    (warning,) = machine.told(Warned)
    assert f"s behind the revision {seconds}.000000" in warning


def test_a_name_far_ahead_is_not_followed(machine: Machine) -> None:
    first = machine.make()
    (machine.folder.revisions / first.timestamp).rename(machine.folder.revisions / "99999999999.000000")
    second, third = machine.make(), machine.make()
    assert time.time() - 600 < float(second.timestamp) < float(third.timestamp) <= time.time()
    assert machine.told(Warned) == []


def test_a_published_name_far_ahead_is_not_built(machine: Machine) -> None:
    made = machine.publish()
    shutil.copytree(machine.remote / "dev" / "revisions" / made.timestamp, machine.remote / "dev" / "revisions" / FAR)
    with pytest.raises(StorageError, match=f"dev@{FAR} is not taken: its name lies .* days ahead"):
        machine.builder().pull(FAR, machine.published(made.timestamp), remote_dev(machine.remote))
    assert read_failure(machine.folder, FAR) is None


def test_from_another_one_it_holds_the_same(machine: Machine, engine: FakeEngine) -> None:
    first = machine.make()
    rez_wheel(engine.index, "3.5.0")
    second = machine.make(origin=read_lock_source(first.path, "dev@1"))
    assert second.metadata is not None
    assert (second.metadata.rez_version, second.metadata.origin) == ("3.4.0", "dev@1")
    assert local_root(machine.folder).acts()[0].detail == "from dev@1"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ('[rez]\nlib = ["nonsense"]', InstallError, "there is no nonsense"),
        ('[[check]]\ncommand = "exit 3"', InstallError, "the check 'exit 3' fails"),
        (f'[lock]\nplatforms = ["{ELSEWHERE}"]', InstallError, f"dev is for {ELSEWHERE}, and this is {here()}"),
    ],
)
def test_what_fails_leaves_nothing(machine: Machine, text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        machine.make(text)
    assert not machine.folder.path.exists()
    with pytest.raises(error, match=said):
        machine.publish(text)
    assert list(machine.remote.rglob("revision.json")) == []


def test_what_is_published_is_there_before_it_is_here(machine: Machine) -> None:
    revision = machine.publish(message="Rez 3.4")
    remote = remote_dev(machine.remote)
    assert remote.timestamps() == [revision.timestamp]
    published = machine.published(revision.timestamp)
    assert (published.message, published.environments) == ("Rez 3.4", ())
    assert set(remote.locks(revision.timestamp)) == {"pylock.rez.toml"}
    assert "python" in remote.recipe(revision.timestamp), "the Python that was chosen here is everybody's"
    assert [act.act for act in local_root(machine.folder).acts()] == ["add"]


@pytest.mark.parametrize(
    ("text", "error"),
    [('[pip]\noptions = ["--index-url=https://ana:secret@h/simple"]', RecipeError), ("", RemoteError)],
)
def test_what_may_not_be_published_is_refused_before_it_is_built(
    machine: Machine, engine: FakeEngine, text: str, error: type[Exception]
) -> None:
    if not text:
        machine.remote.rmdir()
    with pytest.raises(error):
        machine.publish(text)
    assert engine.calls == []


def test_another_machine_gets_the_same(machine: Machine, other: Machine, engine: FakeEngine) -> None:
    library_wheel(engine.index, "six", "1.0")
    made = machine.publish('[rez]\nlib = ["six"]', message="for all")
    library_wheel(engine.index, "six", "2.0")
    pulled = other.pull(made.timestamp)
    assert pulled.ready
    assert pulled.timestamp == made.timestamp
    assert (pulled.path / "pylock.rez.toml").read_bytes() == (made.path / "pylock.rez.toml").read_bytes()
    assert pulled.metadata is not None
    assert (pulled.metadata.message, pulled.metadata.creator) == ("for all", user_name(os.environ))
    assert f"published by {user_name(os.environ)}: for all" in other.told(Note)[0]
    engine.calls.clear()
    assert other.pull(made.timestamp) == pulled
    assert engine.calls == [], "it is there already"
    assert [act.act for act in local_root(other.folder).acts()] == ["pull"]


def test_a_build_that_fails_is_tried_three_times_and_then_not_at_once(
    machine: Machine, other: Machine, engine: FakeEngine
) -> None:
    made = machine.publish()
    kept = list(engine.index.iterdir())
    for path in kept:
        path.rename(path.with_suffix(".away"))
    for tries in (1, 2, 3):
        with pytest.raises(InstallError):
            other.pull(made.timestamp)
        failure = read_failure(other.folder, made.timestamp)
        assert failure is not None
        assert failure.tries == tries
    for path in kept:
        path.with_suffix(".away").rename(path)
    with pytest.raises(InstallError) as caught:
        other.pull(made.timestamp)
    assert "it failed 3 times" in caught.value.hint
    assert other.pull(made.timestamp, at_once=True).ready
    assert read_failure(other.folder, made.timestamp) is None
    assert other.left == []


def test_that_the_share_has_gone_says_nothing_of_the_revision(machine: Machine, other: Machine) -> None:
    made = machine.publish()
    remote = remote_dev(machine.remote)
    published = machine.published(made.timestamp)
    machine.remote.rename(machine.remote.with_name("away"))
    with pytest.raises(RemoteError):
        other.builder().pull(made.timestamp, published, remote)
    assert read_failure(other.folder, made.timestamp) is None


def test_what_lies_in_the_way_is_left_there(machine: Machine, other: Machine) -> None:
    made = machine.publish()
    inside = other.folder.revisions / made.timestamp / "kept"
    inside.mkdir(parents=True)
    with pytest.raises(StorageError, match="is in the way"):
        other.pull(made.timestamp)
    assert inside.is_dir()


def test_what_others_may_get_differently_is_said(machine: Machine, engine: FakeEngine) -> None:
    engine.locks = False
    machine.publish()
    assert machine.told(Warned) == [
        "machines that pull this revision may get other files (environments without a lock: rez)"
    ]


def test_what_the_disk_refuses_is_not_published(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(top: Path) -> None:
        if machine.folder.path in top.parents:
            raise OSError(errno.EIO, "Input/output error", str(top))

    monkeypatch.setattr(durable, "flush_tree", refuse)
    with pytest.raises(StorageError, match="Input/output error"):
        machine.publish()
    assert machine.left == []
    assert remote_dev(machine.remote).timestamps() == []


def test_what_is_published_and_cannot_appear_here_says_so(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def refuse(source: Path, target: Path) -> None:
        if target.parent == machine.folder.revisions:
            raise OSError(errno.EIO, "Input/output error", str(target))
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StorageError, match=r"dev@.* is published on .*, but cannot write to .*: Input") as caught:
        machine.publish()
    (timestamp,) = remote_dev(machine.remote).timestamps()
    assert f"rezup pull dev@{timestamp}" in caught.value.hint
    monkeypatch.undo()
    assert machine.left == []
