"""What `status` tells, as values: the containers, the revisions of one, and the session that somebody is in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.builder.failures import Failure
    from rezup_api.store.revision import Revision


@dataclass(frozen=True, slots=True)
class RevisionStatus:
    """One revision of this machine.

    Args:
        timestamp: its name.
        path: its folder.
        ready: whether it can be entered here; `obstacle` says why not.
        current: whether `use` gives it.
        created: when it was made, as ISO 8601.
        python: the version of the main environment's interpreter, as `rez` is that of its Rez.
        size: bytes of all its files, shared ones included.
        loose: why another machine may get other files for it, empty where it does not.
        origin: the revision or the bundle that it was made from, empty where that was a recipe.
        processes: how many processes use it.
        labels: those that name it.
    """

    timestamp: str
    path: str
    ready: bool
    obstacle: str
    current: bool
    created: str
    creator: str
    hostname: str
    message: str
    rezup_version: str
    rez: str
    python: str
    size: int
    loose: str
    origin: str
    processes: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContainerSummary:
    """One container, and the revision that `use` gives.

    Args:
        path: its folder under the local root.
        remote: its remote root, None without one.
        published: the revision that the remote root names.
        revision: the one that `use` gives, None where it would give an error.
        built: whether that one is ready here; what follows is known of it only if it is.
        revision_count: how many there are on this machine.
    """

    name: str
    path: str
    remote: str | None
    published: str | None
    revision: str | None
    built: bool
    rez: str
    python: str
    created: str
    creator: str
    message: str
    revision_count: int


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """One container and all its revisions.

    Args:
        failure: the builds of the published revision that failed here, None where there were none.
        why: why `use` gives the revision that it gives, empty where that is simply the newest.
        labels: all labels that `NAME@LABEL` knows, with their revisions.
        revisions: those of this machine, newest first.
    """

    summary: ContainerSummary
    failure: Failure | None
    why: str
    labels: Mapping[str, str]
    revisions: tuple[RevisionStatus, ...]


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """The session that somebody is in, and how it stands to what `use` gives now.

    Args:
        revision: the folder of its revision; `exists` says whether it is still there.
        current: whether `use` gives it.
        given: the one that `use` gives, None where that cannot be told.
        newer: how many revisions come after it, up to that one.
    """

    container: str
    revision: str
    timestamp: str
    exists: bool
    current: bool
    given: str | None
    newer: int


def revision_status(
    revision: Revision, current: str | None, processes: int, labels: Mapping[str, str]
) -> RevisionStatus:
    """Describe a revision.

    Args:
        current: the one that `use` gives.
        labels: all labels with their revisions.
    """
    metadata = revision.metadata
    return RevisionStatus(
        timestamp=revision.timestamp,
        path=str(revision.path),
        ready=revision.ready,
        obstacle=revision.obstacle,
        current=revision.timestamp == current,
        created=_created(revision),
        creator=metadata.creator if metadata else "",
        hostname=metadata.hostname if metadata else "",
        message=metadata.message if metadata else "",
        rezup_version=metadata.rezup_version if metadata else "",
        rez=metadata.rez_version if metadata else "",
        python=_python(revision),
        size=metadata.size if metadata else 0,
        loose=metadata.loose if metadata else "",
        origin=metadata.origin if metadata else "",
        processes=processes,
        labels=tuple(label for label, timestamp in labels.items() if timestamp == revision.timestamp),
    )


def summary(
    name: str, path: str, remote: str | None, *, published: str | None, given: str | None, revisions: list[Revision]
) -> ContainerSummary:
    """Describe a container by the revision that `use` gives, as far as that one is on this machine."""
    current = next((revision for revision in revisions if revision.timestamp == given), None)
    metadata = current.metadata if current is not None else None
    return ContainerSummary(
        name=name,
        path=path,
        remote=remote,
        published=published,
        revision=given,
        built=current is not None and current.ready,
        rez=metadata.rez_version if metadata else "",
        python=_python(current) if current is not None else "",
        created=_created(current) if current is not None else "",
        creator=metadata.creator if metadata else "",
        message=metadata.message if metadata else "",
        revision_count=len(revisions),
    )


def session_status(container: str, path: str, given: str | None, newer: int) -> SessionStatus:
    """Describe the session in the revision at `path`."""
    timestamp = os.path.basename(path)
    return SessionStatus(container, path, timestamp, os.path.isdir(path), timestamp == given, given, newer)


def _created(revision: Revision) -> str:
    """When it was made, as ISO 8601: as recorded, else as its name says."""
    recorded = revision.metadata.created if revision.metadata is not None else ""
    return recorded or revision.moment.isoformat(timespec="seconds")


def _python(revision: Revision) -> str:
    metadata = revision.metadata
    return metadata.environments[0].python if metadata and metadata.environments else ""
