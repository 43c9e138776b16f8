"""Do what comes after the answer: start the hooks of this machine for all that has happened, and report a fault of rezup."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup_api.events import Event, Warned, visible

if TYPE_CHECKING:
    from rezup_api import Container, Revision
    from rezup_api.events import Happened


def note_given(container: Container, revision: Revision) -> None:
    """Let the hooks hear it if plain `use NAME` gives another revision than the last time; without such a hook, do nothing."""
    from rezup_api.configuration import wants

    if wants("switched", container.environ):
        container.note_given(revision)


def let_hooks_hear(happened: list[Happened]) -> None:
    """Start the hooks, and wait for none of them; the events are forgotten. Whatever goes wrong is a warning, and no more."""
    if not happened:
        return
    from rezup_api import RezupError
    from rezup_api.hooks import start_hooks
    from rezup_api.session import without_session

    events = tuple(happened)
    happened.clear()
    try:
        start_hooks(events, without_session(os.environ), _report)
    except (RezupError, OSError) as error:
        _report(Warned(f"the hooks of this machine cannot be started: {error}"))


def kept_report(error: Exception) -> str:
    """Write a report of a fault of rezup to a file of its own: the file, or empty if that fails, too."""
    try:
        from rezup.fastpath import current_release
        from rezup.newer_release import installation
        from rezup_api.doctor import keep_fault
        from rezup_api.session import without_session

        environ = without_session(os.environ)
        path = keep_fault(error, environ, installation(current_release.source(environ)))
    except Exception:  # noqa: BLE001 - what has broken rezup may break this; the first fault counts
        return ""
    return str(path or "")


def _report(event: Event) -> None:
    if isinstance(event, Warned):
        print(visible(f"rezup: warning: {event.text}"), file=sys.stderr)
