"""What others put under the names of entries, and in the place of the pointer: nobody is kept from anything by it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.published.entries import OTHER_NAME, document_of, encoded, following
from tests.unit.published.logs import IN_THE_WAY, Share, spoil

from rezup_api.errors import RemoteError
from rezup_api.published import log as log_module
from rezup_api.published.log import VOIDS
from rezup_api.published.log_entry import GREATEST, Entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


posix = pytest.mark.skipif(os.name == "nt", reason="such files are POSIX")


@pytest.fixture
def open_share(open_folder: Path) -> Share:
    """An empty share that everybody may write to."""
    for name in ("remote", "homes", "other"):
        (open_folder / name).mkdir()
        (open_folder / name).chmod(0o777)
    # Somebody without permissions may not be able to read the modules of Python that an act loads, so load them now.
    Share(open_folder / "other", open_folder / "homes").act("somebody")
    return Share(open_folder / "remote", open_folder / "homes")


@posix
@pytest.mark.parametrize("count", [1, 2 * VOIDS])
@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_what_is_in_the_way_is_passed_over(
    open_share: Share, unprivileged: Callable[[Callable[[], None]], None], kind: str, count: int
) -> None:
    share = open_share

    def act() -> None:
        head = share.acts(2)[-1]
        assert share.head("before") == head
        for number in range(3, 3 + count):
            spoil(share, head, number, kind)
        made = share.act("bo")
        assert (made.generation, made.chain[0]) == (3 + count, head.link)
        assert document_of(made)["void"] == [[3, 2 + count]]
        assert share.head("before") == share.head("new") == share.head("bo") == made
        assert share.act("new").generation == 4 + count
        for number in range(3, 3 + count):
            assert os.path.lexists(share.path(number)), "nobody removes it"
        assert share.told == []

    unprivileged(act)
    assert sorted(os.listdir(share.root / "dev")) == ["log", "pointer"]


@posix
def test_a_thousand_things_in_the_way_keep_nobody_from_anything(
    open_share: Share, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    share = open_share

    def act() -> None:
        head = share.acts(2)[-1]
        assert share.head("before") == head
        for number in range(3, 1003):
            spoil(share, head, number, IN_THE_WAY[number % len(IN_THE_WAY)])
        made = share.act("bo")
        assert made.generation == 1003
        assert share.head("before") == share.head("new") == made
        share.pointer.unlink()
        assert share.head("newer") == made, "it is found without the pointer, too"
        after = share.act("ana")
        assert (after.generation, after.chain[0]) == (1004, made.link)
        assert share.pointer.read_bytes() == after.data

    unprivileged(act)
    assert len(os.listdir(share.root / "dev" / "log")) > 1000


@pytest.mark.parametrize(
    ("voids", "pointer", "expected"),
    [(VOIDS, 1, 2 + VOIDS), (VOIDS + 1, 1, 1), (VOIDS + 1, 3 + VOIDS, 3 + VOIDS), (100, 1, 1), (100, 102, 102)],
)
@pytest.mark.parametrize("user", ["new", "before"])
def test_how_far_a_reader_looks_without_the_pointer(
    share: Share, voids: int, pointer: int, expected: int, user: str
) -> None:
    assert VOIDS == 8, "the pages say so"
    first = share.act("before")
    for number in range(2, 2 + voids):
        spoil(share, first, number, "garbage")
    entry = following(first, 2 + voids)
    share.lay(entry)
    share.point(first if pointer == 1 else entry)
    assert pointer in (1, entry.generation)
    head = share.head(user)
    assert head is not None
    assert head.generation == expected


def test_void_numbers_are_counted_anew_after_each_entry(share: Share) -> None:
    last = share.act()
    number = 1
    for _ in range(5):
        for _ in range(VOIDS):
            number += 1
            spoil(share, last, number, "garbage")
        number += 1
        last = following(last, number)
        share.lay(last)
    assert share.head("bo") == last


def test_a_writer_that_was_killed_before_the_pointer_blocks_nobody_behind_what_is_in_the_way(share: Share) -> None:
    first = share.act("before")
    number = 2
    for _ in range(2 * VOIDS):
        spoil(share, first, number, "garbage")
        number += 1
    second = following(first, number)
    share.lay(second)
    assert share.pointer.read_bytes() == first.data
    for user in ("new", "before"):
        made = share.act(user)
        number += 1
        assert made.generation == number
        assert second.link in made.chain
        assert share.pointer.read_bytes() == made.data
        assert share.head("newer") == made


@pytest.mark.parametrize(
    "kind", ["gone", "garbage", "nothing in it", "pipe", "folder", "link", "too large", "old", "prod"]
)
def test_whatever_the_pointer_is_the_newest_is_found(share: Share, kind: str) -> None:
    if os.name == "nt" and kind in ("pipe", "link"):
        pytest.skip("such files are POSIX")
    first = share.act("before")
    last = share.acts(5)[-1]
    share.pointer.unlink()
    if kind == "old":
        share.point(first)
    elif kind == "prod":
        share.point(following(last, container="prod"))
    elif kind != "gone":
        spoil(share, last, 99, kind)
        share.path(99).rename(share.pointer)
    assert share.head("new") == share.head("before") == share.head("ana") == last
    assert share.told == []
    made = share.act("bo")
    assert made.chain[0] == last.link
    assert share.head("newer") == made
    if kind == "folder":
        assert len(share.told) == 1
        assert share.told[0].startswith("it is done; the next writer must put the pointer right: ")
        assert str(share.root) in share.told[0]
    else:
        assert share.told == []
        assert share.pointer.read_bytes() == made.data, "the writer has put it right"


def test_names_that_are_no_numbers_are_passed_over(share: Share) -> None:
    last = share.acts(3)[-1]
    share.pointer.unlink()
    for name in (
        "04.json",
        "٤.json",
        "4.json.bak",
        ".4.json",
        "x.json",
        "4",
        "-4.json",
        "0.json",
        "4.JSON",
        f"{10**9}.json",
    ):
        (share.root / "dev" / "log" / name).write_bytes(following(last).data)
    assert share.head("bo") == last
    assert share.act("bo").generation == 4


@pytest.mark.parametrize("number", [1, 2, 30])
def test_a_log_begins_behind_what_is_in_the_way(share: Share, number: int) -> None:
    for taken in range(1, number):
        spoil(share, following(None), taken, "garbage")
    made = share.act()
    assert (made.generation, made.chain) == (number, ())
    assert share.head("bo") == made
    share.pointer.unlink()
    assert share.head("cy") == made


def test_a_log_without_a_free_number_is_full(share: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "WRITER_VOIDS", 20)
    head = share.act()
    for number in range(2, 22):
        spoil(share, head, number, "garbage")
    with pytest.raises(RemoteError, match=r"the log of dev .* is full"):
        share.act()
    share.path(21).unlink()
    assert share.act().generation == 21


def test_a_log_at_its_last_number_is_full(share: Share) -> None:
    last = following(following(None), GREATEST)
    share.lay(last)
    share.point(last)
    assert share.head() == last
    with pytest.raises(RemoteError, match=r"the log of dev .* is full"):
        share.act()


def test_an_act_that_a_later_writer_could_not_read_is_void_and_its_readers_are_told(share: Share) -> None:
    entries = share.acts(2)
    lost = share.act("bo", message="the good one")
    assert share.head("cy") == lost
    going_on = following(entries[-1], 4)
    share.lay(going_on)
    share.point(going_on)
    assert share.head("cy") == going_on
    assert share.told == ["pin of dev by bo on ws12 is void: a later writer could not read it"]
    assert share.head("cy") == share.head("new") == going_on
    assert len(share.told) == 1, "once"


@posix
def test_a_writer_who_may_not_read_an_entry_goes_on_from_the_one_before(
    open_share: Share, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    share = open_share
    entries = share.acts(2)
    for path in [share.root / "dev", *(share.root / "dev").rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o644)
    lost = share.act("root")
    share.path(3).chmod(0)
    share.point(entries[-1])
    owner = share.path(3).stat().st_uid

    def act() -> None:
        if os.geteuid() == owner:
            share.path(3).unlink()  # whoever owns it can read it, so it has to go for this user
            share.path(3).mkdir()
        made = share.act("nobody")
        assert (made.generation, made.chain[0]) == (4, entries[-1].link)

    unprivileged(act)
    share.path(4).chmod(0o644)
    head = share.head("root")
    assert head is not None
    assert (head.generation, lost.generation) == (4, 3)


def newer(before: Entry | None, generation: int, **more: Any) -> bytes:
    """An entry that only a newer rezup can read."""
    return encoded({**document_of(following(before, generation, **more)), "critical": ["quorum"], "quorum": 2})


def test_an_entry_that_needs_a_newer_rezup_says_so(share: Share) -> None:
    last = share.acts(2)[-1]
    share.path(3).write_bytes(newer(last, 3))
    for user in ("ana", "bo"):
        with pytest.raises(RemoteError, match=r"the log of dev on .* needs a newer rezup") as caught:
            share.head(user)
        assert caught.value.hint == "upgrade: rezup upgrade"
    share.pointer.write_bytes(newer(last, 3))
    share.path(3).unlink()
    for user in ("ana", "bo"):
        with pytest.raises(RemoteError, match="needs a newer rezup"):
            share.head(user)


def test_an_entry_that_needs_a_newer_rezup_is_void_if_it_is_not_of_this_log(share: Share) -> None:
    last = share.acts(2)[-1]
    contents = [
        newer(last, 3, container="prod"),
        newer(last, 5),
        newer(last, 5, log=OTHER_NAME),
        encoded({**document_of(following(last, 6)), "format": 2, "generation": [6]}),
        encoded({"format": 2, "critical": []}),
    ]
    for number, content in enumerate(contents, start=3):
        share.path(number).write_bytes(content)
    assert share.head() == share.head("bo") == last
    assert share.act().generation == 8


def test_a_log_in_ruins_is_told(tmp_path: Path) -> None:
    for name in ("remote", "homes"):
        (tmp_path / name).mkdir()
    share = Share(tmp_path / "remote", tmp_path / "homes")
    share.acts(2)
    for path in (*(share.root / "dev" / "log").iterdir(), share.root / "dev" / "pointer"):
        path.write_bytes(b"garbage")
    share.told.clear()
    assert share.head("new") is None
    assert len(share.told) == 1
    assert share.told[0].startswith("nothing in the log of dev on ")
