"""The log of hooks' failures: small, whole lines, the user's own."""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.hooks.hook_log import LARGEST, HookFailure, hook_log, note_hook_failure, read_hook_failures

if TYPE_CHECKING:
    from pathlib import Path

ONE = HookFailure("2026-11-24T18:14:40+00:00", "/etc/x: hook[0]", "added", "dev", "1.5", "exit status 3", "no route")


@pytest.fixture
def log(home: Path) -> Path:
    """The log of the user, which does not exist yet."""
    return hook_log({"HOME": str(home)})


def test_it_lies_in_the_state_folder(home: Path) -> None:
    assert hook_log({"HOME": str(home)}) == home / ".local/state/rezup/hooks.log"
    assert hook_log({"HOME": str(home), "XDG_STATE_HOME": "/var/state"}).parts[1:3] == ("var", "state")


def test_failures_come_back_oldest_first(log: Path) -> None:
    other = replace(ONE, when="2026-11-25T00:00:00+00:00", said="é \x1b[0m\nx")
    for failure in (ONE, other):
        note_hook_failure(log, failure)
    assert read_hook_failures(log) == [ONE, other]


@pytest.mark.skipif(os.name == "nt", reason="modes are of another kind there")
def test_nobody_else_can_read_it(log: Path) -> None:
    note_hook_failure(log, ONE)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700


def test_it_stays_small_and_keeps_the_last_ones(log: Path) -> None:
    for number in range(1000):
        note_hook_failure(log, replace(ONE, revision=str(number)))
        assert log.stat().st_size <= LARGEST
    kept = [int(one.revision) for one in read_hook_failures(log)]
    assert kept == list(range(kept[0], 1000))
    assert len(kept) > 50


def test_lines_of_several_writers_do_not_mix(log: Path) -> None:
    def write(name: str) -> None:
        for number in range(50):
            note_hook_failure(log, replace(ONE, container=name, revision=str(number), said="x" * 300))

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read_hook_failures(log)
    assert len(found) == len(log.read_bytes().splitlines())
    assert {one.said for one in found} == {"x" * 300}


def test_damaged_lines_are_passed_over(log: Path) -> None:
    note_hook_failure(log, ONE)
    with log.open("ab") as stream:
        stream.write(b'\xff\n[]\n{"when": "x"}\n' + b"[" * 9000 + b"\n3\n")
        stream.write(
            b'{"when": "never", "where": "", "event": "", "container": "", "revision": "", "why": "", "said": ""}\n'
        )
    note_hook_failure(log, ONE)
    assert read_hook_failures(log) == [ONE, ONE]


def test_a_log_that_cannot_be_written_harms_nobody(log: Path) -> None:
    log.parent.parent.mkdir(parents=True)
    log.parent.write_text("a file where the folder belongs", encoding="utf-8")
    note_hook_failure(log, ONE)
    assert read_hook_failures(log) == []


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")
def test_a_log_that_others_could_have_written_is_not_read(log: Path) -> None:
    note_hook_failure(log, ONE)
    log.chmod(0o666)
    assert read_hook_failures(log) == []
