"""`revision.json`: what is written is read again, and what other versions of rezup wrote is understood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api.errors import StorageError
from rezup_api.store.metadata import FORMAT, Environment, Metadata, parse_metadata, read_metadata

if TYPE_CHECKING:
    from pathlib import Path

FULL = Metadata(
    format=FORMAT,
    rezup_version="3.0.0",
    creator="ana",
    hostname="ws12",
    created="2026-01-31T10:00:00+00:00",
    message='new "Maya",\nfür alle',
    platform="linux-x86_64",
    environments=(
        Environment("rez", "3.11.7", "/usr/bin/python3.11", "3.4.0", 1234),
        Environment("foo", "2.7.18", "/opt/python2.7", "2.114.1", 99),
    ),
    libraries=("production-0123456789abcdef",),
    remote="/studio/rezup",
)


@pytest.mark.parametrize("metadata", [FULL, Metadata(format=FORMAT, rezup_version="3.0.0")])
def test_what_is_written_is_read_again(metadata: Metadata) -> None:
    assert parse_metadata(metadata.to_json()) == metadata


def test_it_is_what_rezup_2_reads_too() -> None:
    """rezup 2.x lists a revision by these keys, and finds its environments by `venvs`."""
    document = json.loads(FULL.to_json())
    assert document["rezup_version"] == "3.0.0"
    assert document["creator"] == "ana"
    assert document["venvs"] == ["rez", "foo"]
    assert "für alle" in FULL.to_json(), "people read it"


def test_what_it_tells() -> None:
    assert FULL.rez_version == "3.4.0"
    assert FULL.size == 1333
    assert Metadata(format=1, rezup_version="3.0.0").rez_version == ""


REZUP_2 = {"rezup_version": "2.6.0", "creator": "bo", "hostname": "vm", "revision_path": "/x", "venvs": ["rez", "foo"]}
REZUP_1 = {"creator": "cy", "hostname": "vm"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            REZUP_2,
            Metadata(0, "2.6.0", creator="bo", hostname="vm", environments=(Environment("rez"), Environment("foo"))),
        ),
        (REZUP_1, Metadata(0, "", creator="cy", hostname="vm")),
        ({}, Metadata(0, "")),
        ({"format": 7, "rezup_version": "4.0", "something": {"new": 1}}, Metadata(7, "4.0")),
        # Whatever a person has written into it by hand, it is no fault of rezup's own.
        ({"format": True, "rezup_version": None, "creator": 5}, Metadata(0, "", creator="5")),
        ({"venvs": "rez"}, Metadata(0, "")),
        ({"venvs": 5, "libraries": 7}, Metadata(0, "")),
        ({"libraries": {"a": 1}, "environments": {}}, Metadata(0, "")),
        (
            {"environments": [{"name": "rez", "size": "big"}, {}, 3, {"name": "b", "python": None}]},
            Metadata(0, "", environments=(Environment("rez"), Environment("b"))),
        ),
    ],
)
def test_documents_of_others(document: dict[str, Any], expected: Metadata) -> None:
    assert parse_metadata(json.dumps(document)) == expected


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"x"', "null", "\0"])
def test_what_is_none_is_damaged(tmp_path: Path, text: str) -> None:
    path = tmp_path / "revision.json"
    path.write_text(text)
    with pytest.raises(StorageError, match="is damaged") as caught:
        read_metadata(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_what_is_not_text_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "revision.json").write_bytes(b'{"creator": "\xff"}')
    with pytest.raises(StorageError, match="is damaged"):
        read_metadata(tmp_path / "revision.json")


def test_no_file_is_no_metadata(tmp_path: Path) -> None:
    assert read_metadata(tmp_path / "revision.json") is None
    (tmp_path / "file").touch()
    assert read_metadata(tmp_path / "file" / "revision.json") is None


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "revision.json").mkdir()
    with pytest.raises(StorageError, match="cannot read"):
        read_metadata(tmp_path / "revision.json")
