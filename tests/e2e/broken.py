"""An index that does one wrong thing to whoever asks it: it hangs, trickles, breaks off or fails."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def broken_index(kind: str) -> Iterator[str]:
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
