"""A package index on loopback that answers as the public one does: its pages may be kept for ten minutes."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Dict, Iterator, Tuple

if TYPE_CHECKING:
    from pathlib import Path

# https://peps.python.org/pep-0503/
_PAGE = "<!DOCTYPE html><html><body>\n%s</body></html>\n"
Answers = Dict[str, Tuple[str, bytes]]


@contextlib.contextmanager
def serving(wheels: Path) -> Iterator[str]:
    """The address of an index of the wheels in a folder, for the time of the `with` block.

    Args:
        wheels: everything that the index offers.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(_answers(wheels)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answers(wheels: Path) -> Answers:
    """Path → type and content of everything that is served."""
    links: dict[str, str] = {}
    answers: Answers = {}
    for wheel in sorted(wheels.glob("*.whl")):
        content = wheel.read_bytes()
        name = re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0]).lower()
        digest = hashlib.sha256(content).hexdigest()
        links[name] = links.get(name, "") + f'<a href="/files/{wheel.name}#sha256={digest}">{wheel.name}</a><br>\n'
        answers[f"/files/{wheel.name}"] = ("application/octet-stream", content)
    for name, lines in links.items():
        answers[f"/simple/{name}/"] = ("text/html", (_PAGE % lines).encode())
    return answers


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer with the content, or with "304 Not Modified" where it is known already."""
            kind, content = answers.get(self.path, ("", b""))
            if not kind:
                self.send_error(404)
                return
            tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            known = self.headers.get("If-None-Match") == tag
            age = "max-age=365000000, immutable" if self.path.startswith("/files/") else "max-age=600"
            self.send_response(304 if known else 200)
            self.send_header("ETag", tag)
            self.send_header("Cache-Control", f"{age}, public")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", "0" if known else str(len(content)))
            self.end_headers()
            if self.command == "GET" and not known:
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 - the name is the protocol's

        def log_message(self, *words: object) -> None:
            """Say nothing: what is measured prints to the same terminal."""

    return Handler
