"""`rezup status`: the containers of this machine and its remote root, or the revisions of one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, Table, moment_text, size_text
from rezup_api.administration import Care, behind
from rezup_api.errors import NotFoundError, RecipeError, RemoteError, StorageError
from rezup_api.maintenance.holders import holders
from rezup_api.recipe.location import is_container
from rezup_api.store.names import DEFAULT_CONTAINER, is_timestamp

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rezup.output.progress import Progress
    from rezup_api.container import Container
    from rezup_api.store.revision import Revision
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Say in which session one is, then list all containers, or describe one."""
    session = _session(studio, os.environ, progress)  # the studio's own environment is that outside of all sessions
    if arguments.name is not None:
        return _one(studio.container(arguments.name), session, progress)
    rows = [_container(container, progress) for container in studio.containers()]
    columns = ("CONTAINER", "REVISION", "REZ", "PYTHON", "MADE", "BY", "REMOTE")
    cells = [
        (
            row["name"],
            row["revision"] or "-",
            row["rez"],
            row["python"],
            moment_text(row["created"]),
            row["creator"],
            _remote_text(row),
        )
        for row in rows
    ]
    empty = "There are no containers yet. `rezup` makes the first one."
    return Result({"session": session, "containers": rows}, Table(columns, cells, empty, above=_session_text(session)))


def _session(studio: Studio, environ: Mapping[str, str], progress: Progress) -> dict[str, Any] | None:
    """The session that an environment is of, None outside of any, and how it stands to what `use` gives now.

    Args:
        environ: the caller's, with what a session has set.
    """
    name, path = environ.get("REZUP_CONTAINER", ""), environ.get("REZUP_REVISION", "")
    timestamp = os.path.basename(path)
    if not (is_container(name) and is_timestamp(timestamp)):
        return None
    offered, given = _offered(studio, name, progress)
    return {
        "container": name,
        "revision": path,
        "timestamp": timestamp,
        "exists": os.path.isdir(path),
        "current": timestamp == given,
        "given": given,
        "newer": behind(timestamp, offered, given),
    }


def _offered(studio: Studio, name: str, progress: Progress) -> tuple[list[str], str | None]:
    """The revisions among which `use` chooses, and the one that it gives; nothing, and a warning, where that cannot be told."""
    try:
        container = studio.container(name)
    except RecipeError as error:
        progress.warn(error.message)
        return [], None
    if _current(container, progress) is None:
        return [], None
    return Care(container).offered()


def _session_text(session: dict[str, Any] | None) -> str:
    """Where one is, in a line; empty outside of any session."""
    if session is None:
        return ""
    name, given = session["container"], session["given"]
    place = f"You are in {name}@{session['timestamp']}"
    gone = "" if session["exists"] else f", whose folder {session['revision']} is gone"
    if session["current"]:
        return f"{place}{gone}, which is what `rezup use {name}` gives."
    if given is None:
        return f"{place}{gone}."
    count = session["newer"]
    newer = "" if not count else " There is 1 newer revision." if count == 1 else f" There are {count} newer revisions."
    return f"{place}{gone}.{newer} `rezup use {name}` gives {given}."


def _container(container: Container, progress: Progress) -> dict[str, Any]:
    revisions = container.revisions()
    current = _current(container, progress)
    published = _published(container)
    newest = next((revision for revision in revisions if revision.timestamp == current), None)
    metadata = newest.metadata if newest is not None else None
    return {
        "name": container.name,
        "path": str(container.folder.path),
        "remote": container.remote.place if container.remote is not None else None,
        "published": published,
        "revision": current,
        "built": newest is not None and newest.ready,
        "rez": metadata.rez_version if metadata else "",
        "python": metadata.environments[0].python if metadata and metadata.environments else "",
        "created": _made(newest) if newest is not None else "",
        "creator": metadata.creator if metadata else "",
        "message": metadata.message if metadata else "",
        "revision_count": len(revisions),
    }


def _current(container: Container, progress: Progress) -> str | None:
    """The revision that `use` gives; None, and a warning, where it would give none but an error."""
    try:
        return container.current()
    except (NotFoundError, RemoteError, StorageError) as error:
        progress.warn(error.message)
        return None


def _published(container: Container) -> str | None:
    """What the remote root names; None where it cannot be asked, which `_current` has warned of."""
    try:
        return container.published()
    except (NotFoundError, RemoteError, StorageError):
        return None


def _remote_text(row: dict[str, Any]) -> str:
    if row["published"] is None:
        return ""
    return "published" if row["built"] else "not built here"


