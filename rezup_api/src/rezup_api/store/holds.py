"""Note that a revision was handed out without a lease, to a program that only got its environment, so that no cleanup removes it.

<container>/.held/<timestamp>        an empty file; its time says when the revision was handed out last
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.reading import open_below
from rezup_api.store.names import is_timestamp

if TYPE_CHECKING:
    from rezup_api.store.layout import ContainerFolder

HOLDS = ".held"
# Seconds. A note is renewed only if it is older, for a farm hands out thousands of environments a minute.
RENEWED = 60.0


def note_hold(folder: ContainerFolder, timestamp: str) -> None:
    """Note that a revision is handed out now. A user who may not write there notes nothing."""
    with suppress(OSError), open_below(folder.root, folder.name) as container:
        container.make(HOLDS)
        with container.folder(HOLDS) as holds:
            with suppress(FileNotFoundError):
                if time.time() - holds.lstat(timestamp).st_mtime < RENEWED:
                    return
            holds.touch(timestamp)


def read_holds(folder: ContainerFolder) -> dict[str, float]:
    """When each revision was handed out last, in seconds since the epoch, by timestamp."""
    found = {}
    with suppress(OSError), open_below(folder.root, f"{folder.name}/{HOLDS}") as holds:
        for name in filter(is_timestamp, holds.names()):
            with suppress(OSError):
                found[name] = holds.lstat(name).st_mtime
    return found


def forget_holds(folder: ContainerFolder, older_than: float) -> None:
    """Remove the notes that are older than a moment, which is given in seconds since the epoch."""
    for name, moment in read_holds(folder).items():
        if moment < older_than:
            with suppress(OSError), open_below(folder.root, f"{folder.name}/{HOLDS}") as holds:
                holds.unlink(name)
