"""What is kept in mind of releases: those that were refused or taken back, and majors that were told of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rezup_api.disk.files import storing, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Seconds between two announcements of the same release.
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Read by `read_memory`.

    Args:
        path: the file.
        refused: releases that are not taken by themselves, with the reason; by their identity.
        announced: when a release was last told of, in seconds since the epoch; by its version.
    """

    path: Path
    refused: Mapping[str, str]
    announced: Mapping[str, float]

    def refuse(self, identity: str, reason: str) -> None:
        """Do not take a release by itself again.

        Raises:
            StorageError: that cannot be written down.
        """
        self._write({**self.refused, identity: reason}, self.announced)

    def is_news(self, version: str, now: float) -> bool:
        """Whether a release was not told of for a day."""
        return not 0 <= now - self.announced.get(version, -DAY) < DAY

    def announce(self, version: str, now: float) -> None:
        """Keep in mind that a release was told of."""
        self._write(self.refused, {version: now})

    def _write(self, refused: Mapping[str, str], announced: Mapping[str, float]) -> None:
        document = {"refused": dict(refused), "announced": dict(announced)}
        with storing("cannot write to"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(document, indent=1).encode("utf-8"), 0o600)


def read_memory(path: Path) -> Memory:
    """What is kept in a file; nothing where it cannot be read."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        refused = {str(name): str(reason) for name, reason in document["refused"].items()}
        announced = {str(name): float(moment) for name, moment in document["announced"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Memory(path, {}, {})
    return Memory(path, refused, announced)
