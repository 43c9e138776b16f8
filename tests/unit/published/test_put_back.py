"""Shares that show something else than a user has accepted: older states, other logs, and logs that have gone another way."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.unit.published.entries import NAME, OTHER_NAME, act_of, chain_of, following
from tests.unit.published.logs import METADATA, Share, seen, spoil
from tests.unit.studio import publish, remote_dev

from rezup_api.errors import RemoteError
from rezup_api.published.log_entry import CHAIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.published.published_root import PublishedRoot


def backup(share: Share) -> Callable[[], None]:
    """Keep the state of the share; what is returned puts it back."""
    kept = share.root.with_name(f"backup {share.path(1).parent}".replace("/", "-"))
    shutil.copytree(share.root, kept)

    def restore() -> None:
        shutil.rmtree(share.root)
        shutil.copytree(kept, share.root)

    return restore


def carry_out(error: RemoteError) -> None:
    """Do what the hint of an error proposes."""
    said, _, command = error.hint.partition("accept it: ")
    assert "if it was set up anew on purpose" in said
    word, path = shlex.split(command)
    assert word == "rm"
    os.remove(path)


def test_an_older_state_that_was_put_back_is_not_taken(share: Share) -> None:
    old = share.acts(3)[-1]
    restore = backup(share)
    new = share.acts(2)[-1]
    restore()
    for _ in range(2):
        assert share.head() == new
    text = (
        f"{share.root} shows an older state of dev (entry 3 of its log) than it has shown before (entry 5),"
        " which stays in force"
    )
    assert share.told == [text] * 2
    assert share.head("bo") == old, "who has seen nothing else cannot know"
    made = share.act()
    assert (made.generation, made.chain[0]) == (6, new.link), "whoever knows more goes on from that"
    assert share.head("bo") == share.head("cy") == made


def test_a_pointer_that_was_put_back_alone_is_not_worth_a_warning(share: Share) -> None:
    entries = share.acts(20)
    share.point(entries[0])
    assert share.head() == entries[-1]
    assert share.told == []


@pytest.mark.parametrize("acts", [2, 3, CHAIN + 5])
def test_a_fork_is_refused_until_the_user_accepts_it(share: Share, acts: int) -> None:
    share.acts(3)
    restore = backup(share)
    share.acts(2)
    restore()
    forked = share.acts(acts, "bo")[-1]
    with pytest.raises(RemoteError) as caught:
        share.head()
    assert caught.value.message == f"the log of dev on {share.root} contradicts what this machine has accepted before"
    with pytest.raises(RemoteError):
        share.act()
    assert share.head("bo") == forked
    carry_out(caught.value)
    assert share.head() == forked
    assert share.act().chain[0] == forked.link


@pytest.mark.parametrize("pointer", ["gone", "garbage", 2, 4])
@pytest.mark.parametrize("log", [NAME, OTHER_NAME])
def test_another_entry_under_the_number_of_the_accepted_one_is_refused(
    share: Share, log: str, pointer: str | int
) -> None:
    entries = share.acts(5)
    others = chain_of(5, log=log, act=act_of(who="bo"))
    share.lay(*others)
    if isinstance(pointer, int):
        share.point(others[pointer - 1] if log == OTHER_NAME else entries[pointer - 1])
    elif pointer == "gone":
        share.pointer.unlink()
    else:
        share.pointer.write_bytes(b"garbage")
    expected = "contradicts what" if log == NAME else "has another log"
    with pytest.raises(RemoteError, match=expected) as caught:
        share.head()
    carry_out(caught.value)
    head = share.head()
    assert head is not None
    assert head != entries[-1], "what was accepted no longer counts"


def test_a_fork_that_is_still_behind_is_an_older_state(share: Share) -> None:
    share.acts(3)
    restore = backup(share)
    new = share.acts(2)[-1]
    restore()
    share.act("bo")
    assert share.head() == new
    assert len(share.told) == 1
    assert "shows an older state of dev (entry 4 of its log)" in share.told[0]


@pytest.mark.parametrize("acts", [1, 3, 4, CHAIN + 5])
def test_another_log_is_refused_until_the_user_accepts_it(share: Share, acts: int) -> None:
    share.acts(3)
    shutil.rmtree(share.root / "dev")
    other = chain_of(acts, log=OTHER_NAME)
    share.lay(*other)
    share.point(other[-1])
    with pytest.raises(RemoteError) as caught:
        share.head()
    assert caught.value.message == f"{share.root} has another log of dev than this machine has accepted before"
    assert share.head("bo") == other[-1]
    carry_out(caught.value)
    assert share.head() == other[-1]


def test_a_log_that_is_lost_is_refused_until_the_user_accepts_it(share: Share) -> None:
    share.acts(3)
    shutil.rmtree(share.root / "dev")
    with pytest.raises(RemoteError) as caught:
        share.head()
    assert caught.value.message == f"{share.root} has lost the log of dev"
    carry_out(caught.value)
    assert share.head() is None
    assert share.act().generation == 1


def test_what_a_hint_says_to_remove_is_one_word_for_a_shell(tmp_path: Path) -> None:
    (tmp_path / "remote").mkdir()
    share = Share(tmp_path / "remote", tmp_path / "ana's homes $HOME")
    share.act()
    shutil.rmtree(share.root / "dev")
    with pytest.raises(RemoteError) as caught:
        share.head()
    carry_out(caught.value)
    assert share.head() is None


@pytest.mark.parametrize("kind", ["garbage", "nothing in it", "too large"])
def test_damage_to_what_was_accepted_does_not_matter(share: Share, kind: str) -> None:
    entries = share.acts(3)
    for path in (share.path(3), share.pointer):
        path.unlink()
    spoil(share, entries[1], 3, kind)
    assert share.head() == entries[2], "it is kept here"
    assert share.head("bo") == entries[1]
    assert share.told == []


def test_what_was_accepted_and_is_damaged_is_as_good_as_nothing(share: Share) -> None:
    last = share.acts(3)[-1]
    path = share.accepted().path
    assert path is not None
    path.write_bytes(b"garbage")
    assert share.head() == last
    path.write_bytes(following(last, container="prod").data)
    assert share.head() == last
    assert share.accepted().read() == last


def test_a_user_who_was_away_for_long_takes_what_has_come_since(share: Share) -> None:
    first = share.act("ana")
    assert share.head("ana") == first
    entries = chain_of(4 * CHAIN, first)
    share.lay(*entries)
    share.point(entries[-1])
    assert share.head("ana") == entries[-1]
    assert share.told == []


def test_whoever_has_seen_more_than_the_share_shows_puts_it_right(root: Path, tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    warned: list[str] = []

    def mine() -> PublishedRoot:
        return remote_dev(root, lambda event: warned.append(str(event)), environ)

    first = publish(mine())
    shutil.copytree(root, tmp_path / "backup")
    second = publish(mine())
    shutil.copytree(root / "dev" / "revisions" / second, tmp_path / "kept")
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "backup", root)
    with pytest.raises(RemoteError, match="has lost its files"):
        mine().newest()
    shutil.copytree(tmp_path / "kept", root / "dev" / "revisions" / second)
    assert mine().newest() == (second, METADATA)
    assert len(warned) == 2
    assert "shows an older state of dev" in warned[0]
    assert seen(root).newest() == (first, METADATA)
    third = publish(mine())
    assert seen(root).timestamps() == [third, second, first], "whoever knew more has put it right"
