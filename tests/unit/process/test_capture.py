"""Files without a name between a process and us."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rezup_api.process.capture import CAN_FOLLOW, Captured, Captures


@pytest.mark.skipif(not CAN_FOLLOW, reason="this system cannot read beside a writer")
def test_reading_does_not_move_where_the_process_writes() -> None:
    captured = Captured()
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"],
        stdin=subprocess.PIPE,
        stdout=captured.file,
        text=True,
    )
    assert child.stdin is not None
    written = ""
    with captured.file:
        for line in ("one\n", "two\n", "three"):
            child.stdin.write(line)
            child.stdin.flush()
            assert written.startswith(captured.text()[: len(written)])
            written += line
        child.stdin.close()
        child.wait()
        assert captured.text() == written
        assert captured.lines() == ["one", "two", "three"]


def test_what_is_no_text_does_no_harm() -> None:
    captured = Captured()
    with captured.file:
        captured.file.write(b"a\xffb\r\nc")
        assert captured.text() == "a\ufffdb\r\nc"
        assert captured.lines() == ["a\ufffdb", "c"]


@pytest.mark.parametrize("text", ["", "gr\u00fcn\n", "undecodable \udcff", "x" * 200_000])
def test_input_is_read_from_its_beginning(text: str) -> None:
    with Captures(text) as files:
        assert files.stdin is not None
        assert files.stdin.file.read() == text.encode("utf-8", "surrogateescape")


def test_all_are_closed_together() -> None:
    with Captures("x") as files:
        pass
    assert files.stdin is not None
    assert [one.file.closed for one in (files.stdin, files.stdout, files.stderr)] == [True] * 3
    with Captures(None) as others:
        assert others.stdin is None
