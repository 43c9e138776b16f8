"""The parts of the quick launch: which command lines it takes, which records it trusts, what a stamp shows."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from rezup import fastpath
from rezup.fastpath import EXISTS, stamp
from rezup_api.session.descriptors import closes_descriptors

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        ([], (".main", False, None)),
        (["use"], (".main", False, None)),
        (["use", "dev"], ("dev", False, None)),
        (["use", "dev@~1", "-l"], ("dev@~1", True, None)),
        (["use", "-q", "--local", "dev", "--", "a"], ("dev", True, ["a"])),
        (["--", "a", "--", "-n"], (".main", False, ["a", "--", "-n"])),
        (["use", "--", ""], (".main", False, [""])),
    ],
)
def test_usual_command_lines(words: list[str], request_: tuple[str, bool, list[str] | None]) -> None:
    assert fastpath.scan(words) == request_


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["-q", "use"],
        ["-V"],
        ["use", "--"],
        ["use", "a", "b"],
        ["use", "-n", "--", "a"],
        ["use", "--strict", "dev", "--", "a"],
        ["use", "-d", "script"],
        ["use", "-h"],
        ["use", "-D", "--", "a"],
        ["use", "-ql", "--", "a"],
        ["use", "--loc", "--", "a"],
        ["use", ""],
        ["use", "../dev"],
    ],
)
def test_all_others_are_the_ordinary_paths(words: list[str]) -> None:
    assert fastpath.scan(words) is None


def test_a_stamp_shows_every_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seen = [stamp(str(path))]

    def differs() -> None:
        time.sleep(0.02)  # more than a tick of the file system's clock
        seen.append(stamp(str(path)))
        assert seen.count(seen[-1]) == 1

    path.symlink_to(tmp_path / "nowhere")
    differs()
    path.unlink()
    path.write_text("one", encoding="utf-8")
    differs()
    times = path.stat()
    path.write_text("two", encoding="utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    differs()
    (tmp_path / "other").write_text("two", encoding="utf-8")
    os.utime(tmp_path / "other", ns=(times.st_atime_ns, times.st_mtime_ns))
    (tmp_path / "other").rename(path)
    differs()
    path.unlink()
    assert stamp(str(path)) == seen[0]
    assert stamp(str(path / "below")) == seen[0]


def test_what_only_has_to_exist_may_change(tmp_path: Path) -> None:
    path = tmp_path / "python"
    stamps = [(str(path), EXISTS)]
    assert not fastpath.unchanged(stamps)
    path.touch()
    assert fastpath.unchanged(stamps)
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    assert not fastpath.unchanged(stamps)


@pytest.mark.parametrize(
    ("prefix", "removed", "outer", "path"),
    [
        ("/a", (), "/b:/c", "/a:/b:/c"),
        ("/a", (), "", "/a"),
        ("", (), "/b", "/b"),
        ("/a", ("/c",), "/c:/b::/c", "/a:/b:"),
        ("/a", ("/c",), "/c", "/a"),
    ],
)
def test_path(prefix: str, removed: tuple[str, ...], outer: str, path: str) -> None:
    assert fastpath.session_path(prefix, removed, outer) == path


@pytest.mark.parametrize(
    ("first", "csh"),
    [
        (b"#!/bin/tcsh -f\n", True),
        (b"#!/usr/bin/env csh\n", True),
        (b"#! /usr/bin/env -S tcsh -f\n", True),
        (b"#!{folder}/tcsh-script\n", True),
        (b"#!{folder}/link-to-it\n", True),
        (b"#!/bin/sh\n# csh\n", False),
        (b"#!/bin/sh\n", False),
        (b"#!\n", False),
        (b"\x7fELF csh", False),
        (b"", False),
    ],
)
def test_what_may_close_the_lease_is_left_to_the_ordinary_path(tmp_path: Path, first: bytes, csh: bool) -> None:
    (tmp_path / "script").write_text("#!/bin/tcsh\n", encoding="utf-8")
    (tmp_path / "tcsh-script").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "link-to-it").symlink_to("script")
    path = tmp_path / "program"
    path.write_bytes(first.replace(b"{folder}", os.fsencode(tmp_path)))
    assert fastpath.is_for_csh(str(path)) is csh
    assert csh or not closes_descriptors(str(path)), "what the ordinary path says, it must say too"
    (tmp_path / "shell").symlink_to("/bin/tcsh")
    assert fastpath.is_for_csh(str(tmp_path / "shell"))
    assert fastpath.is_for_csh("/bin/tcsh")


def test_variables_can_be_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "1")
    monkeypatch.delenv("TWO", raising=False)
    before = fastpath.put({"ONE": None, "TWO": "2", "THREE": None})
    assert "ONE" not in os.environ
    assert os.environ["TWO"] == "2"
    fastpath.put(before)
    assert os.environ["ONE"] == "1"
    assert "TWO" not in os.environ
