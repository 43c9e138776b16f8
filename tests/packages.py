"""Packages to install: wheels made from nothing, projects to build, and an index that serves them on this machine."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

SETUP = """\
from setuptools import setup
setup(
    name={name!r},
    version={version!r},
    packages={packages!r},
    package_data={{"": ["*.txt"]}},
    entry_points={entry_points!r},
    install_requires={requires!r},
)
"""


def wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str],
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    entry_points: str = "",
) -> Path:
    """A wheel of `files`, by path in it; `entry_points` is the text of `entry_points.txt`."""
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = f"{stem}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    every = {
        **files,
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
        **({f"{metadata}/entry_points.txt": entry_points} if entry_points else {}),
    }
    record = [f"{path},{_digest(text)},{len(text.encode())}" for path, text in every.items()]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py2.py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in every.items():
            archive.writestr(inner, text)
        archive.writestr(f"{metadata}/RECORD", "\n".join([*record, f"{metadata}/RECORD,,"]) + "\n")
    return path


def _digest(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def project(
    folder: Path,
    name: str,
    files: Mapping[str, str],
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    entry_points: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """A project with a `setup.py`, which every Python since 2.7 can build; its folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    packages = sorted({path.rpartition("/")[0].replace("/", ".") for path in files if path.endswith("__init__.py")})
    text = SETUP.format(
        name=name, version=version, packages=packages, entry_points=dict(entry_points or {}), requires=list(requires)
    )
    (folder / "setup.py").write_text(text, encoding="utf-8")
    return folder


def command_lines() -> list[str]:
    """What everybody on this machine can read of the processes that this one has started; empty where there is no `/proc`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if not _stems_from_here(path.parent):
                continue  # another worker's, which may be a test that puts it on a command line
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return found


def _stems_from_here(process: Path) -> bool:
    while process.name not in {"0", "1"}:
        if process.name == str(os.getpid()):
            return True
        parent = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()[1]
        process = process.with_name(parent)
    return False


@dataclass
class Index:
    """An index of wheels on a port of this machine (PEP 503), while it is entered.

    Args:
        folder: the wheels.
        login: user and password that it asks for, none if empty.
        digests: the SHA-256 that it gives for files, by their names.
        secret: looked for, at every request, in the command lines of all processes; `seen` holds those that have it.
    """

    folder: Path
    login: str = ""
    secret: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def url(self, login: str = "") -> str:
        """The address of the index, with a login in it if one is given."""
        assert self._server is not None
        return f"http://{login}{'@' if login else ''}127.0.0.1:{self._server.server_port}/simple"

    def answer(self, path: str, authorization: str) -> tuple[int, bytes]:
        """The status and the body for a request."""
        self.asked.append(path)
        if self.secret:
            self.seen += [line for line in command_lines() if self.secret in line]
        if self.login and authorization != "Basic " + base64.b64encode(self.login.encode()).decode():
            return 401, b""
        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["files"] and (self.folder / parts[-1]).is_file():
            return 200, (self.folder / parts[-1]).read_bytes()
        names = sorted(self.folder.glob("*.whl"))
        fitting = [path.name for path in names if path.name.split("-")[0].replace("_", "-").lower() == parts[-1]]
        if parts[:1] == ["simple"] and len(parts) == 2 and fitting:
            links = "".join(f'<a href="/files/{name}{self._fragment(name)}">{name}</a><br>' for name in fitting)
            return 200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        return 404, b""

    def _fragment(self, name: str) -> str:
        return f"#sha256={self.digests[name]}" if name in self.digests else ""

    def __enter__(self) -> Index:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = index.answer(self.path, self.headers.get("Authorization") or "")
                self.send_response(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.send_header("Content-Type", "text/html" if "/simple/" in self.path else "application/octet-stream")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
