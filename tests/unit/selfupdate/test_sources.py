"""Which releases a checkout, a folder of wheels or an index has; asked over real connections of this machine."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from tests.packages import wheel

from rezup_api.disk.files import digest_of
from rezup_api.errors import UpgradeError
from rezup_api.selfupdate.sources import Release, releases_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass
class Index:
    """Answers of an index, by path; each with its type."""

    url: str = ""
    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def index() -> Iterator[Index]:
    """An index on a port of this machine."""
    with serving() as found:
        yield found


@contextmanager
def serving() -> Iterator[Index]:
    """An index on a port of this machine, while it is entered."""
    found = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((self.path, self.headers.get("Authorization") or ""))
            kind, body = found.answers.get(self.path, ("", b""))
            elsewhere = found.redirects.get(self.path, "")
            self.send_response(302 if elsewhere else 200 if kind else 404)
            if elsewhere:
                self.send_header("Location", elsewhere)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}/simple"
        yield found
        server.shutdown()


def releases(source: str | Path, netrc: str = "/nowhere") -> list[Release]:
    """What a source has."""
    return releases_of(str(source), limit=30, environ={"NETRC": netrc})


def versions(source: str | Path) -> list[str]:
    """The versions of a source."""
    return [str(release.version) for release in releases(source)]


def put(folder: Path, version: str, *names: str) -> None:
    """Put wheels of a version into a folder."""
    for name in names or ("rezup", "rezup-api"):
        wheel(folder, name, {f"{name.replace('-', '_')}/__init__.py": ""}, version=version)


def page(*links: str) -> tuple[str, bytes]:
    """A page of links."""
    return "text/html", f"<html><body>{''.join(links)}</body></html>".encode()


def link(name: str, version: str, more: str = "", fragment: str = "") -> str:
    """A link to a wheel."""
    file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return f'<a href="../../files/{file}{fragment}" {more}>{file}</a>'


def test_a_folder_has_whole_releases_newest_first(tmp_path: Path) -> None:
    for version in ("3.9.0", "3.10.0", "4.0rc1"):
        put(tmp_path, version)
    put(tmp_path, "5.0", "rezup")
    put(tmp_path, "6.0", "rezup-extras")
    (tmp_path / "nonsense.whl").touch()
    assert versions(tmp_path) == ["4.0rc1", "3.10.0", "3.9.0"]
    assert versions(tmp_path.as_uri()) == versions(tmp_path)
    newest = releases(tmp_path)[0]
    assert [file.name for file in newest.files] == ["rezup", "rezup-api"]
    file = tmp_path / "rezup-4.0rc1-py2.py3-none-any.whl"
    digest = digest_of(str(file))
    assert newest.files[0].line == f"rezup @ {file.as_uri()} --hash=sha256:{digest}"
    put(tmp_path, "4.0rc1")
    assert digest in newest.identity


def test_a_checkout_is_one_release(tmp_path: Path) -> None:
    for name in ("rezup", "rezup_api"):
        source = tmp_path / name / "src" / name
        source.mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").touch()
        (source / "_version.py").write_text('__version__ = "3.1.0"\n', encoding="utf-8")
    (release,) = releases(tmp_path)
    assert str(release.version) == "3.1.0"
    assert [file.line for file in release.files] == [
        f"rezup @ {(tmp_path / 'rezup').as_uri()}",
        f"rezup-api @ {(tmp_path / 'rezup_api').as_uri()}",
    ]
    (tmp_path / "rezup" / "src" / "rezup" / "_version.py").write_text('__version__ = "x y"\n', encoding="utf-8")
    with pytest.raises(UpgradeError, match="cannot read"):
        releases(tmp_path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UpgradeError, match="there is no folder"):
        releases(tmp_path / "none")


def test_an_index_of_pages(index: Index) -> None:
    for name in ("rezup", "rezup-api"):
        index.answers[f"/simple/{name}/"] = page(
            link(name, "3.0", fragment="#sha256=ab"),
            link(name, "3.1", 'data-yanked="broken"'),
            link(name, "3.2", 'data-requires-python="&lt;3"'),
            link(name, "3.3", f'data-requires-python="&gt;={HERE}"'),
            link(name, "3.4", 'data-requires-python="nonsense"'),
            "<a>nothing</a><a href='../../files/other-1.0.tar.gz'>x</a>",
        )
    assert versions(index.url) == ["3.3", "3.0"]
    oldest = releases(f"{index.url}/")[-1]
    address = index.url.replace("/simple", "/files/rezup-3.0-py3-none-any.whl")
    assert oldest.files[0].line == f"rezup @ {address} --hash=sha256:ab"


def test_an_index_of_json(index: Index) -> None:
    for name in ("rezup", "rezup-api"):
        files = [
            {"filename": f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "url": f"/f/{version}", **more}
            for version, more in (
                ("3.0", {"hashes": {"sha256": "cd"}}),
                ("3.1", {"yanked": "broken"}),
                ("3.2", {"requires-python": "<3"}),
            )
        ]
        document = json.dumps({"files": files}).encode()
        index.answers[f"/simple/{name}/"] = ("application/vnd.pypi.simple.v1+json", document)
    (release,) = releases(index.url)
    assert (str(release.version), release.identity) == ("3.0", "cd cd")


@pytest.mark.parametrize("place", ["address", "netrc"])
def test_a_login_is_used_and_not_shown(index: Index, tmp_path: Path, place: str) -> None:
    for name in ("rezup", "rezup-api"):
        elsewhere = '<a href="http://elsewhere.invalid/rezup-9.0-py3-none-any.whl">x</a>'
        index.answers[f"/simple/{name}/"] = page(link(name, "3.0"), elsewhere)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ana password se:cret\n", encoding="utf-8")
    (tmp_path / "netrc").chmod(0o600)
    source = index.url.replace("://", "://ana:se%3Acret@") if place == "address" else index.url
    (release,) = releases(source, str(tmp_path / "netrc") if place == "netrc" else "/nowhere")
    assert {authorization for _, authorization in index.asked} == {"Basic YW5hOnNlOmNyZXQ="}
    assert release.files[0].address.startswith("http://ana:se%3Acret@127.0.0.1:")
    assert "cret" not in release.identity
    assert "cret" not in shown(source)


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [("", b"", "404"), ("application/json", b"{", "Expecting"), ("application/json", b'{"x": 1}', "files")],
)
def test_an_index_that_answers_nonsense_is_said(index: Index, kind: str, body: bytes, said: str) -> None:
    if kind:
        index.answers["/simple/rezup/"] = index.answers["/simple/rezup-api/"] = (kind, body)
    with pytest.raises(UpgradeError, match=f"cannot be asked for releases of rezup: .*{said}"):
        releases(index.url)


def test_an_index_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        with pytest.raises(UpgradeError, match=r"there was no answer for|timed out"):
            releases_of(source, limit=0.2, environ={"NETRC": "/nowhere"})


@pytest.mark.parametrize("name", ["rezup", "rezup-api"])
def test_a_redirect_takes_the_login_to_the_same_server_only(index: Index, name: str, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ana password secret\n", encoding="utf-8")
    (tmp_path / "netrc").chmod(0o600)
    with serving() as other:
        for here, project in ((index, "rezup"), (index, "rezup-api"), (other, name)):
            here.answers[f"/moved/{project}/"] = page(link(project, "3.0"))
        for project in ("rezup", "rezup-api"):
            target = other if project == name else index
            index.redirects[f"/simple/{project}/"] = target.url.replace("/simple", f"/moved/{project}/")
        (release,) = releases(index.url, str(tmp_path / "netrc"))
        assert other.asked == [(f"/moved/{name}/", "")]
    assert all(authorization for _, authorization in index.asked)
    assert len(index.asked) == 3
    (elsewhere,) = (file for file in release.files if file.name == name)
    assert "secret" not in elsewhere.address


def served_by(index: Index, host: str, fragment: str = "") -> None:
    """Let an index give both files of a release from a host, by http://."""
    for name in ("rezup", "rezup-api"):
        file = f"{name.replace('-', '_')}-3.0-py3-none-any.whl"
        index.answers[f"/simple/{name}/"] = page(f'<a href="http://{host}/{file}{fragment}">{file}</a>')


@pytest.mark.parametrize("host", ["files.invalid", "10.0.0.1:8080", "localhost.evil.invalid"])
def test_files_by_http_need_a_digest(index: Index, host: str) -> None:
    served_by(index, host)
    with pytest.raises(UpgradeError, match=r"gives rezup 3\.0 by http:// and without a digest") as caught:
        releases(index.url)
    assert "https://" in caught.value.hint
    served_by(index, host, "#sha256=ab")
    assert versions(index.url) == ["3.0"]


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "127.9.9.9", "[::1]:1"])
def test_files_of_this_machine_need_none(index: Index, host: str) -> None:
    served_by(index, host)
    assert versions(index.url) == ["3.0"]


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind on Windows")
def test_a_folder_that_all_users_can_write_is_no_source(tmp_path: Path) -> None:
    source = tmp_path / "releases"
    source.mkdir()
    assert releases_of(str(source), limit=1.0, environ={}) == []
    source.chmod(0o775)
    assert releases_of(str(source), limit=1.0, environ={}) == []
    source.chmod(0o777)
    with pytest.raises(UpgradeError, match=r"other users can change .*releases"):
        releases_of(str(source), limit=1.0, environ={})
