"""Interpreters that rezup provides, with a real one: downloaded from a server, used, shared, interrupted, cleaned up."""

from __future__ import annotations

import os
import signal
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.unit.interpreter_archive import entry, write_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the archive of these tests is for Linux")
VERSION = ".".join(map(str, sys.version_info[:3]))
RECIPE = '[rez]\nurl = "rez==3.4.0"\npython = "{version}"\n[python]\nprovide = "always"\nmirror = "{mirror}"\n'


# Into these uv writes where it has put the interpreter.
PATCHED = ("_sysconfigdata", "Makefile", "python-config", "pkgconfig")


class Server:
    """Serves the files of a folder; `asked` are the paths that were asked for, `slow` lets archives come down slowly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.slow = False
        outer = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if outer.slow and self.path.endswith(".gz"):
                    self.send_response(200)
                    self.send_header("Content-Length", "100000000")
                    self.end_headers()
                    self.wfile.write(b"\x1f\x8b")
                    self.wfile.flush()
                    time.sleep(20)
                    return
                super().do_GET()

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def archives(self) -> int:
        """How often an archive was asked for."""
        return sum(path.endswith(".gz") for path in self.asked)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of these tests, packed as interpreters are published: without what others have installed into it."""
    folder = tmp_path_factory.mktemp("packed")
    path = folder / f"cpython-{VERSION}+20240107-{os.uname().machine}-unknown-linux-gnu-install_only.tar.gz"
    minor = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    unwanted = ("test", "site-packages", "__pycache__", "idlelib", "tkinter", "turtledemo", "lib2to3")

    def wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        parts = member.name.split("/")
        return None if set(parts) & set(unwanted) or member.name.endswith(".a") else member

    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for part in (f"bin/{minor}", f"lib/{minor}", f"include/{minor}"):
            archive.add(Path(sys.base_prefix) / part, f"python/{part}", filter=wanted)
        for library in Path(sys.base_prefix, "lib").glob("libpython*"):
            archive.add(library, f"python/lib/{library.name}", filter=wanted)
    return path


@pytest.fixture
def server(packed: Path, tmp_path: Path) -> Iterator[Server]:
    """A server with the archive and a list that names it."""
    served = Server(packed.parent)
    write_list(packed.parent / "downloads.json", entry(packed, f"{served.url}/{quote(packed.name)}"))
    yield served
    served.close()


def lines(folder: Path) -> list[str]:
    """The list of the files of an interpreter, with their digests."""
    return (folder / "files.json").read_text(encoding="utf-8").splitlines()


def about(machine: Machine) -> list[Path]:
    """The folders of provided interpreters."""
    return [path.parent for path in (machine.root / ".pythons").glob("*/python.json")]


def test_a_revision_runs_with_it_and_a_second_machine_gets_the_same(
    machine: Machine, new_machine: Callable[[], Machine], server: Server
) -> None:
    machine.recipe(RECIPE.format(version=VERSION, mirror=f"{server.url}/downloads.json"))
    told = machine.run("add", "--skip-use").stderr
    assert f"Provided Python {VERSION}" in told
    (folder,) = about(machine)
    code = "import sys, ssl, sqlite3; print(sys._base_executable)"
    python = machine.revisions()[0] / "venv" / "rez" / "bin" / "python"
    ran = machine.run("use", "--", str(python), "-c", code, PATH="/usr/bin:/bin").stdout.strip()
    assert Path(ran).is_relative_to(folder)
    assert "hi" in machine.run("use", "--", "rez-env", "--", "echo", "hi", PATH="/usr/bin:/bin").stdout
    (listed, *_) = machine.json("python", "list")["pythons"]
    assert (listed["version"], listed["users"]) == (VERSION, [f".main@{machine.revisions()[0].name}"])
    assert str(folder) in machine.run("python", "list").stdout
    library = next(folder.rglob("argparse.py"))
    library.chmod(0o644)
    library.write_text("raise SystemExit('damaged')", encoding="utf-8")
    (finding,) = machine.json("verify", status=8)["found"]
    assert (finding["kind"], finding["path"]) == ("python", str(library))
    assert "is as it was made" in machine.run("verify", "--repair").stdout
    asked = server.archives
    machine.run("add", "--skip-use")
    assert server.archives == asked == 2
    other = new_machine()
    other.run("python", "install", VERSION, "--mirror", f"{server.url}/downloads.json")
    (second,) = about(other)
    assert second.name == folder.name
    differing = set(lines(folder)) ^ set(lines(second))
    assert {line for line in differing if not any(part in line for part in PATCHED)} == set(), "only what uv patches"


def test_twenty_at_once_download_it_once(machine: Machine, server: Server) -> None:
    def install(_: int) -> str:
        words = ("python", "install", VERSION, "--mirror", f"{server.url}/downloads.json", "--json")
        return machine.run(*words).stdout

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(install, range(20)))) == 1
    assert server.archives == 1
    assert len(about(machine)) == 1
    assert not (machine.root / ".pythons" / ".staging").exists()


def test_a_download_that_was_killed_is_taken_up_again(machine: Machine, server: Server) -> None:
    words = ("python", "install", VERSION, "--mirror", f"{server.url}/downloads.json")
    server.slow = True
    process = machine.start(*words)
    deadline = time.monotonic() + 60
    while not server.archives and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert about(machine) == []
    server.slow = False
    machine.run(*words)
    assert len(about(machine)) == 1
    assert not (machine.root / ".pythons" / ".staging").exists()


def test_gc_removes_what_no_revision_uses(machine: Machine, server: Server) -> None:
    machine.run("python", "install", VERSION, "--mirror", f"{server.url}/downloads.json")
    (folder,) = about(machine)
    (machine.root / "dev" / "revisions").mkdir(parents=True)
    machine.run("gc", "dev")
    assert folder.exists(), "it may be for a revision that is about to be made"
    os.utime(folder / "python.json", (1, 1))
    machine.run("gc", "dev")
    assert not folder.exists()
