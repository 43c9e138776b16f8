"""Describe, as values, what `status` shows: containers, the revisions of one container, and the session of the user."""

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
        timestamp: the revision's name.
        path: its folder.
        ready: whether a session can enter it on this machine.
        obstacle: why not; empty if it is ready.
        current: whether `use` gives it.
        created: when it was made, as an ISO 8601 moment.
        creator, hostname, message, rezup_version: who made it, on which machine, why, and with which rezup.
        rez, python: the versions of the Rez and of the interpreter in the main environment.
        size: how many bytes all its files have, those that it shares with others included.
        loose: why another machine may install other files for it; empty if every machine installs the same.
        origin: the revision or the bundle that it was made from; empty if it was made from a recipe.
        processes: how many processes use it.
        labels: the labels that name it.
        nests: whether `rez-env` works inside another one in all of its environments.
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
    nests: bool = True


@dataclass(frozen=True, slots=True)
class ContainerSummary:
    """One container, and the revision that `use` gives.

    Args:
        name: the container's name.
        path: its folder under the local root.
        remote: the address of its remote root; None if it has none.
        published: the timestamp that the remote root names; None if nothing is published.
        revision: the timestamp that `use` gives; None if there is no revision, or `use` would fail.
        built: whether that revision is ready on this machine.
        rez, python, created, creator, message: see `RevisionStatus`; empty if the revision is not on this machine.
        revision_count: how many revisions this machine has.
        note: what an admin should know of it: a pin, a rollback, or that the published revision cannot be built here; or empty.
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
    note: str = ""


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """One container and all its revisions.

    Args:
        summary: the container in one row.
        failure: the failed builds of the published revision on this machine; None if none has failed.
        why: why `use` gives the revision that it gives; empty if that is simply the newest.
        labels: the timestamps of all labels that `NAME@LABEL` accepts.
        revisions: the revisions of this machine, newest first.
    """

    summary: ContainerSummary
    failure: Failure | None
    why: str
    labels: Mapping[str, str]
    revisions: tuple[RevisionStatus, ...]


@dataclass(frozen=True, slots=True)
class PythonStatus:
    """One interpreter that revisions can be made with.

    Args:
        version: its version, such as `3.12.1`.
        executable: the path of its program.
        key: the name under which rezup has provided it; empty if it is one of the machine.
        url: where rezup has it from; empty if it is one of the machine.
        users: the revisions that were made with it, each as `NAME@TIMESTAMP`.
    """

    version: str
    executable: str
    key: str
    url: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """The session that the user is in, compared with what `use` gives now.

    Args:
        container: the name of its container.
        revision: the path of its revision's folder.
        timestamp: the name of its revision.
        exists: whether that folder still exists.
        current: whether `use` gives this revision now.
        given: the timestamp that `use` gives; None if that is not known.
        newer: how many revisions come after this one, up to the one that `use` gives.
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
        current: the timestamp that `use` gives.
        processes: how many processes use the revision.
        labels: the timestamps of all labels.
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
        nests=metadata is None or all(environment.nests for environment in metadata.environments),
    )


def summary(
    name: str,
    path: str,
    remote: str | None,
    *,
    published: str | None,
    given: str | None,
    revisions: list[Revision],
    note: str = "",
) -> ContainerSummary:
    """Describe a container by the revision that `use` gives; see `ContainerSummary` for the arguments.

    Args:
        given: the timestamp that `use` gives.
        revisions: the revisions of this machine. If the given one is not among them, its details stay empty.
    """
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
        note=note,
    )


def session_status(container: str, path: str, given: str | None, newer: int) -> SessionStatus:
    """Describe the session in the revision whose folder is `path`; see `SessionStatus` for the other arguments."""
    timestamp = os.path.basename(path)
    return SessionStatus(container, path, timestamp, os.path.isdir(path), timestamp == given, given, newer)


def _created(revision: Revision) -> str:
    """When it was made, as an ISO 8601 moment: from the metadata, or else from its name."""
    recorded = revision.metadata.created if revision.metadata is not None else ""
    return recorded or revision.moment.isoformat(timespec="seconds")


def _python(revision: Revision) -> str:
    metadata = revision.metadata
    return metadata.environments[0].python if metadata and metadata.environments else ""
