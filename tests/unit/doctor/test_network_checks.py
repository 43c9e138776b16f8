"""The index and the source of rezup's releases, with a server on this machine."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from rezup_api.doctor import network_checks
from rezup_api.doctor.network_checks import PYPI, _address, _asked, check_index, check_upgrade_source
from rezup_api.doctor.scene import Installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rezup_api.doctor.scene import Scene

INSTALLED = Installation("3.0.0", "/tools", "3.0.0", "/tools", editable=False, source="")


class Server(ThreadingHTTPServer):
    """Answers every question with one status, and notes what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers one question."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that runs."""
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "level"), [(200, "ok"), (404, "ok"), (401, "ok"), (403, "ok"), (500, "wrong"), (503, "wrong")]
)
def test_an_index_that_answers_is_fine_also_without_a_login(
    scene: Callable[..., Scene], server: Server, status: int, level: str
) -> None:
    server.status = status
    seen = check_index(scene(PIP_INDEX_URL=f"http://ann:secret@{server.address}/simple/"))
    assert seen.level == level
    assert seen.text.startswith(f"http://****@{server.address}/simple/ ")
    assert server.asked == [("/simple/rez/", None)], "no login leaves this machine"


def test_an_index_that_refuses_the_connection_is_wrong(scene: Callable[..., Scene], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/simple"
        seen = check_index(scene(PIP_INDEX_URL=address))
        assert (seen.level, seen.subject) == ("wrong", address)
        assert "does not answer: " in seen.text
        assert "PIP_INDEX_URL" in seen.way_out
        seen = check_index(scene(PIP_INDEX_URL=address, REZUP_WHEELHOUSE=str(tmp_path)))
        assert (seen.level, f"only come from {tmp_path}" in seen.text) == ("warning", True)


def test_an_index_that_accepts_and_says_nothing_is_not_waited_for_longer_than_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        why = _asked(f"http://127.0.0.1:{silent.getsockname()[1]}/simple", "", 0.2)
        assert time.monotonic() - begun < 60
    assert "time" in why or "no answer" in why


def test_no_index_is_asked_where_the_configuration_says_so(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_checks, "_asked", None)
    seen = check_index(scene(PIP_NO_INDEX="1"))
    assert (seen.level, seen.text) == ("ok", "no index is asked, as pip's configuration says")


def test_a_folder_can_be_an_index(scene: Callable[..., Scene], tmp_path: Path) -> None:
    assert check_index(scene(PIP_INDEX_URL=tmp_path.as_uri())).level == "ok"
    seen = check_index(scene(PIP_INDEX_URL=(tmp_path / "nothing").as_uri()))
    assert (seen.level, "there is no such folder" in seen.text) == ("wrong", True)


@pytest.mark.parametrize(
    ("variables", "options", "address"),
    [
        ({}, {}, PYPI),
        ({}, {"index-url": "https://own/simple"}, "https://own/simple"),
        ({"UV_DEFAULT_INDEX": "https://uv/simple"}, {"index-url": "https://own/simple"}, "https://uv/simple"),
        ({"UV_DEFAULT_INDEX": "studio=https://uv/simple"}, {}, "https://uv/simple"),
        ({"UV_INDEX_URL": "https://uv/simple?a=b"}, {}, "https://uv/simple?a=b"),
    ],
)
def test_the_index_is_the_one_that_would_be_asked(
    variables: dict[str, str], options: dict[str, str], address: str
) -> None:
    assert _address(variables, options) == address


@pytest.mark.parametrize(
    ("installation", "text"),
    [
        (None, ""),
        (Installation("3", "/s", "3", "/s", editable=True, source="/x"), "rezup runs from its sources"),
        (INSTALLED, "no source of newer releases is named"),
    ],
)
def test_without_a_source_nothing_is_asked(
    scene: Callable[..., Scene], installation: Installation | None, text: str
) -> None:
    seen = check_upgrade_source(scene(installation=installation))
    assert [one.level for one in seen] == (["ok"] if text else [])
    assert all(one.text.startswith(text) for one in seen)


def test_a_source_that_is_not_there_is_a_warning_and_one_with_a_newer_release_too(
    scene: Callable[..., Scene], tmp_path: Path
) -> None:
    def of(source: str) -> Installation:
        return Installation("3.0.0", "/tools", "3.0.0", "/tools", editable=False, source=source)

    (seen,) = check_upgrade_source(scene(installation=of(str(tmp_path / "nothing"))))
    assert (seen.check, seen.level) == ("upgrade-source", "warning")
    (seen,) = check_upgrade_source(scene(installation=of(str(tmp_path))))
    assert (seen.level, "has nothing newer" in seen.text) == ("ok", True)
    for name in ("rezup", "rezup_api"):
        (tmp_path / f"{name}-3.9.9-py3-none-any.whl").touch()
    (seen,) = check_upgrade_source(scene(installation=of(str(tmp_path))))
    assert (seen.level, seen.way_out) == ("warning", "take it: rezup upgrade")
    assert "rezup 3.9.9 is there" in seen.text
