"""The page on memcached, followed with a real server."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.pages import Reader, Spot
from tests.e2e.repositories import package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="memcached is a server for POSIX")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "memcached.md"


@pytest.fixture
def server(need_program: Callable[[str], Path]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server on a free port of this machine: its address, and its process."""
    program = need_program("memcached")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    running = subprocess.Popen([program, *user, "-l", "127.0.0.1", "-p", str(port)])
    try:
        for _ in range(100):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}", running
    finally:
        running.kill()
        running.wait()


def test_the_page(machine: Machine, server: tuple[str, subprocess.Popen[bytes]]) -> None:
    address, running = server
    (machine.home / "studio" / "rezup").mkdir(parents=True)
    package(machine.home / "studio" / "packages", "paint", "1.0")
    started = Spot("Speed up resolves with memcached", "memcached -l cache.studio.example -m 512")
    reader = Reader(machine, changed={"cache.studio.example:11211": address}, not_run={started: "`server` runs here"})
    reader.follow(PAGE.read_text(encoding="utf-8"))
    assert reader.commands >= 5
    machine.run("use", "prod", "--", "rez-memcache", "--warm")
    machine.run("use", "prod", "--", "rez-memcache", "--flush")
    running.kill()
    running.wait()
    assert_works(machine)
    with socket.create_server(("127.0.0.1", int(address.partition(":")[2]))):
        assert_works(machine)  # it takes the connection, and never answers


def assert_works(machine: Machine) -> None:
    told = machine.run("use", "prod", "--", "rez-env", "--quiet", "paint", "-c", "echo $REZ_USED_RESOLVE")
    assert told.stdout == "paint-1.0\n", "without the server too"
    assert told.stderr == ""
