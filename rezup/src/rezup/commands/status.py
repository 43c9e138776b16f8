"""`rezup status`: the containers of this machine and its remote root, or the revisions of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.render import Result, Table, moment_text, size_text
from rezup_api.errors import NotFoundError, RemoteError
from rezup_api.store.names import DEFAULT_CONTAINER
from rezup_api.upkeep.holders import holders

if TYPE_CHECKING:
    import argparse

    from rezup.progress import Progress
    from rezup_api.containers import Container, Studio
    from rezup_api.store.revisions import Revision


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """List all containers, or describe one."""
    if arguments.name is not None:
        return _one(studio.container(arguments.name), progress)
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
    return Result({"containers": rows}, Table(columns, cells, empty))


def _container(container: Container, progress: Progress) -> dict[str, Any]:
    revisions = container.revisions()
    published = _published(container, progress)
    current = published or _newest_ready(revisions)
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


def _published(container: Container, progress: Progress) -> str | None:
    """The newest revision on the remote root; None, and a warning, when that cannot be asked."""
    try:
        return container.published()
    except RemoteError as error:
        progress.warn(error.message)
        return None


def _newest_ready(revisions: list[Revision]) -> str | None:
    return next((revision.timestamp for revision in revisions if revision.ready), None)


def _remote_text(row: dict[str, Any]) -> str:
    if row["published"] is None:
        return ""
    return "published" if row["built"] else "not built here"


def _one(container: Container, progress: Progress) -> Result:
    revisions = container.revisions()
    published = _published(container, progress)
    current = published or _newest_ready(revisions)
    if not revisions and current is None and container.name != DEFAULT_CONTAINER:
        raise NotFoundError(f"there is no container {container.name}", f"make it: rezup add {container.name}")
    used: dict[str, int] = {}
    for holder in holders(revisions):
        used[holder.revision] = used.get(holder.revision, 0) + 1
    rows = [_revision(revision, current, used) for revision in revisions]
    columns = ("REVISION", "MADE", "BY", "REZ", "PYTHON", "SIZE", "IN USE", "NOTE")
    cells = [
        (
            row["timestamp"],
            moment_text(row["created"]),
            row["creator"],
            row["rez"],
            row["python"],
            size_text(row["size"]),
            str(row["processes"] or ""),
            _note(row),
        )
        for row in rows
    ]
    data = {**_container(container, progress), "revisions": rows}
    there = _published_text(container, published, built=any(row["current"] and row["ready"] for row in rows))
    title = f"{container.name} in {container.folder.path}{there}"
    return Result(data, Table(columns, cells, f"{container.name} has no revisions here.{there}", title))


def _published_text(container: Container, published: str | None, *, built: bool) -> str:
    if published is None or container.remote is None:
        return ""
    return f"\n{published} is published on {container.remote.place}" + ("" if built else ", and not built here yet")


def _revision(revision: Revision, current: str | None, used: dict[str, int]) -> dict[str, Any]:
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
        "processes": used.get(str(revision), 0),
    }


def _made(revision: Revision) -> str:
    """When it was made, as ISO 8601: as recorded, else as its name says."""
    recorded = revision.metadata.created if revision.metadata is not None else ""
    return recorded or revision.moment.isoformat(timespec="seconds")


def _note(row: dict[str, Any]) -> str:
    parts = ["current" if row["current"] else "", row["obstacle"], row["message"]]
    return "; ".join(part for part in parts if part)
