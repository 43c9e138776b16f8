"""Remember which published revisions could not be built on this machine: what went wrong, and when to try again.

    <container>/failures/<timestamp>.json

rezup tries a failing build three times, then once an hour. In between, launches take another revision at once.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rezup_api.disk.documents import parse_json
from rezup_api.disk.reading import open_below, read_below
from rezup_api.disk.staging import place_file, remove_if_empty
from rezup_api.errors import RezupError, StorageError
from rezup_api.events import Cause, Happened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rezup_api.events import Reporter
    from rezup_api.store.layout import ContainerFolder

TRIES = 3
# Seconds.
PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Failure:
    """The failed builds of one revision.

    Args:
        tries: how many builds have failed.
        last: when the last one failed, in seconds since the epoch.
        message: why it failed.
        hint: what the user can do about that.
        code: the code of the error, as in `errors`.
    """

    tries: int
    last: float
    message: str
    hint: str
    code: str

    def is_due(self, now: float) -> bool:
        """Whether rezup should try the build again.

        Args:
            now: the present moment, in seconds since the epoch. If it is before `last`, the clock was set back, and this is True.
        """
        return self.tries < TRIES or not 0 <= now - self.last < PAUSE


def read_failure(folder: ContainerFolder, timestamp: str) -> Failure | None:
    """The failed builds of a revision; None if no build has failed, or their record cannot be read."""
    try:
        document = parse_json(read_below(folder.path, _file(folder, timestamp).relative_to(folder.path).as_posix()))
        return Failure(
            tries=int(document["tries"]),
            last=float(document["last"]),
            message=str(document["message"]),
            hint=str(document["hint"]),
            code=str(document["code"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_failure(folder: ContainerFolder, timestamp: str, message: str, hint: str, code: str) -> None:
    """Record one more failed build. If nothing can be written there, every launch tries the build again.

    Args:
        message, hint, code: see `Failure`.
    """
    before = read_failure(folder, timestamp)
    failure = Failure((before.tries if before is not None else 0) + 1, time.time(), message, hint, code)
    with suppress(StorageError):
        place_file(folder.path, _file(folder, timestamp), json.dumps(asdict(failure), indent=2).encode("utf-8"))


def forget_failure(folder: ContainerFolder, timestamp: str) -> None:
    """Remove the record of the failed builds of a revision, after a build that succeeded."""
    path = _file(folder, timestamp)
    with suppress(OSError):
        with open_below(folder.path, path.parent.name) as failures:
            failures.unlink(path.name)
        remove_if_empty(path.parent)


def _file(folder: ContainerFolder, timestamp: str) -> Path:
    return folder.path / "failures" / f"{timestamp}.json"


@contextmanager
def telling_failure(
    report: Reporter, container: str, revision: str = "", place: str = "", message: str = ""
) -> Iterator[None]:
    """Report that a build has failed, if the body raises an error of ours; see `Happened` for the arguments."""
    try:
        yield
    except RezupError as error:
        cause = Cause(error.code, error.message, error.hint)
        report(Happened("failed", container, revision, place=place, message=message, cause=cause))
        raise
