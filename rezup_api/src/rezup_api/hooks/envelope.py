"""Say what has happened in one JSON document, which hooks read from their standard input.

    {"format": 1, "event": "published", "container": "prod", "revision": "1760000000.123456", "who": "ann", ...}

The number `format` grows if a key changes its meaning. New keys may come at any time.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api._version import __version__
from rezup_api.disk.files import host_name, user_name
from rezup_api.recipe.credentials import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.events import Happened

FORMAT = 1
# The JSON Schema of the document.
SCHEMA = Path(__file__).parent / "envelope.json"


def envelope(happened: Happened, environ: Mapping[str, str]) -> dict[str, Any]:
    """The document for one event, of the present user, on this machine, at this moment.

    Args:
        happened: the event.
        environ: the caller's environment.
    """
    document: dict[str, Any] = {
        "format": FORMAT,
        "event": happened.what,
        "container": happened.container,
        "revision": happened.revision,
        "previous": happened.previous,
        "place": redact(happened.place),
        "who": user_name(environ),
        "host": host_name(),
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "message": happened.message,
        "rezup_version": __version__,
    }
    if happened.cause is not None:
        cause = happened.cause
        document["error"] = {"code": cause.code, "message": redact(cause.message), "hint": redact(cause.hint)}
    return document
