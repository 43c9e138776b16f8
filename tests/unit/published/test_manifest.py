"""The list of a published revision's files: what it says of them, and which lists are refused."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api.published.manifest import Content, content_of, manifest_of, parse_manifest

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = hashlib.sha256(b"text").hexdigest()


def listing(name: str = "rezup.toml", **fields: Any) -> bytes:
    """A manifest of one file."""
    return json.dumps({"format": 1, "files": {name: {"sha256": DIGEST, "size": 4, **fields}}}).encode()


def test_a_manifest_says_what_the_files_hold(tmp_path: Path) -> None:
    wheel = tmp_path / "wheel"
    wheel.write_bytes(bytes(range(256)) * 10_000)
    data = manifest_of({"rezup.toml": b"text", "wheels/six-1.0-py3-none-any.whl": wheel, "empty": b""})
    assert parse_manifest(data) == {
        "rezup.toml": Content(DIGEST, 4),
        "wheels/six-1.0-py3-none-any.whl": Content(hashlib.sha256(wheel.read_bytes()).hexdigest(), 2_560_000),
        "empty": Content(hashlib.sha256(b"").hexdigest(), 0),
    }
    assert parse_manifest(manifest_of({})) == {}


def test_the_order_of_the_files_does_not_matter() -> None:
    assert manifest_of({"a": b"1", "b": b"2"}) == manifest_of({"b": b"2", "a": b"1"})


@pytest.mark.parametrize(
    ("data", "fits"), [(b"text", True), (b"", False), (b"texT", False), (b"text ", False), (b"text" * 2, False)]
)
def test_which_bytes_fit(data: bytes, fits: bool) -> None:
    assert Content(DIGEST, 4).fits(data) is fits
    assert not Content(DIGEST, 5).fits(data)


def test_the_content_of_bytes_and_of_a_file_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    assert content_of(b"text") == content_of(tmp_path / "file") == Content(DIGEST, 4)
    with pytest.raises(FileNotFoundError):
        content_of(tmp_path / "nothing")


@pytest.mark.parametrize(
    "name",
    ["revision.json", "pylock.rez.toml", "pylock.my-tool.toml", "wheels/a_b-1.0+cu12-cp311-none-any.whl", "_a", "0!1"],
)
def test_which_names_files_have(name: str) -> None:
    assert parse_manifest(listing(name)) == {name: Content(DIGEST, 4)}


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".hidden", "../rezup.toml", "/etc/passwd", "a/b", "wheels/", "wheels/..", "wheels/.x"),
        *("wheels/a/b", "wheels//a", "Wheels/a", "a\\b", "a b", "a\n", "ä", "a\0", "-rf", "C:x", "wheels/-rf"),
    ],
)
def test_which_names_no_file_may_have(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        parse_manifest(listing(name))


DIGESTS: list[Any] = [None, "", DIGEST[1:], DIGEST.upper(), DIGEST + "0", DIGEST + "\n", 1, [], {}]
SIZES: list[Any] = [None, "4", -1, 1.0, True, [], {}, float("nan")]


@pytest.mark.parametrize(
    "fields", [*({"sha256": value} for value in DIGESTS), *({"size": value} for value in SIZES)], ids=str
)
def test_a_file_without_a_digest_and_a_size_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not state a digest and a size"):
        parse_manifest(listing(**fields))


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"null", b"1", b"[]", b"{}", b'"format"', b"\xff\xfe", b"[" * 100_000, b'{"files": ' * 50_000),
        *(b'{"format": 1}', b'{"files": {}}', b'{"format": 1, "files": null}', b'{"format": 1, "files": []}'),
        *(b'{"format": 1, "files": "a"}', b'{"format": 1, "files": {"a": null}}', b'{"format": 1, "files": {"a": []}}'),
        *(listing().decode().encode(coding) for coding in ("utf-8-sig", "utf-16", "utf-16-be", "utf-32")),
        *(b'{"format": 1, "files": {"a": {"size": 1}}}', b'{"format": 1, "files": {"a": "sha256"}}'),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's, or ours
        parse_manifest(data)


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_another_format_needs_another_rezup(number: object) -> None:
    with pytest.raises(ValueError, match="needs a newer rezup"):
        parse_manifest(json.dumps({"format": number, "files": {}}).encode())
