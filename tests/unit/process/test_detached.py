"""A program that is let go: it outlives the one that has started it, and holds nothing of it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.children import children

from rezup_api.process.detached import start_detached

if TYPE_CHECKING:
    from pathlib import Path

ASKED = """
import json, os, signal, sys
places = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")]
told = {
    "read": sys.stdin.read(), "session": os.getsid(0), "folder": os.getcwd(), "SHOW": os.environ.get("SHOW"),
    "blocked": [int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "open": [os.readlink(place) for place in places if os.path.lexists(place)],
}
open(sys.argv[1] + ".new", "w").write(json.dumps(told))
os.rename(sys.argv[1] + ".new", sys.argv[1])
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


def waited_for(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"there is no {path}"
        time.sleep(0.01)
    return path.read_text(encoding="utf-8")


def test_it_reads_its_text_and_has_nothing_else_of_the_caller(tmp_path: Path) -> None:
    held = os.open(tmp_path / "lease", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(held, True)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        words = [sys.executable, "-c", ASKED, str(tmp_path / "told")]
        assert start_detached(words, {**os.environ, "SHOW": "\udcff"}, b"caf\xc3\xa9")
        told = json.loads(waited_for(tmp_path / "told"))
    finally:
        os.close(held)
    assert told["read"] == "caf\u00e9"
    assert told["SHOW"] == "\udcff"
    assert told["folder"] == "/"
    assert told["blocked"] == []
    assert told["session"] != os.getsid(0)
    assert str(tmp_path / "lease") not in told["open"]
    assert [one for one in told["open"] if one.startswith(("pipe:", "/dev/pts"))] == []


def test_the_caller_has_no_child_of_it() -> None:
    before = children()
    assert start_detached(["/bin/sleep", "1"], os.environ, b"")
    assert children() <= before


def test_nobody_waits_for_a_pipe_that_it_has_not(tmp_path: Path) -> None:
    code = "import os, sys; from rezup_api.process.detached import start_detached; "
    code += "print(start_detached(['/bin/sh', '-c', sys.argv[1]], os.environ, b''))"
    sleeping = f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60"
    done = subprocess.run(
        [sys.executable, "-c", code, sleeping], capture_output=True, text=True, check=True, timeout=50
    )
    assert done.stdout == "True\n"
    process = int(waited_for(tmp_path / "pid"))
    os.kill(process, signal.SIGTERM)


def test_a_program_that_cannot_be_started_is_told_to_the_caller(tmp_path: Path) -> None:
    assert not start_detached([str(tmp_path / "nothing")], os.environ, b"")
