"""What the verbs of a container give back, as values; what `status` tells is in the module of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.maintenance.diff import Contents, Difference
    from rezup_api.maintenance.retention import Policy, Verdict
    from rezup_api.maintenance.verify import Finding
    from rezup_api.store.metadata import Metadata
    from rezup_api.store.revision import Revision


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """What a session in a revision sets, and removes: these have None as their value."""

    revision: Revision
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a collection of a container has removed, or would remove.

    Args:
        policy: the one that held.
        verdicts: on every revision, newest first.
        folders: shared folders that went, by their names under the container.
        bytes: what that frees on the disk.
    """

    container: str
    policy: Policy
    verdicts: tuple[Verdict, ...]
    folders: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at a revision has found.

    Args:
        found: all that was wrong.
        left: what is wrong still, after a repair if one was asked for.
    """

    revision: Revision
    found: tuple[Finding, ...]
    left: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A revision and what is in it."""

    container: str
    timestamp: str
    metadata: Metadata
    contents: Contents

    def __str__(self) -> str:
        return f"{self.container}@{self.timestamp}"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two revisions, and what is different in the second one."""

    old: Described
    new: Described
    difference: Difference


@dataclass(frozen=True, slots=True)
class Dropping:
    """What a removal of a container means.

    Args:
        place: the remote root that it is removed from, empty for this machine.
        path: its folder on this machine.
        revisions: how many of its revisions go.
        exists: whether there is anything to remove.
    """

    place: str
    path: Path
    revisions: int
    exists: bool


@dataclass(frozen=True, slots=True)
class Dropped:
    """A container that was removed: from which remote root, and where files lie that could not be deleted, None for nowhere."""

    place: str
    left: Path | None
