"""The record of a launch: where it lies, and which files are trusted to be one."""

from __future__ import annotations

import marshal
import os
import random
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup import fastpath
from rezup.fastpath import identity, load, record_path, unseal
from rezup.fastpath.record import Record
from rezup.fastpath.seal import dumped, seal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")


# All fields of a record but those that each test sets.
EMPTY: dict[str, Any] = dict.fromkeys(
    (
        "since",
        "early",
        "early_stamps",
        "shared",
        "mounted",
        "script",
        "variables",
        "stamps",
        "revision",
        "values",
        "prefix",
        "removed",
        "opening",
        "parent",
    ),
    (),
)


def made(**changes: object) -> Record:
    """A record that depends on nothing."""
    fields: dict[str, Any] = {**EMPTY, "settled": True, "identity": identity(), "written": time.time() - 1, **changes}
    return Record(**fields)


def test_each_request_has_a_record_of_its_own(home: Path) -> None:
    environ = {"HOME": str(home)}
    requests = [("dev", local, command) for local in (True, False) for command in (None, ["a"])]
    roots = [
        {},
        {"REZUP_ROOT_LOCAL": "/a"},
        {"REZUP_ROOT_REMOTE": "/a"},
        {"REZUP_RECIPES": "/a"},
        {"REZUP_REVISION": "/a"},
    ]
    paths = [record_path(request, {**environ, **root}) for request in requests for root in roots]
    assert len(set(paths)) == len(paths)
    assert record_path(("dev", False, ["a"]), environ) == record_path(("dev", False, ["b"]), environ)


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "here"}, {"HOME": "/a", "XDG_CACHE_HOME": "here"}])
def test_without_a_home_there_is_no_place_for_records(environ: dict[str, str]) -> None:
    assert record_path(("dev", False, None), environ) == ""
    assert load("") is None


def write(path: Path, content: bytes, mode: int = 0o600) -> str:
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    record = made(prefix="/a/bin", values={"A": "b", "C": None}, script=("site.py", compile("1", "site.py", "exec")))
    found = load(write(tmp_path / "record", dumped(record)))
    assert found is not None
    assert vars(found) == vars(record)
    assert (found.prefix, found.values) == ("/a/bin", {"A": "b", "C": None})


def test_a_record_is_taken_if_it_can_be_trusted(tmp_path: Path) -> None:
    good = made()
    path = tmp_path / "record"
    assert vars(load(write(path, dumped(good)))) == vars(good)
    for mode in (0o640, 0o604, 0o620, 0o602, 0o666):
        assert load(write(path, dumped(good), mode)) is None, f"others may read or write it: {mode:o}"
    (tmp_path / "link").symlink_to(path)
    write(path, dumped(good))
    assert load(str(tmp_path / "link")) is None
    if os.getuid() == 0:
        os.chown(path, 65534, 65534)
        assert load(str(path)) is None, "somebody else's"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 200,
        b"rubbish",
        marshal.dumps(tuple(range(17))),
        *(
            seal(value, sys.version)
            for value in ((), 17, (True, "x"), None, "text", {}, {"identity": identity()}, {1: 2})
        ),
        seal(vars(made()), "another Python"),
    ],
)
def test_what_is_no_record_of_this_python_is_none(tmp_path: Path, content: bytes) -> None:
    assert load(write(tmp_path / "record", content)) is None


def test_a_record_cut_short_or_changed_is_none(tmp_path: Path) -> None:
    whole = dumped(made(values={"A": "b"}))
    for length in range(len(whole)):
        assert load(write(tmp_path / "record", whole[:length])) is None
    draw = random.Random(1)
    for _ in range(500):
        at = draw.randrange(len(whole))
        changed = bytes([whole[at] ^ draw.randrange(1, 256)])
        assert load(write(tmp_path / "record", whole[:at] + changed + whole[at + 1 :])) is None


def test_a_record_of_another_rezup_or_of_the_future_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "record"
    assert load(write(path, dumped(made(written=time.time() + 60)))) is None, "the clock was set back"
    write(path, dumped(made()))
    assert load(str(path)) is not None
    monkeypatch.setattr(fastpath, "VERSION_FILE", __file__)
    assert load(str(path)) is None


@pytest.mark.parametrize("value", [(), ("a", 1, 2.5, None), {"a": (b"b",)}])
def test_what_is_sealed_is_unsealed_by_who_knows_the_salt(value: Any) -> None:
    assert unseal(seal(value)) == value
    assert unseal(seal(value, "salt"), "salt") == value
    for data in (seal(value, "salt"), seal(value)[:-1], seal(value) + b"0", b"", marshal.dumps(value)):
        with pytest.raises(ValueError, match="damaged"):
            unseal(data)
