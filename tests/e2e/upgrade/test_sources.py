"""Where newer releases of rezup come from."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.releases import DISTRIBUTIONS, Installation, checkout, look_again, offer
from tests.packages import Index

from rezup_api.disk.files import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")


def test_a_checkout_is_a_source_too(user: Installation, tmp_path: Path) -> None:
    user.variables["REZUP_UPGRADE_SOURCE"] = str(checkout(tmp_path / "checkout", "3.1.0"))
    assert "Upgraded rezup 3.0.0 to 3.1.0" in user.run("status").stderr
    assert user.version() == "3.1.0"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index of releases."""
    with Index(tmp_path / "index") as serving:
        serving.folder.mkdir()
        yield serving


def test_an_index_is_a_source(user: Installation, index: Index, wheels: dict[str, Path]) -> None:
    offer(index.folder, wheels["3.1.0"])
    user.variables["REZUP_UPGRADE_SOURCE"] = index.url()
    assert "Upgraded rezup 3.0.0 to 3.1.0" in user.run("status").stderr
    assert user.version() == "3.1.0"
    assert {f"/simple/{name.replace('_', '-')}/" for name in DISTRIBUTIONS} <= set(index.asked)


def test_an_index_with_a_login_is_shown_without(user: Installation, index: Index, wheels: dict[str, Path]) -> None:
    index.login = "ana:s3cr3t"
    offer(index.folder, wheels["3.1.0"])
    user.variables["REZUP_UPGRADE_SOURCE"] = index.url("ana:s3cr3t")
    told = user.run("upgrade", "--check").stdout + user.run("-D", "status").stderr + user.run("--version").stdout
    assert "Upgraded rezup 3.0.0 to 3.1.0" in told
    assert "s3cr3t" not in told
    found = [path for path in user.home.rglob("*") if path.is_file() and b"s3cr3t" in path.read_bytes()]
    assert found == []


@pytest.mark.parametrize("kind", ["hangs", "refuses", "nonsense", "unknown"])
def test_an_index_that_is_away_costs_a_second_at_most_once(user: Installation, index: Index, kind: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    if kind == "refuses":
        listening.close()
    addresses = {"nonsense": index.url(), "unknown": "http://nonesuch.invalid/simple"}
    user.variables["REZUP_UPGRADE_SOURCE"] = addresses.get(kind, f"http://127.0.0.1:{port}/simple")
    if kind == "nonsense":
        for name in DISTRIBUTIONS:
            (index.folder / f"{name}-3.1.0-py3-none-any.whl").write_bytes(b"nonsense")
    user.run("status", REZUP_NO_UPGRADE="1")
    plain = min(_seconds(user, "status", "--json", REZUP_NO_UPGRADE="1") for _ in range(3))
    late = _seconds(user, "status", "--json")
    assert kind == "nonsense" or late < plain + 2, "a second, and what a busy machine adds"
    assert not list(user.home.glob(".local/share/rezup/*/releases/*"))
    asked = len(index.asked)
    assert user.run("status").stderr == ""
    assert len(index.asked) == asked, "it is not asked again today"
    if kind != "nonsense":
        assert "cannot be asked for releases" in user.run("upgrade", status=9).stderr
    listening.close()


def _seconds(user: Installation, *words: str, **variables: Any) -> float:
    started = time.monotonic()
    user.run(*words, **variables)
    return time.monotonic() - started


def test_digests_that_an_index_gives_are_required(user: Installation, index: Index, wheels: dict[str, Path]) -> None:
    offer(index.folder, wheels["3.1.0"])
    index.digests = {path.name: digest_of(str(path)) for path in index.folder.iterdir()}
    (library,) = index.folder.glob("rezup_api-*")
    original = library.read_bytes()
    library.write_bytes(original + b"tampered")
    user.variables["REZUP_UPGRADE_SOURCE"] = index.url()
    told = user.run("status").stderr
    assert "rezup 3.1.0 cannot be installed" in told
    assert user.taken == []
    library.write_bytes(original)
    look_again(user)
    assert user.run("status").stderr == "", "it was refused, and stays so"
    assert "Upgraded" in user.run("upgrade").stdout
