"""List the files of a published revision with their digests, so that a machine takes exactly what was published.

<container>/revisions/<timestamp>/manifest.json       {"format": 1, "files": {"rezup.toml": {"sha256": "…", "size": 120}, …}}
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1
MANIFEST = "manifest.json"
# Names of files as rezup publishes them: `rezup.toml`, `pylock.rez.toml`, `wheels/<wheel>`. Names of wheels: PEP 427.
_NAME = re.compile(r"(wheels/)?[A-Za-z0-9_][A-Za-z0-9_.+!-]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a file: its SHA-256, in hexadecimal, and its size in bytes."""

    sha256: str
    size: int

    def fits(self, data: bytes) -> bool:
        """Whether these bytes are that content."""
        return len(data) == self.size and hashlib.sha256(data).hexdigest() == self.sha256


def content_of(file: bytes | Path) -> Content:
    """The content of bytes, or of a file of this machine."""
    if isinstance(file, bytes):
        return Content(hashlib.sha256(file).hexdigest(), len(file))
    digest, size = hashlib.sha256(), 0
    with open(file, "rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Content(digest.hexdigest(), size)


def manifest_of(files: Mapping[str, bytes | Path]) -> bytes:
    """The manifest of a revision with these files, by their names in its folder."""
    contents = {name: content_of(file) for name, file in files.items()}
    listed = {name: {"sha256": one.sha256, "size": one.size} for name, one in sorted(contents.items())}
    return json.dumps({"format": FORMAT, "files": listed}, indent=1).encode("utf-8") + b"\n"


def parse_manifest(data: bytes) -> dict[str, Content]:
    """The contents of a revision's files, by the names of the files.

    Raises:
        ValueError: the bytes are not a manifest.
    """
    try:
        document = json.loads(data.decode("utf-8"))
        if document["format"] != FORMAT:
            raise ValueError("it needs a newer rezup")
        return {_name(name): _content(one["sha256"], one["size"]) for name, one in document["files"].items()}
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is not a manifest: {error}") from error


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r:.80} cannot be the name of a published file")
    return name


def _content(sha256: object, size: object) -> Content:
    if not isinstance(sha256, str) or not _DIGEST.fullmatch(sha256) or type(size) is not int or size < 0:
        raise ValueError("it does not state a digest and a size")
    return Content(sha256, size)
