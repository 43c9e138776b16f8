"""The log of a container on a real folder: reading it, continuing it, killed and slow writers, and lost answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.published.entries import act_of, chain_of, following, published
from tests.unit.published.logs import Lost, Share, Watched, spoil
from tests.unit.studio import A, B

from rezup_api.errors import RemoteError
from rezup_api.published.log import ATTEMPTS, OutrunError, UndecidedError, decided_anew
from rezup_api.published.log_entry import CHAIN, Entry, parse_entry
from rezup_api.storage.folder import SharedFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_where_nothing_is_there_is_no_log(share: Share) -> None:
    assert share.head() is None
    assert not share.homes.exists(), "nothing was accepted"
    assert share.log().place_for_next(None) == 1


def test_each_act_is_the_next_entry(share: Share) -> None:
    entries = share.acts(3)
    assert [entry.generation for entry in entries] == [1, 2, 3]
    assert [entry.chain[:1] for entry in entries] == [(), (entries[0].link,), (entries[1].link,)]
    for entry in entries:
        assert share.path(entry.generation).read_bytes() == entry.data
    assert share.pointer.read_bytes() == entries[-1].data
    assert share.head() == share.head("bo") == entries[-1]
    assert share.accepted("ana").read() == share.accepted("bo").read() == entries[-1]
    assert sorted(os.listdir(share.root / "dev")) == ["log", "pointer"]
    assert share.told == []


def test_a_reader_asks_twice_and_never_lists(share: Share) -> None:
    share.acts(50)
    for first in (["dev/pointer"], ["dev/pointer", "dev/log/50.json"]):
        storage = Watched(share.root)
        head = share.log("bo", storage).head()
        assert head is not None
        assert head.generation == 50
        assert storage.asked == [first, ["dev/log/51.json"]]


class Stopping(SharedFolder):
    """A share whose pointer cannot be written any more."""

    error: BaseException = RemoteError("no answer")

    def put(self, name: str, data: bytes) -> None:
        raise self.error


@pytest.mark.parametrize("error", [RemoteError("no answer"), KeyboardInterrupt()], ids=["failure", "interrupt"])
def test_an_entry_without_its_pointer_counts(share: Share, error: BaseException) -> None:
    first = share.act()
    storage = Stopping(share.root)
    storage.error = error
    second = share.act("bo", storage)
    assert share.pointer.read_bytes() == first.data
    warned = ["it is done; the next writer must put the pointer right: no answer"]
    assert share.told == (warned if isinstance(error, RemoteError) else [])
    assert share.head("ana") == share.head("bo") == share.head("new") == second
    third = share.act("cy")
    assert third.chain[0] == second.link
    assert share.pointer.read_bytes() == third.data


class Slow(SharedFolder):
    """A share on which something happens before the pointer is written."""

    before: Callable[[], object] | None = None

    def put(self, name: str, data: bytes) -> None:
        before, self.before = self.before, None
        if before is not None:
            before()
        super().put(name, data)


def test_a_slow_writer_puts_right_the_pointer_that_it_has_put_back(share: Share) -> None:
    storage = Slow(share.root)
    storage.before = lambda: share.acts(3, "bo")
    first = share.act("ana", storage)
    pointed = parse_entry(share.pointer.read_bytes())
    assert (first.generation, pointed.generation) == (1, 4)
    assert share.head("ana") == share.head("new") == pointed


ERRORS = pytest.mark.parametrize("error", [RemoteError("no answer"), KeyboardInterrupt()], ids=["failure", "interrupt"])


@ERRORS
def test_an_act_whose_answer_is_lost_has_happened_once(share: Share, error: BaseException) -> None:
    share.act()
    made = share.act("bo", Lost(share.root, error))
    assert made.generation == 2
    assert share.head("ana") == share.head("bo") == made
    assert share.pointer.read_bytes() == made.data
    assert sorted(os.listdir(share.root / "dev" / "log")) == ["1.json", "2.json"]


@ERRORS
def test_an_act_that_has_not_happened_is_an_error(share: Share, error: BaseException) -> None:
    first = share.act()
    with pytest.raises(type(error)) as caught:
        share.act("bo", Lost(share.root, error, creates=False))
    assert caught.value is error
    assert share.head("bo") == first
    assert os.listdir(share.root / "dev" / "log") == ["1.json"]


@ERRORS
@pytest.mark.parametrize("creates", [True, False])
def test_an_act_of_which_nothing_can_be_known_says_so(share: Share, error: BaseException, creates: bool) -> None:
    first = share.act()
    with pytest.raises(UndecidedError) as caught:
        share.act("bo", Lost(share.root, error, creates=creates, answers=False))
    assert caught.value.__cause__ is error
    assert "it cannot be known whether this was done (pin of dev)" in caught.value.message
    assert "the share does not answer" in caught.value.message
    assert caught.value.hint == f"look when {share.root} answers again: rezup history dev"
    head = share.head("ana")
    assert head is not None
    assert head.generation == (2 if creates else 1)
    assert share.pointer.read_bytes() == first.data


class Repeating(SharedFolder):
    """A share that repeats a request whose answer it has not received, and tells of the second one."""

    def put_if_absent(self, name: str, data: bytes) -> bool:
        super().put_if_absent(name, data)
        return super().put_if_absent(name, data)


def test_an_act_that_the_share_has_repeated_is_ones_own(share: Share) -> None:
    made = share.act("ana", Repeating(share.root))
    assert share.head("bo") == made
    assert share.pointer.read_bytes() == made.data


def test_an_interrupt_after_the_act_does_not_undo_it(share: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(entry: Entry) -> None:
        raise KeyboardInterrupt

    log = share.log()
    monkeypatch.setattr(log._accepted, "write", interrupted)
    entry = following(None)
    log.append(entry)
    assert share.head("bo") == entry


def test_who_is_slower_is_told_so(share: Share) -> None:
    slow = share.log("bo")
    head = share.act()
    assert slow.head() == head
    entry = following(head, slow.place_for_next(head), act=act_of(who="bo"))
    share.act()
    for attempt in (lambda: slow.place_for_next(head), lambda: slow.append(entry)):
        with pytest.raises(OutrunError, match="others keep changing dev") as caught:
            attempt()
        assert str(share.root) in caught.value.message
    assert share.path(2).read_bytes() != entry.data


@pytest.mark.parametrize("in_the_way", [0, 1, 20])
def test_two_who_begin_a_log_begin_one(share: Share, in_the_way: int) -> None:
    for number in range(1, 1 + in_the_way):
        spoil(share, following(None), number, "garbage")
    slow = share.log("bo")
    assert slow.head() is None
    made = share.act("ana")
    with pytest.raises(OutrunError):
        slow.place_for_next(None)
    assert share.head("bo") == made
    assert share.act("bo").chain[0] == made.link


def test_an_entry_is_read_by_its_number(share: Share) -> None:
    entries = share.acts(3)
    share.path(4).write_bytes(entries[0].data)
    assert [share.log().entry(number) for number in range(1, 6)] == [*entries, None, None]


def numbers(entries: Iterator[Entry]) -> list[int]:
    """The numbers of entries."""
    return [entry.generation for entry in entries]


def test_the_entries_below_come_newest_first(share: Share) -> None:
    entries = chain_of(100)
    share.lay(*entries)
    log = share.log()
    assert numbers(log.below(entries[-1], 1000)) == list(range(100, 0, -1))
    for count in (1, 2, CHAIN, CHAIN + 1, CHAIN + 2, 70, 100):
        assert numbers(log.below(entries[-1], count)) == list(range(100, 100 - count, -1))
    assert numbers(log.below(entries[0], 10)) == [1]


@pytest.mark.parametrize("lost", [99, 80, 100 - CHAIN, 30, 1])
@pytest.mark.parametrize("content", [b"garbage", b""])
def test_the_entries_below_end_early_where_one_is_missing(share: Share, lost: int, content: bytes) -> None:
    entries = chain_of(100)
    share.lay(*entries)
    if content:
        share.path(lost).write_bytes(content)
    else:
        share.path(lost).unlink()
    assert numbers(share.log().below(entries[-1], 1000)) == list(range(100, lost, -1))


def test_an_entry_below_that_is_another_one_ends_them_too(share: Share) -> None:
    entries = chain_of(10)
    share.lay(*entries)
    share.lay(following(entries[3], 5, act=act_of(message="another")))
    assert numbers(share.log().below(entries[-1], 1000)) == [10, 9, 8, 7, 6]


def test_void_numbers_are_not_among_the_entries_below(share: Share) -> None:
    first = share.act()
    spoil(share, first, 2, "garbage")
    last = share.acts(2)[-1]
    assert numbers(share.log().below(last, 10)) == [4, 3, 1]


def test_earlier_publications_are_found_through_the_entries_that_published_them(share: Share) -> None:
    entry: Entry | None = None
    timestamps = [f"17000{number:05}.000000" for number in range(200)]
    for timestamp in timestamps:
        entry = published(entry, timestamp)
        share.lay(entry)
    assert entry is not None
    recent = [one.timestamp for one in entry.state.recent]
    storage = Watched(share.root)
    earlier = [one.timestamp for one in share.log("ana", storage).earlier(entry)]
    assert list(dict.fromkeys([*recent, *earlier])) == timestamps[::-1]
    assert len(storage.asked) < 10


def test_earlier_publications_are_believed_only_of_the_entries_that_are_named(share: Share) -> None:
    entries: list[Entry] = []
    for number in range(100):
        entries.append(published(entries[-1] if entries else None, f"17000{number:05}.000000"))
    share.lay(*entries)
    last = entries[-1]
    oldest = last.state.recent[-1]
    assert len(list(share.log().earlier(last))) > 32
    share.lay(published(entries[oldest.generation - 2], "1600000000.5"))
    assert list(share.log().earlier(last)) == []
    share.path(oldest.generation).unlink()
    assert list(share.log().earlier(last)) == []


def test_nothing_is_earlier_than_the_first_publication(share: Share) -> None:
    entry = published(following(None), A)
    share.lay(entry)
    assert list(share.log().earlier(entry)) == []
    second = published(entry, B)
    assert [one.timestamp for one in share.log().earlier(second)] == [A]


def test_a_share_that_cannot_be_read_is_an_error(share: Share) -> None:
    share.act()
    share.root.rename(share.root.with_name("away"))
    for user in ("ana", "bo"):
        with pytest.raises(RemoteError, match="is not there"):
            share.head(user)


def test_an_act_is_decided_anew_until_nobody_is_faster() -> None:
    tries = []

    def attempt() -> int:
        tries.append(1)
        if len(tries) < 5:
            raise OutrunError("others", "")
        return len(tries)

    assert decided_anew(attempt) == 5


def test_an_act_is_not_tried_for_ever() -> None:
    tries = []

    def attempt() -> None:
        tries.append(1)
        raise OutrunError("others are faster", "try again")

    with pytest.raises(OutrunError, match="others are faster"):
        decided_anew(attempt)
    assert len(tries) == ATTEMPTS


def test_what_fails_otherwise_is_not_tried_again() -> None:
    tries = []

    def attempt() -> None:
        tries.append(1)
        raise UndecidedError("nobody knows", "")

    with pytest.raises(UndecidedError):
        decided_anew(attempt)
    assert tries == [1]
