"""`rezup status`: show the containers of this machine and of the remote root, or the revisions of one container."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from rezup.output.render import Result, age_text, moment_text, size_text
from rezup.output.table import Table
from rezup_api import NotFoundError
from rezup_api.frozen import asdict

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.status import ContainerStatus, ContainerSummary, RevisionStatus, SessionStatus


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Say in which session the user is, then list all containers, or describe one."""
    session = studio.session(os.environ)  # `studio.environ` does not have the variables of a session any more
    if arguments.remote:
        return _remote(arguments, studio, progress, session)
    if arguments.name is not None:
        return _one(studio.container(arguments.name).status(), session)
    found = studio.status()
    now = time.time()
    columns = ("CONTAINER", "REVISION", "REZ", "PYTHON", "AGE", "MADE", "BY", "REMOTE", "NOTE")
    cells = [
        (
            one.name,
            one.revision or "-",
            one.rez,
            one.python,
            age_text(one.created, now),
            moment_text(one.created),
            one.creator,
            _remote_text(one),
            one.note,
        )
        for one in found
    ]
    data = {"session": _told(session), "containers": [asdict(one) for one in found]}
    empty = "There are no containers yet. `rezup` makes the first one."
    above = _session_text(session)
    return Result(data, Table(columns, cells, empty, above=above, spare=("MADE", "PYTHON", "BY", "REZ", "AGE")))


def _remote(arguments: argparse.Namespace, studio: Studio, progress: Progress, session: SessionStatus | None) -> Result:
    """What is published: of all containers, or of one."""
    from rezup.output.every import for_every  # only here: they are slow to load
    from rezup.output.published_tables import container_result, containers_result

    if arguments.name is None:
        shared = [one for one in studio.containers() if one.remote is not None]
        found = for_every(shared, lambda container: container.publications(whole=False), progress).done
        return containers_result([one for one in found if one.revisions], _told(session))
    one = studio.container(arguments.name).publications()
    if not one.revisions:
        way_out = f"publish it: rezup add {one.name} --remote"
        raise NotFoundError(f"{one.name} is not published on {one.remote}", way_out)
    return container_result(one, _told(session))


def _told(session: SessionStatus | None) -> dict[str, object] | None:
    return asdict(session) if session is not None else None


def _session_text(session: SessionStatus | None) -> str:
    """A line about the session that the user is in; empty outside of any session."""
    if session is None:
        return ""
    name, given, count = session.container, session.given, session.newer
    place = f"You are in {name}@{session.timestamp}"
    gone = "" if session.exists else f", whose folder {session.revision} is gone"
    if session.current:
        return f"{place}{gone}, which is what `rezup use {name}` gives."
    if given is None:
        return f"{place}{gone}."
    newer = "" if not count else " There is 1 newer revision." if count == 1 else f" There are {count} newer revisions."
    return f"{place}{gone}.{newer} `rezup use {name}` gives {given}."


def _remote_text(one: ContainerSummary) -> str:
    if one.published is None:
        return ""
    return "published" if one.built else "not built here"


def _one(found: ContainerStatus, session: SessionStatus | None) -> Result:
    summary, failure = found.summary, found.failure
    now = time.time()
    columns = ("REVISION", "AGE", "MADE", "BY", "REZ", "PYTHON", "SIZE", "IN USE", "LABELS", "NOTE")
    cells = [
        (
            one.timestamp,
            age_text(one.created, now),
            moment_text(one.created),
            one.creator,
            one.rez,
            one.python,
            size_text(one.size),
            str(one.processes or ""),
            " ".join(one.labels),
            _note(one),
        )
        for one in found.revisions
    ]
    data = {
        "session": _told(session),
        **asdict(summary),
        "failure": {"tries": failure.tries, "message": failure.message} if failure is not None else None,
        "why": found.why,
        "labels": found.labels,
        "revisions": [asdict(one) for one in found.revisions],
    }
    there = _published_text(found)
    title = f"{summary.name} in {summary.path}{there}{_given_text(found)}"
    empty = f"{summary.name} has no revisions here.{there}"
    spare = ("MADE", "SIZE", "PYTHON", "BY", "REZ", "AGE")
    return Result(data, Table(columns, cells, empty, title, _session_text(session), spare))


def _published_text(found: ContainerStatus) -> str:
    published, failure = found.summary.published, found.failure
    if published is None:
        return ""
    state = "" if found.summary.built else ", and not built here yet"
    if failure is not None:
        tries = "once" if failure.tries == 1 else f"{failure.tries} times"
        state = f", and cannot be built here (tried {tries}): {failure.message}"
    return f"\n{published} is published on {found.summary.remote}{state}"


def _given_text(found: ContainerStatus) -> str:
    name, given = found.summary.name, found.summary.revision
    return f"\n`rezup use {name}` gives {given}: {found.why}" if given and found.why else ""


def _note(one: RevisionStatus) -> str:
    flat = "" if one.nests else "no rez-env inside another one"
    parts = ["current" if one.current else "", one.obstacle, one.message, one.loose, flat]
    return "; ".join(part for part in parts if part)
