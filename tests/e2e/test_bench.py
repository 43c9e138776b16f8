"""The benchmarks run, and what they count, all but time, is as it should be; time is not judged here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


MOST_OPERATIONS = 12  # on either root
OURS = ["plain", "revisions-100", "revisions-10000", "dotenv", "init", "remote", "remote-10000"]
SHARED = ["shared", "shared-10000"]
FIRST = ["python", "floor", "uv-run", "uv-run-activated", "activated"]
LAST = ["upgraded", "old-script", "module", "named", "exposed"]
# As strace writes them with -f and -y; the path counted, nothing for what is no look-up or comes too late.
TRACE = {
    '10 execve("/bin/rezup", ["rezup"], 0x7ffc /* 4 vars */) = 0': "/bin/rezup",
    '10 newfstatat(AT_FDCWD</home>, "/root a/x", {st_mode=S_IFREG|0644}, 0) = 0': "/root a/x",
    '10 openat(AT_FDCWD</home>, "there", O_RDONLY) = 3</home/there>': "/home/there",
    '10 newfstatat(3</home/there>, "", {st_mode=S_IFREG|0644}, AT_EMPTY_PATH) = 0': "",
    "10 getdents64(3</home/there>, 0x55 /* 3 entries */, 32768) = 96": "/home/there",
    '11 openat(AT_FDCWD</home>, "/mount/a", O_RDONLY <unfinished ...>': "/mount/a",
    '10 access("/absent", F_OK) = -1 ENOENT (No such file or directory)': "/absent",
    "11 <... openat resumed>) = 3</mount/a>": "",
    "10 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---": "",
    '10 execve("/bin/true", ["/bin/true"], 0x7ffc /* 9 vars */) = 0': "/bin/true",
    '10 openat(AT_FDCWD</home>, "/lib/libc.so.6", O_RDONLY|O_CLOEXEC) = 3</lib/libc.so.6>': "",
    '11 readlink("/mount/link", 0x7ffc, 4096) = -1 EINVAL (Invalid argument)': "/mount/link",
    "10 +++ exited with 0 +++": "",
}


# What a revision takes on the disk, and its byte code, is in test_installed_files.py, too.
@pytest.mark.slow
@pytest.mark.whole
@pytest.mark.skipif(sys.platform == "win32", reason="the benchmarks run on Linux and macOS only")
def test_a_further_revision_takes_little_disk_and_has_all_its_byte_code(
    checkout: Path, need_python: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What it is measured against, rezup 2.6.0, does not run on newer ones.
    python = sys.executable if sys.version_info < (3, 12) else need_python("3.11")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # must not reach what is measured

    done = subprocess.run(
        [python, checkout / "scripts" / "bench.py", "add", "--local-index", "--rounds", "2", "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    ours, theirs = report["measured"]
    assert report["goals"] == {"ratio": 0.15, "disk": 4 * 2**20}
    assert all(0 < item["disk"] <= report["goals"]["disk"] for item in ours["rounds"]), ours
    assert ours["byte_code"]["compiled"] == ours["byte_code"]["sources"] > 500, ours
    assert ours["byte_code"]["used"] == ours["byte_code"]["imported"] > 50, ours
    assert report["met"]["disk"]
    assert report["met"]["byte_code"]
    assert 0 < report["ratio"] < 1
    # The other one copies: counting is as it should be when that shows.
    assert all(item["disk"] > 10 * 2**20 for item in theirs["rounds"]), theirs


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="file operations and memory are measured on Linux only")
def test_a_launch_asks_for_few_files_however_many_revisions_there_are_and_leaves_nothing_in_memory(
    checkout: Path, need_program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    need_program("strace")
    can_mount = bool(shutil.which("bindfs")) and os.access("/dev/fuse", os.R_OK | os.W_OK) and os.getuid() == 0
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # must not reach what is measured

    done = subprocess.run(
        [sys.executable, checkout / "scripts" / "bench.py", "launch", "--alone", "--rounds", "2", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    measured = {item["key"]: item for item in report["measured"]}
    with_share = can_mount or "shared" not in report["left_out"]
    ours = [*OURS, *(SHARED if with_share else [])]
    assert list(measured) == [*FIRST, *ours, *LAST]
    assert set(report["left_out"]) == {"others", *(["shared"] if not with_share else [])}
    assert set(report["met"]) == {"below-uv-run", *(report["goals"].keys() & measured.keys())}
    for item in measured.values():
        assert len(item["took"]) == 2
        assert all(took["cpu"] > 0 and 0 < took["wall"] < 60 for took in item["took"]), item
        assert item["ratio"] > 0
    assert measured["python"]["ratio"] == 1
    assert {key: measured[key]["quick"] for key in (*ours, *LAST)} == dict.fromkeys((*ours, *LAST), True)

    operations = {key: measured[key]["operations"] for key in ours}
    assert operations["plain"] == operations["revisions-100"] == operations["revisions-10000"]
    assert operations["remote"] == operations["remote-10000"]
    assert operations.get("shared") == operations.get("shared-10000")
    assert all(0 < found["local"] <= MOST_OPERATIONS for found in operations.values()), operations
    for key, found in operations.items():
        least, most = (1, MOST_OPERATIONS) if key.startswith(("remote", "shared")) else (0, 0)
        assert least <= found["remote"] <= most, (key, operations)

    nothing = {"processes": 0, "rss": 0}
    assert {key: measured[key]["left"] for key in (*ours, *LAST)} == dict.fromkeys((*ours, *LAST), nothing)
    # uv waits for its child: looking for what is left finds it.
    assert measured["uv-run"]["left"]["processes"] == 1
    assert measured["uv-run"]["left"]["rss"] > 2**20


def test_file_operations_are_counted_until_the_program_runs(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(checkout / "scripts")
    import _traces

    assert list(_traces.named(list(TRACE), "/bin/true")) == [path for path in TRACE.values() if path]


@pytest.mark.skipif(sys.platform == "win32", reason="the benchmarks run on Linux and macOS only")
def test_the_table_shows_what_the_document_holds(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(checkout / "scripts")
    import _launching
    import _timing
    import _traces

    took = [_timing.Took(wall, 0.006) for wall in (0.007, 0.0085, 0.012)]
    plain = _launching.Measured(
        "plain",
        "rezup use: plain",
        "python",
        1.04,
        took,
        True,
        _traces.Operations(5, 6, 83),
        _traces.Left(1, 3 * 2**20),
    )
    init = _launching.Measured("init", "rezup use: init", "python", 1.21, took[:1], False, None, None)
    found = _launching.Found([plain, init], {"shared": "bindfs is not installed"}, 0.07, 0.9)

    _launching.show(found, 3)

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    times = "rezup use: plain 8.50 ms 7.00 ms 12.00 ms 6.00 ms 1.040 (goal: at most 1.05)"
    assert times in lines
    times = "rezup use: init 7.00 ms 7.00 ms 7.00 ms 6.00 ms 1.210 (goal: at most 1.2; no prepared record answered)"
    assert times in lines
    assert "rezup use: plain 5 6 83" in lines
    assert "rezup use: plain 1 3.0 MiB" in lines
    assert "not measured: shared: bindfs is not installed" in lines
    document = _launching.document(found, 3)
    assert document["met"] == {"plain": True, "init": False, "below-uv-run": True, "rezup-2.6.0": True}
    assert [item["key"] for item in json.loads(json.dumps(document))["measured"]] == ["plain", "init"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the benchmarks run on Linux and macOS only")
def test_commands_that_only_look_are_measured(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # must not reach what is measured
    words = [sys.executable, str(checkout / "scripts" / "bench.py"), "ordinary", "--rounds", "1", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report["ratios"]) == set(report["goals"]) == {"version", "status", "status-one", "history"}
    assert report["ratios"]["status"] > 1
    assert report["ratios"]["version"] < report["ratios"]["history"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the benchmarks run on Linux and macOS only")
def test_a_rollback_is_measured(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # must not reach what is measured
    words = [sys.executable, str(checkout / "scripts" / "bench.py"), "rollback", "--rounds", "1", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["beyond"] > 0
    assert report["ratio"] > 1
    assert report["revisions"] == 1000
