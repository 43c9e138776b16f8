"""Who did what to a container, when, where and why: one file an act, under the root that it changed.

    <container>/history/<time>-<host>-<id>.json

Appending to one file is not atomic on network shares; a file of its own for each act is, whoever writes at the same time.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api._version import __version__
from rezup_api.disk.files import host_name, storage_error, token, user_name
from rezup_api.disk.staging import place_file
from rezup_api.errors import RemoteError, StorageError
from rezup_api.events import Reporter, Warned
from rezup_api.store.layout import METADATA_FILE
from rezup_api.store.metadata import read_metadata
from rezup_api.store.names import format_timestamp, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder

FORMAT = 1
SUFFIX = ".json"
# Acts by which a revision comes to a root.
MAKING = frozenset({"add", "publish", "pull"})


@dataclass(frozen=True, slots=True)
class Act:
    """One act.

    Args:
        act: add, publish, pull, pin, unpin, rollback, tag, untag, gc or repair.
        revision: the timestamp that it was about, empty for none.
        who: the user.
        host: the machine's name.
        when: an ISO 8601 moment in UTC.
        message: why, in the user's words.
        rezup_version: the rezup that did it.
        detail: the label, what was removed or mended, or what it was made from.
        previous: what `use` gave before.
    """

    act: str
    revision: str
    who: str
    host: str
    when: str
    message: str = ""
    rezup_version: str = ""
    detail: str = ""
    previous: str = ""

    def to_json(self) -> str:
        """The text of its file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def parse_act(text: str) -> Act:
    """Read what `Act.to_json` wrote; what a newer rezup has added is passed over.

    Raises:
        ValueError: it is not that.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    act = Act(**{field.name: str(document.get(field.name) or "") for field in fields(Act)})
    if not act.act or datetime.fromisoformat(act.when).tzinfo is None:
        raise ValueError("not an act")
    return act


def new_act(
    act: str, revision: str, environ: Mapping[str, str], *, message: str = "", detail: str = "", previous: str = ""
) -> Act:
    """An act of this user, here and now.

    Args:
        environ: the caller's environment.
    """
    when = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    return Act(act, revision, user_name(environ), host_name(), when, message, __version__, detail, previous)


def write_act(folder: ContainerFolder, act: Act) -> None:
    """Record an act.

    Raises:
        StorageError: it cannot be written there.
    """
    host = re.sub(r"[^A-Za-z0-9_.]", "_", act.host)
    name = f"{format_timestamp(time.time_ns())}-{host}-{token()[:8]}{SUFFIX}"
    place_file(folder.path, folder.path / "history" / name, act.to_json().encode("utf-8"))


def record_act(write: Callable[[Act], None], act: Act, report: Reporter) -> None:
    """Record an act that is done, even where that cannot be written down, which is said.

    Args:
        write: writes it under the root that was changed.
        report: told what went wrong.
    """
    try:
        write(act)
    except (StorageError, RemoteError) as error:
        report(Warned(f"it is done, but cannot be written into the history: {error.message}"))


def read_acts(folder: ContainerFolder) -> list[Act]:
    """The recorded acts, newest first; what is damaged is left out.

    Raises:
        StorageError: the folder cannot be read.
    """
    place = folder.path / "history"
    try:
        names = [name for name in os.listdir(place) if name.endswith(SUFFIX) and not name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise storage_error("cannot list", error) from error
    return _sorted(filter(None, (_read(place / name) for name in sorted(names, reverse=True))))


def read_history(folder: ContainerFolder) -> list[Act]:
    """The recorded acts, and those by which the other revisions came there, as their metadata tell; newest first.

    Revisions of rezup 1.x and 2.x have no recorded act, nor has one whose maker was killed before it could write that down.

    Raises:
        StorageError: a folder cannot be read.
    """
    acts = read_acts(folder)
    told = {act.revision for act in acts if act.act in MAKING}
    untold = (_made(folder, timestamp) for timestamp in folder.timestamps() if timestamp not in told)
    return _sorted([*acts, *filter(None, untold)])


def _sorted(acts: Iterable[Act]) -> list[Act]:
    return sorted(acts, key=lambda act: datetime.fromisoformat(act.when), reverse=True)


def _read(path: Path) -> Act | None:
    try:
        return parse_act(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _made(folder: ContainerFolder, timestamp: str) -> Act | None:
    """How a revision came to be, from its metadata; None when it is not complete."""
    try:
        metadata = read_metadata(folder.revisions / timestamp / METADATA_FILE)
    except StorageError:
        return None
    if metadata is None:
        return None
    return Act(
        act="pull" if metadata.remote else "add",
        revision=timestamp,
        who=metadata.creator,
        host=metadata.hostname,
        when=moment(timestamp).isoformat(timespec="microseconds"),
        message=metadata.message,
        rezup_version=metadata.rezup_version,
    )
