"""What holds for every kind of storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.fastpath import stamp
from rezup_api.storage.interface import Witness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.storage.interface import Storage


def follow(names: list[str]) -> str:
    """The next member of a series that is counted from 1."""
    return str(max(map(int, names), default=0) + 1)


def test_nothing_is_found_where_nothing_is(storage: Storage) -> None:
    assert storage.get("dev/labels/a") is None
    assert storage.get_many(["dev/labels/a", "dev"]) == {}
    assert storage.names("") == storage.names("dev/labels") == []
    assert storage.delete("dev/labels/a") is False


def test_what_was_put_is_found_and_replaced(storage: Storage) -> None:
    storage.put("dev/labels/a", b"1")
    storage.put("dev/labels/b", b"2")
    storage.put("dev/labels/a", b"\x003")
    assert storage.get("dev/labels/a") == b"\x003"
    assert storage.get_many(["dev/labels/a", "dev/labels/b", "dev/labels/c"]) == {
        "dev/labels/a": b"\x003",
        "dev/labels/b": b"2",
    }
    assert sorted(storage.names("dev/labels")) == ["a", "b"]
    assert storage.names("dev") == ["labels"], "nothing is left of the writing"
    assert storage.names("", holding="labels") == ["dev"]
    assert storage.names("", holding="revisions") == []


def test_of_many_names_what_cannot_be_used_is_there_without_its_bytes(storage: Storage) -> None:
    storage.put("dev/log/1.json", b"12345")
    storage.put("dev/log/2.json", b"123456")
    storage.put("dev/log/3.json/inner", b"1")
    names = [f"dev/log/{number}.json" for number in range(1, 5)]
    found = storage.get_many(names, 5)
    assert {name: found.get(name) for name in found} == {names[0]: b"12345", names[1]: None, names[2]: None}
    assert storage.get_many(names[:2], 6) == {names[0]: b"12345", names[1]: b"123456"}
    assert storage.get_many([]) == {}


def test_a_name_is_created_once(storage: Storage) -> None:
    assert storage.put_if_absent("dev/log/1.json", b"first")
    assert not storage.put_if_absent("dev/log/1.json", b"second")
    assert storage.get("dev/log/1.json") == b"first"
    assert storage.names("dev") == ["log"]


def test_a_series_grows_by_whole_members(storage: Storage, tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(b"PK")
    assert storage.append("dev/revisions", {"rezup.toml": b"x", "wheels/a.whl": wheel}, follow) == "1"
    assert storage.append("dev/revisions", {"rezup.toml": b"y"}, follow) == "2"
    assert sorted(storage.names("dev/revisions")) == ["1", "2"]
    assert storage.get("dev/revisions/1/wheels/a.whl") == b"PK"
    assert storage.get("dev/revisions/2/rezup.toml") == b"y"
    assert storage.names("dev") == ["revisions"]


def test_a_member_that_cannot_be_made_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(storage.failure):
        storage.append("dev/revisions", {"rezup.toml": b"x", "wheels/a.whl": tmp_path / "none"}, follow)
    assert storage.names("dev/revisions") == []


def test_a_large_content_comes_in_pieces(storage: Storage) -> None:
    content = bytes(range(256)) * 10_000
    storage.put("dev/big", content)
    pieces = b""
    while piece := storage.get_part("dev/big", len(pieces)):
        pieces += piece
    assert pieces == content


def test_what_is_removed_is_gone_with_all_below(storage: Storage) -> None:
    storage.append("dev/revisions", {"rezup.toml": b"x"}, follow)
    storage.append("dev/revisions", {"rezup.toml": b"y"}, follow)
    storage.put("dev/labels/a", b"1")
    storage.delete_below("dev/revisions/1")
    assert storage.names("dev/revisions") == ["2"]
    assert storage.delete("dev/labels/a") is True
    storage.delete_below("dev")
    assert storage.names("") == []
    with pytest.raises(storage.failure):
        storage.delete_below("dev")


def test_its_errors_name_the_place(storage: Storage) -> None:
    storage.put("dev", b"a file where others expect a folder")
    for act in (lambda: storage.names("dev"), lambda: storage.put("dev/labels/a", b"1")):
        with pytest.raises(storage.failure) as caught:
            act()
        assert storage.place in caught.value.message


def test_everybody_with_the_right_to_write_passes(storage: Storage) -> None:
    storage.check_writable("dev/revisions")
    assert storage.append("dev/revisions", {"rezup.toml": b"x"}, follow) == "1"
    storage.check_writable("dev/revisions")
    assert storage.append("dev/revisions", {"rezup.toml": b"x"}, follow) == "2"


def test_a_witness_shows_every_change(storage: Storage) -> None:
    storage.put("dev/labels/a", b"1")
    storage.append("dev/revisions", {"rezup.toml": b"x"}, follow)
    changes: dict[str, Callable[[], object]] = {
        "dev/labels/a": lambda: storage.put("dev/labels/a", b"2"),
        "dev/labels/b": lambda: storage.put("dev/labels/b", b"1"),
        "dev/revisions": lambda: storage.append("dev/revisions", {"rezup.toml": b"y"}, follow),
    }
    for name, change in changes.items():
        files = storage.witness([name]).files
        before = [stamp(str(path)) for path in files]
        assert before == [stamp(str(path)) for path in files]
        change()
        assert before != [stamp(str(path)) for path in files]


def test_a_witness_takes_further_files(tmp_path: Path) -> None:
    witness = Witness((tmp_path / "a",), (tmp_path / "b",), (tmp_path / "c",)).with_files(tmp_path / "d")
    assert witness == Witness((tmp_path / "d", tmp_path / "a"), (tmp_path / "b",), (tmp_path / "c",))
