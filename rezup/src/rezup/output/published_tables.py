"""Show what is published: as a table for people, and as the keys of a document for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rezup.output.render import Result, moment_text
from rezup.output.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup_api.maintenance import PublishedContainer, PublishedRevision


def containers_result(found: Sequence[PublishedContainer], session: dict[str, object] | None) -> Result:
    """All published containers, each with the revision that its remote root names.

    Args:
        session: the session that the user is in, for the document.
    """
    columns = ("CONTAINER", "REVISION", "MADE", "BY", "HERE", "NOTE")
    cells = [
        (
            one.name,
            revision.timestamp,
            moment_text(revision.created),
            revision.creator,
            _here(revision),
            _note(revision),
        )
        for one in found
        for revision in one.revisions
    ]
    data = {"session": session, "containers": [_told(one) for one in found]}
    return Result(data, Table(columns, cells, "Nothing is published. `rezup add NAME --remote` publishes a revision."))


def container_result(found: PublishedContainer, session: dict[str, object] | None) -> Result:
    """One container under its remote root, with all its revisions there; see `containers_result`."""
    columns = ("REVISION", "MADE", "BY", "ON", "PLATFORMS", "HERE", "LABELS", "NOTE")
    cells = [
        (
            one.timestamp,
            moment_text(one.created),
            one.creator,
            one.hostname,
            (" ".join(one.platforms) or "all") if one.published else "",
            _here(one),
            " ".join(one.labels),
            _note(one),
        )
        for one in found.revisions
    ]
    return Result({"session": session, **_told(found)}, Table(columns, cells, "", f"{found.name} on {found.remote}"))


def _told(found: PublishedContainer) -> dict[str, Any]:
    pin = found.pin
    return {
        "name": found.name,
        "remote": found.remote,
        "published": found.published,
        "pin": {"revision": pin.timestamp, "rollback": pin.is_rollback} if pin is not None else None,
        "revisions": [asdict(one) for one in found.revisions],
    }


def _here(one: PublishedRevision) -> str:
    return "built" if one.built else ""


def _note(one: PublishedRevision) -> str:
    parts = ["current" if one.current else "", one.mark, one.obstacle, one.message]
    return "; ".join(part for part in parts if part)
