"""An index that hangs, trickles, breaks off or fails: a build ends in its time, says why, and older revisions go on working."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Machine

RECIPE = """
[rez]
url = "rez==3.4.0"
lib = ["studio-colours"]
[pip]
engine = "{engine}"
options = ["--extra-index-url={address}", "--retries=0"]
timeout = {timeout}
"""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def index(kind: str) -> Iterator[str]:
    """The address of an index that does one thing to every connection."""
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            if kind == "reset":
                connection.recv(1000)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            connection.recv(1000)
            if kind.isdigit():
                connection.sendall(f"HTTP/1.1 {kind} Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                return
            try:
                connection.sendall(HEAD if kind == "trickle" else b"")
                while not ended.wait(1):
                    connection.sendall(b" " if kind == "trickle" else b"")
            except OSError:
                return  # nobody waits any more

    def accept(listening: socket.socket) -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/simple"
        ended.set()


@pytest.mark.parametrize("engine", ["uv", "pip"])
@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("trickle", "it took longer than [pip] timeout"),
        pytest.param("hang", "it took longer than [pip] timeout", marks=pytest.mark.whole),
        ("reset", "{host}, or a proxy on the way, breaks connections off"),
        ("500", "{host} has an error of its own"),
        pytest.param("503", "{host} has an error of its own", marks=pytest.mark.whole),
    ],
)
def test_a_build_ends_and_says_why(machine: Machine, engine: str, kind: str, hint: str) -> None:
    with index(kind) as address:
        limit = 4 if "timeout" in hint else 300
        machine.recipe(RECIPE.format(engine=engine, address=address, timeout=limit), "dev")
        started = time.monotonic()
        done = machine.run("add", "dev", "--skip-use", status=6)
        host = address.split("/")[2]
        assert hint.format(host=host) in done.stderr
        assert time.monotonic() - started < 100
    assert not list(machine.root.glob("dev/.staging/*"))
