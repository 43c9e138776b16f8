"""Check the remote roots: whether they can be reached, how long they take, and what they keep."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from rezup_api.doctor.observation import WARNING, WRONG, Observation, fine
from rezup_api.errors import RemoteError, StorageError
from rezup_api.netfs import reader
from rezup_api.published.log import LOG
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from rezup_api.doctor.scene import Scene
    from rezup_api.storage.interface import Storage

ROOT, WRITING, LOGS = "remote-root", "remote-root-writing", "remote-root-log"
# Seconds for one look. A launch that waits longer than this is felt.
SLOW = 0.5


def check_remote_roots(around: Scene) -> list[Observation]:
    """Whether each remote root answers, and how soon; whether the user can publish there; whether it has logs."""
    if not around.remote_roots:
        return [fine(ROOT, "there is none: every revision is of this machine alone")]
    return [one for root in around.remote_roots for one in _examined(root)]


def _examined(root: Storage) -> list[Observation]:
    place = root.place
    begun = time.monotonic()
    try:
        containers = list_containers(root)
        took = time.monotonic() - begun
        logged = [name for name in containers if root.names(f"{name}/{LOG}")]
    except (RemoteError, StorageError) as error:
        return [Observation(ROOT, WRONG, error.message, error.hint or "ask whoever keeps it", place)]
    return [judged_latency(place, len(containers), took), _writing(place), _logs(place, containers, logged)]


def judged_latency(place: str, count: int, took: float) -> Observation:
    """What there is to say of a remote root that has answered after `took` seconds."""
    text = f"{place} answers in {took * 1000:.0f} ms; containers: {count}"
    if took > SLOW:
        return Observation(
            ROOT, WARNING, text, "each launch asks it once: look at the network and at the server", place
        )
    return fine(ROOT, text, place)


def _writing(place: str) -> Observation:
    """Whether the user may publish; nothing is written, because other machines watch the root."""

    def question() -> bytes:
        return b"+" if os.access(place, os.W_OK | os.X_OK) else b""

    try:
        allowed = bool(reader.reach(place, question))
    except OSError as error:
        text = f"{place} does not say whether you may publish: {error.strerror or error}"
        return Observation(WRITING, WARNING, text, "try again", place)
    return fine(WRITING, f"you {'may' if allowed else 'may not'} publish on {place}", place)


def _logs(place: str, containers: list[str], logged: list[str]) -> Observation:
    without = [name for name in containers if name not in logged]
    if not containers:
        return fine(LOGS, f"nothing is published on {place}", place)
    if not without:
        return fine(LOGS, f"every container on {place} has a log", place)
    text = f"without a log, as an older rezup has left them on {place}: {', '.join(without)}"
    return Observation(
        LOGS, WARNING, text, "the next publication of each begins its log: rezup add NAME --remote", place
    )
