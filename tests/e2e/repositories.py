"""Rez packages and a user who works with them through the tools of a revision only, and a repository of git on a server."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.e2e.conftest import Machine


def package(repository: Path, name: str, version: str, text: str = "", files: Mapping[str, str] | None = None) -> Path:
    """Put a package into a repository as it is once installed; the folder of that version.

    Args:
        text: what its `package.py` says beyond name and version.
        files: further ones, by their path in the package.
    """
    folder = repository / name / version
    folder.mkdir(parents=True)
    (folder / "package.py").write_text(f'name = "{name}"\nversion = "{version}"\n{text}', encoding="utf-8")
    for path, content in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
        (folder / path).chmod(0o755)
    return folder


@dataclass
class RezUser:
    """Somebody who works with the Rez of a container, with repositories of their own.

    Args:
        machine: where.
        folder: holds the repositories; empty.
        container: the name of the container.
        variables: set for every command, beyond those that name the repositories.
    """

    machine: Machine
    folder: Path
    container: str = ".main"
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in (self.local, self.released, self.sources, self.folder / "tmp"):
            path.mkdir(parents=True)

    @property
    def local(self) -> Path:
        """Packages in development; found before those that were released."""
        return self.folder / "local packages"

    @property
    def released(self) -> Path:
        """Packages for everybody."""
        return self.folder / "released"

    @property
    def sources(self) -> Path:
        """Packages to be built."""
        return self.folder / "sources"

    @property
    def environ(self) -> dict[str, Any]:
        """What configures Rez: nothing of the user's own home folder or of the machine does."""
        repositories = f"{self.local}:{self.released}"
        return {
            "REZ_DISABLE_HOME_CONFIG": "1",
            "REZ_PACKAGES_PATH": repositories,
            "REZ_LOCAL_PACKAGES_PATH": str(self.local),
            "REZ_RELEASE_PACKAGES_PATH": str(self.released),
            "REZ_TMPDIR": str(self.folder / "tmp"),
            "REZ_DEFAULT_SHELL": "sh",
            **self.variables,
        }

    def run(
        self, *words: str, status: int | None = 0, cwd: Path | None = None, **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as `rezup use` does."""
        environ = {**self.environ, **variables}
        return self.machine.run("use", self.container, "--", *words, status=status, cwd=cwd, **environ)

    def told(self, *words: str, cwd: Path | None = None, **variables: Any) -> str:
        """What a command prints on stdout, without blanks around."""
        return self.run(*words, cwd=cwd, **variables).stdout.strip()

    def inside(self, requests: str, command: str, **variables: Any) -> str:
        """What a line for the shell prints in a context of these packages."""
        return self.told("rez-env", "--quiet", *requests.split(), "-c", command, **variables)

    def source(self, name: str, text: str, files: Mapping[str, str] | None = None) -> Path:
        """The folder of a package to be built: `package.py` and further files."""
        folder = self.sources / name
        for path, content in {"package.py": text, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, encoding="utf-8")
        return folder

    def build(self, folder: Path, *options: str) -> str:
        """Build a package and install it among those in development; all that was printed."""
        done = self.run("rez-build", "--install", "--clean", *options, cwd=folder)
        return done.stdout + done.stderr


@dataclass
class GitServer:
    """A repository of git on a port of this machine, which asks for a login, while it is entered.

    Args:
        project: the folder whose files it has.
        folder: where it is made.
        login: user and password.
    """

    project: Path
    folder: Path
    login: str
    asked: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def requirement(self, login: str = "${STUDIO_LOGIN}") -> str:
        """The line of a requirements file that installs the project; `login` stands in the address."""
        assert self._server is not None
        return f"git+http://{login}@127.0.0.1:{self._server.server_port}/tool.git@main"

    def __enter__(self) -> GitServer:
        server = self
        bare = self.folder / "tool.git"
        author = ("-c", "user.name=ana", "-c", "user.email=ana@h")
        for words in (
            ("init", "--quiet", "--initial-branch=main"),
            ("add", "."),
            (*author, "commit", "--quiet", "-m", "all"),
            ("clone", "--quiet", "--bare", ".", str(bare)),
            ("--git-dir", str(bare), "update-server-info"),
        ):
            subprocess.run(["git", *words], cwd=self.project, check=True)

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = "Basic " + base64.b64encode(server.login.encode()).decode()
                if self.headers.get("Authorization") == wanted:
                    server.asked.append(self.path)
                    super().do_GET()
                    return
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(self.folder)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


def wheel_for_python_27(interpreter: Path, folder: Path) -> None:
    """Put a wheel of the last Rez for Python 2.7 into a folder.

    The index has its sources only, and pip makes a wheel of them twice for every environment: six seconds. Where none can be made
    here, pip does that in the test, too.
    """
    pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check"]
    environ = {**os.environ, "PYTHONPATH": str(folder / "tools")}
    for words in (
        ("install", "-q", "--target", str(folder / "tools"), "wheel<0.38"),
        ("wheel", "-q", "--no-deps", "rez==2.114.1"),
    ):
        subprocess.run([*pip, *words], cwd=folder, env=environ, capture_output=True, check=False)