def _one(container: Container, session: dict[str, Any] | None, progress: Progress) -> Result:
    revisions = container.revisions()
    current = _current(container, progress)
    published = _published(container)
    if not revisions and current is None and container.name != DEFAULT_CONTAINER:
        raise NotFoundError(f"there is no container {container.name}", f"make it: rezup add {container.name}")
    used: dict[str, int] = {}
    for holder in holders(revisions):
        used[holder.revision] = used.get(holder.revision, 0) + 1
    labels, why = _labels(container), _why(container, current, published)
    rows = [_revision(revision, current, used, labels) for revision in revisions]
    columns = ("REVISION", "MADE", "BY", "REZ", "PYTHON", "SIZE", "IN USE", "LABELS", "NOTE")
    cells = [
        (
            row["timestamp"],
            moment_text(row["created"]),
            row["creator"],
            row["rez"],
            row["python"],
            size_text(row["size"]),
            str(row["processes"] or ""),
            " ".join(row["labels"]),
            _note(row),
        )
        for row in rows
    ]
    failure = container.failure(published) if published else None
    told = {"tries": failure.tries, "message": failure.message} if failure is not None else None
    data = {
        "session": session,
        **_container(container, progress),
        "failure": told,
        "why": why,
        "labels": labels,
        "revisions": rows,
    }
    there = _published_text(container, published, built=any(row["current"] and row["ready"] for row in rows))
    title = f"{container.name} in {container.folder.path}{there}{_given_text(container, current, why)}"
    empty = f"{container.name} has no revisions here.{there}"
    return Result(data, Table(columns, cells, empty, title, above=_session_text(session)))


def _published_text(container: Container, published: str | None, *, built: bool) -> str:
    if published is None or container.remote is None:
        return ""
    failure = container.failure(published)
    state = "" if built else ", and not built here yet"
    if failure is not None:
        tries = "once" if failure.tries == 1 else f"{failure.tries} times"
        state = f", and cannot be built here (tried {tries}): {failure.message}"
    return f"\n{published} is published on {container.remote.place}{state}"


def _labels(container: Container) -> dict[str, str]:
    """The labels and their revisions; none where the remote root cannot be asked, which `_current` has warned of."""
    try:
        return container.labels()
    except RemoteError:
        return container.local.labels()


def _why(container: Container, current: str | None, published: str | None) -> str:
    """Why `use` gives the revision that it gives, when that is not simply the newest."""
    try:
        for pin, where in zip(container.pins(), ("on this machine", "for the whole studio"), strict=True):
            if pin is not None and pin.timestamp == current:
                place = f" {where}" if container.remote is not None else ""
                if pin.is_rollback:
                    return f"rolled back to it{place}, until the next `add`"
                return f"pinned to it{place}, until: rezup unpin {container.name}"
    except (RemoteError, StorageError):
        return ""  # `_current` has warned of it
    return "the newest that is published" if current is not None and current == published else ""


def _given_text(container: Container, current: str | None, why: str) -> str:
    return f"\n`rezup use {container.name}` gives {current}: {why}" if current and why else ""


def _revision(revision: Revision, current: str | None, used: dict[str, int], labels: dict[str, str]) -> dict[str, Any]:
    metadata = revision.metadata
    return {
        "timestamp": revision.timestamp,
        "path": str(revision.path),
        "ready": revision.ready,
        "obstacle": revision.obstacle,
        "current": revision.timestamp == current,
        "created": _made(revision),
        "creator": metadata.creator if metadata else "",
        "hostname": metadata.hostname if metadata else "",
        "message": metadata.message if metadata else "",
        "rezup_version": metadata.rezup_version if metadata else "",
        "rez": metadata.rez_version if metadata else "",
        "python": metadata.environments[0].python if metadata and metadata.environments else "",
        "size": metadata.size if metadata else 0,
        "loose": metadata.loose if metadata else "",
        "origin": metadata.origin if metadata else "",
        "processes": used.get(str(revision), 0),
        "labels": [label for label, timestamp in labels.items() if timestamp == revision.timestamp],
    }


def _made(revision: Revision) -> str:
    """When it was made, as ISO 8601: as recorded, else as its name says."""
    recorded = revision.metadata.created if revision.metadata is not None else ""
    return recorded or revision.moment.isoformat(timespec="seconds")


def _note(row: dict[str, Any]) -> str:
    parts = ["current" if row["current"] else "", row["obstacle"], row["message"], row["loose"]]
    return "; ".join(part for part in parts if part)
