"""Records: written and read by the same fields, and nothing else is one."""

from __future__ import annotations

import marshal
import os
import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from rezup.fastpath import replay
from rezup.fastpath.record import Record, read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")

RECORD = Record(
    settled=True,
    identity=replay.identity(),
    written=time.time() - 1,
    since=0.0,
    early=(("HOME", "/h"),),
    early_stamps=(("/h/rezup.toml", -2),),
    shared=(("/tmp/hung", (("/share", 0),)),),
    mounted=("/mnt",),
    script=("site.py", compile("x = 1", "site.py", "exec")),
    variables=(("PATH", None),),
    stamps=(("/h/file", (1, 2, 3, 4)),),
    revision="/r/revision.json",
    values={"A": "1", "B": None},
    prefix="/r/bin",
    removed=("/old/bin",),
    opening=("bash", "-i"),
    parent=(),
)


def write(path: Path, content: bytes) -> str:
    """A file of this user's alone."""
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("record", [RECORD, replace(RECORD, settled=False, script=())])
def test_it_is_read_as_it_was_written(tmp_path: Path, record: Record) -> None:
    found = read(write(tmp_path / "record", record.dumped()))
    assert found == record


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        marshal.dumps(tuple(getattr(RECORD, field.name) for field in fields(Record))[:-1]),
        marshal.dumps((*(getattr(RECORD, field.name) for field in fields(Record)), "more")),
        marshal.dumps("text"),
        replace(RECORD, identity=("another",)).dumped(),
        replace(RECORD, written=time.time() + 3600).dumped(),
    ],
    ids=["empty", "no record", "too few", "too many", "another type", "another rezup", "the future"],
)
def test_nothing_else_is_one(tmp_path: Path, content: bytes) -> None:
    assert read(write(tmp_path / "record", content)) is None


def test_one_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert read(str(tmp_path / "none")) is None
