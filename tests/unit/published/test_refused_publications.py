"""What cannot be published: shares that are away, closed or full, users who are faster, and file systems without links."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.unit.published.logs import METADATA, Lost, Outrunning, logged, seen
from tests.unit.studio import RECIPE, act, publish, remote_dev

from rezup_api.errors import BusyError, RemoteError
from rezup_api.events import silent
from rezup_api.published.log import OutrunError, UndecidedError, decided_anew
from rezup_api.published.published_root import PublishedRoot
from rezup_api.storage import folder as folder_module
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.pin import Pin
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("is_file", [True, False])
def test_a_root_that_is_not_there_is_told_in_every_case(tmp_path: Path, is_file: bool) -> None:
    root = tmp_path / "unmounted"
    if is_file:
        root.touch()
    remote = seen(root)
    asked: tuple[Callable[[], object], ...] = (
        lambda: list_containers(remote.storage),
        remote.timestamps,
        remote.newest,
        remote.pin,
        remote.labels,
        remote.acts,
        remote.check_writable,
        lambda: remote.metadata("1.5"),
        lambda: remote.recipe("1.5"),
        lambda: publish(remote),
        lambda: remote.set_pin(None, act("unpin")),
        lambda: remote.drop(act("drop")),
    )
    for ask in asked:
        with pytest.raises(RemoteError, match="is not there") as caught:
            ask()
        assert str(root) in caught.value.message
        assert "--local" in caught.value.hint
    assert root.is_file() is is_file, "it must not be made: it may only be unmounted"


def test_a_file_where_a_folder_belongs_is_the_remotes_error(root: Path) -> None:
    (root / "dev").touch()
    remote = seen(root)
    for ask in (
        remote.timestamps,
        lambda: publish(remote),
    ):
        with pytest.raises(RemoteError, match="remote root"):
            ask()


def test_who_may_only_read_reads_and_is_told_that_he_cannot_publish(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    root = open_folder / "remote"
    root.mkdir(mode=0o755)
    timestamp = publish(seen(root))
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def do() -> None:
        remote = seen(root)
        assert remote.newest() == (timestamp, METADATA)
        assert remote.recipe(timestamp) == RECIPE
        other = PublishedRoot(SharedFolder(root), "other", {}, silent)
        for one in (remote, other):
            with pytest.raises(RemoteError, match="you cannot write to"):
                one.check_writable()
            with pytest.raises(RemoteError, match="Permission denied"):
                publish(one)
        denied: list[Callable[[], object]] = [
            lambda: remote.set_pin(Pin(timestamp), act("pin")),
            lambda: remote.drop(act("drop")),
        ]
        for deny in denied:
            with pytest.raises(RemoteError, match="Permission denied"):
                deny()
        assert seen(root).newest() == (timestamp, METADATA)

    unprivileged(do)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)
    assert len(logged(root)) == 1


@pytest.mark.parametrize("closed", ["root", "root/dev", "root/dev/revisions", "root/dev/log"])
def test_who_cannot_write_everywhere_is_told_before_anything_is_built(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None], closed: str
) -> None:
    for name in ("revisions", "log"):
        (open_folder / "root" / "dev" / name).mkdir(parents=True)
    for path in (open_folder / "root", *(open_folder / "root").rglob("*")):
        path.chmod(0o777)

    def shared(name: str) -> PublishedRoot:
        return PublishedRoot(SharedFolder(open_folder / "root"), name, {}, silent)

    unprivileged(shared("dev").check_writable)
    unprivileged(shared("other").check_writable)
    (open_folder / closed).chmod(0o555)

    def do() -> None:
        with pytest.raises(RemoteError, match=f"you cannot write to {open_folder / closed}"):
            shared("other" if closed == "root" else "dev").check_writable()

    unprivileged(do)
    (open_folder / closed).chmod(0o777)
    assert sorted(os.listdir(open_folder / "root" / "dev")) == ["log", "revisions"], "trying has left nothing"


@pytest.mark.parametrize("error", [RemoteError("the disk is full"), KeyboardInterrupt()], ids=["failure", "interrupt"])
def test_what_cannot_be_published_leaves_no_files(root: Path, error: BaseException) -> None:
    """rezup 2.x takes what lies in the folder for published."""
    first = publish(seen(root))
    with pytest.raises(type(error)) as caught:
        publish(PublishedRoot(Lost(root, error, creates=False), "dev", {}, silent))
    assert caught.value is error
    assert os.listdir(root / "dev" / "revisions") == [first]
    assert seen(root).newest() == (first, METADATA)


def test_what_was_published_although_the_answer_was_lost_keeps_its_files(root: Path) -> None:
    first = publish(seen(root))
    storage = Lost(root, RemoteError("no answer"))
    second = publish(PublishedRoot(storage, "dev", {}, silent))
    assert seen(root).timestamps() == [second, first]
    assert seen(root).newest() == (second, METADATA)


@pytest.mark.parametrize("creates", [True, False])
def test_what_may_be_published_keeps_its_files(root: Path, creates: bool) -> None:
    first = publish(seen(root))
    storage = Lost(root, RemoteError("no answer"), creates=creates, answers=False)
    with pytest.raises(UndecidedError, match="it cannot be known whether this was done"):
        publish(PublishedRoot(storage, "dev", {}, silent))
    assert len(os.listdir(root / "dev" / "revisions")) == 2
    newest = seen(root).newest()
    assert newest is not None
    assert (newest[0] == first) is not creates


def test_an_interrupt_after_a_publication_keeps_its_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("rezup_api.published.accepted.write_whole", interrupted)
        environ = {"XDG_STATE_HOME": str(root.parent / "state")}
        timestamp = publish(remote_dev(root, environ=environ))
    assert seen(root).newest() == (timestamp, METADATA)


@pytest.mark.parametrize("times", [1, 3])
def test_a_publication_that_is_outrun_by_a_label_is_still_published(root: Path, times: int) -> None:
    first = publish(seen(root))
    names = iter("abc")
    storage = Outrunning(root, lambda: seen(root).set_label(next(names), first, act("tag")), times)
    second = publish(PublishedRoot(storage, "dev", {}, silent))
    assert seen(root).timestamps() == [second, first]
    assert list(seen(root).labels()) == list("abc")[:times]
    assert [entry.generation for entry in logged(root)] == list(range(1, 3 + times))


@pytest.mark.parametrize("times", [1, 3])
def test_a_publication_that_is_outrun_by_another_takes_a_greater_timestamp(root: Path, times: int) -> None:
    others: list[str] = []
    storage = Outrunning(root, lambda: others.append(publish(seen(root))), times)
    last = publish(PublishedRoot(storage, "dev", {}, silent))
    assert len(others) == times
    assert seen(root).timestamps() == [last, *others[::-1]]
    assert sorted(os.listdir(root / "dev" / "revisions")) == [*others, last], "the folder that was too late is gone"
    assert seen(root).acts()[0].revision == last, "the act names the timestamp that it has got"


def test_who_acts_on_what_has_changed_is_outrun(root: Path) -> None:
    first = publish(seen(root))
    acts: list[Callable[[PublishedRoot], object]] = [
        lambda remote: remote.set_label("staging", first, act("tag", first)),
        lambda remote: remote.set_pin(Pin(first), act("pin", first)),
        lambda remote: remote.set_pin(None, act("unpin")),
        lambda remote: remote.remove([first], act("gc")),
        lambda remote: remote.drop(act("drop")),
    ]
    for do in acts:
        slow = seen(root)
        slow.timestamps()
        second = publish(seen(root))
        with pytest.raises(OutrunError):
            do(slow)
        assert seen(root).newest() == (second, METADATA)
        assert (seen(root).labels(), seen(root).pin()) == ({}, None)
        assert len(os.listdir(root / "dev" / "revisions")) == len(seen(root).timestamps())


def test_an_act_that_is_decided_anew_sees_what_has_changed(root: Path) -> None:
    first = publish(seen(root))
    slow = [seen(root)]
    slow[0].timestamps()
    second = publish(seen(root))

    def attempt() -> None:
        remote = slow.pop() if slow else seen(root)
        newest = remote.newest()
        assert newest is not None
        remote.set_pin(Pin(newest[0]), act("pin", newest[0]))

    decided_anew(attempt)
    assert seen(root).pin() == Pin(second)
    assert first in seen(root).timestamps()


def test_a_publication_that_is_always_outrun_gives_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rezup_api.published.log.ATTEMPTS", 3)
    publish(seen(root))
    remote = PublishedRoot(Outrunning(root, lambda: publish(seen(root)), 100), "dev", {}, silent)
    monkeypatch.setattr("rezup_api.published.published_root.ATTEMPTS", 3)
    with pytest.raises(BusyError, match="others keep changing dev on") as caught:
        publish(remote)
    assert caught.value.hint == "try again"
    assert sorted(os.listdir(root / "dev" / "revisions")) == sorted(seen(root).timestamps())


def test_an_act_that_is_too_large_says_what_to_do(root: Path) -> None:
    timestamp = publish(seen(root))
    with pytest.raises(RemoteError, match="cannot write this into the log of dev: it has") as caught:
        seen(root).set_pin(Pin(timestamp), act("pin", timestamp, "x" * 100_000))
    assert "shorten the message" in caught.value.hint
    with pytest.raises(RemoteError, match="cannot write this into the log"):
        publish(seen(root), message="x" * 100_000)
    assert os.listdir(root / "dev" / "revisions") == [timestamp]
    assert len(logged(root)) == 1


def refuse_links(monkeypatch: pytest.MonkeyPatch, number: int = errno.EPERM) -> None:
    """Have no hard links, as on FAT and on some shares."""

    def refuse(source: object, target: object) -> None:
        raise OSError(number, os.strerror(number), str(target))

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a rename that replaces nothing")
@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK], ids=errno.errorcode.get)
def test_without_hard_links_a_rename_decides(root: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    refuse_links(monkeypatch, number)
    seen(root).check_writable()
    first = publish(seen(root))
    second = publish(seen(root))
    assert seen(root).timestamps() == [second, first]
    slow = seen(root)
    slow.timestamps()
    storage = Outrunning(root, lambda: seen(root).set_label("a", first, act("tag")), 1)
    third = publish(PublishedRoot(storage, "dev", {}, silent))
    with pytest.raises(OutrunError):
        slow.set_pin(Pin(first), act("pin"))
    assert seen(root).timestamps() == [third, second, first]
    assert sorted(os.listdir(root / "dev")) == ["log", "pointer", "revisions"]
    assert len(logged(root)) == 4


def test_a_share_with_neither_is_refused_before_anything_is_built(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> bool:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(target))

    first = publish(seen(root))
    refuse_links(monkeypatch)
    monkeypatch.setattr(folder_module, "rename_if_absent", refuse)
    acts: list[Callable[[], object]] = [
        lambda: seen(root).check_writable(),
        lambda: publish(seen(root)),
        lambda: seen(root).set_pin(Pin(first), act("pin")),
    ]
    for do in acts:
        with pytest.raises(RemoteError, match="neither hard links nor a rename that replaces nothing") as caught:
            do()
        assert str(root / "dev") in caught.value.message
        assert "two machines could publish over each other" in caught.value.hint
    assert os.listdir(root / "dev" / "revisions") == [first]
    assert sorted(os.listdir(root / "dev")) == ["log", "pointer", "revisions"]
    assert seen(root).newest() == (first, METADATA)


def test_another_refusal_of_a_link_is_told_as_it_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish(seen(root))
    refuse_links(monkeypatch, errno.ENOSPC)
    with pytest.raises(RemoteError, match="No space left on device"):
        publish(seen(root))
    assert os.listdir(root / "dev" / "revisions") == [first]
