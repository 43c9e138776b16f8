"""Define the values that the verbs of a container return; those of `status` are in the module `status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.maintenance.diff import Contents, Difference
    from rezup_api.maintenance.retention import Policy, Verdict
    from rezup_api.maintenance.verify import Finding
    from rezup_api.session.launcher import Launcher
    from rezup_api.store.metadata import Metadata
    from rezup_api.store.revision import Revision


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """The variables that a session in `revision` changes; the value of a variable that it removes is None."""

    revision: Revision
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What `gc` has removed from a container, or would remove.

    Args:
        container: the container's name.
        policy: the rules that decided.
        verdicts: the decision on every revision, newest first.
        folders: the shared folders that were removed, as paths relative to the container's folder.
        bytes: how much room on the disk this frees.
    """

    container: str
    policy: Policy
    verdicts: tuple[Verdict, ...]
    folders: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` has found in a revision.

    Args:
        revision: the revision.
        found: everything that was wrong.
        left: what is still wrong; the same as `found` if the user did not ask for a repair.
    """

    revision: Revision
    found: tuple[Finding, ...]
    left: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A revision and its contents."""

    container: str
    timestamp: str
    metadata: Metadata
    contents: Contents

    def __str__(self) -> str:
        return f"{self.container}@{self.timestamp}"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two revisions, and what differs in the second one."""

    old: Described
    new: Described
    difference: Difference


@dataclass(frozen=True, slots=True)
class Planned:
    """What `add` would make.

    Args:
        contents: what the new revision would hold, as its locks would have it.
        current: the revision that `use` gives now, as its locks have it; None if there is none.
        difference: what differs in the new one.
    """

    contents: Contents
    current: Described | None
    difference: Difference


@dataclass(frozen=True, slots=True)
class Pulling:
    """What `pull` would build.

    Args:
        revision: the revision, which may be ready on this machine already.
        published: its metadata: who has published it, when and why.
    """

    revision: Revision
    published: Metadata


@dataclass(frozen=True, slots=True)
class Dropping:
    """What `drop` would remove.

    Args:
        place: the address of the remote root that loses the container; empty for this machine.
        path: the container's folder on this machine.
        revisions: how many revisions would be removed.
        exists: whether there is anything to remove.
        users: the processes of this machine that use a revision, which `drop` refuses without `force`.
    """

    place: str
    path: Path
    revisions: int
    exists: bool
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """What `drop` has removed.

    Args:
        place: the address of the remote root that has lost the container; empty for this machine.
        left: the folder with files that could not be deleted; None if there are none.
    """

    place: str
    left: Path | None


@dataclass(frozen=True, slots=True)
class Exposed:
    """Launchers, and where they are.

    Args:
        folder: the folder.
        launchers: those that were written, found or removed.
        on_path: whether the folder is on the caller's PATH.
    """

    folder: Path
    launchers: tuple[Launcher, ...]
    on_path: bool
