"""Remember which releases are not taken automatically, and which major versions were announced."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_json
from rezup_api.disk.files import storing, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Seconds between two announcements of the same release.
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of one installation of rezup; see `read_memory`.

    Args:
        path: the file in which it is kept.
        refused: for each release that is not taken automatically, the reason; by its identity, or as "version 3.1.0".
        announced: when a major version was last announced, in seconds since the epoch; by version.
    """

    path: Path
    refused: Mapping[str, str]
    announced: Mapping[str, float]

    def refuse(self, identity: str, reason: str) -> None:
        """Remember that a release must not be taken automatically again.

        Raises:
            StorageError: the file cannot be written.
        """
        self._write({**self.refused, identity: reason}, self.announced)

    def is_news(self, version: str, now: float) -> bool:
        """Whether a version was not announced within the last day; `now` is in seconds since the epoch."""
        return not 0 <= now - self.announced.get(version, -DAY) < DAY

    def announce(self, version: str, now: float) -> None:
        """Remember that a version was announced at `now`, and forget those before it."""
        self._write(self.refused, {version: now})

    def _write(self, refused: Mapping[str, str], announced: Mapping[str, float]) -> None:
        document = {"refused": dict(refused), "announced": dict(announced)}
        with storing("cannot write to"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(document, indent=1).encode("utf-8"), 0o600)


def read_memory(path: Path) -> Memory:
    """Read the memory from a file; it is empty if the file does not exist or cannot be read."""
    try:
        document: Any = parse_json(path.read_bytes())
        refused = {str(name): str(reason) for name, reason in document["refused"].items()}
        announced = {str(name): float(moment) for name, moment in document["announced"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Memory(path, {}, {})
    return Memory(path, refused, announced)
