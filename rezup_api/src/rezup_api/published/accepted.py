"""Keep the last entry that this user has accepted of each log, so that nobody can put an older state back in its place.

    <state folder>/rezup/accepted/<digest of the root's address>/<container>.json        the bytes of the entry

The folder is the user's own. A root that others can write only says what it says now; this file says what it has said before.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.disk.files import write_whole
from rezup_api.disk.reading import read_own
from rezup_api.published.log_entry import LIMIT, Entry, parse_entry

if TYPE_CHECKING:
    from collections.abc import Mapping


class Accepted:
    """The file of one container under one root.

    Args:
        environ: the caller's environment, which names the state folder: `XDG_STATE_HOME`, by default `~/.local/state` (the XDG
            Base Directory Specification). Without either, nothing is kept.
        place: the address of the root.
        container: the container's name.
    """

    def __init__(self, environ: Mapping[str, str], place: str, container: str) -> None:
        from hashlib import sha256

        state, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
        base = state if os.path.isabs(state) else os.path.join(home, ".local", "state") if os.path.isabs(home) else ""
        root = sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self.path = Path(base, "rezup", "accepted", root, f"{container}.json") if base else None

    def read(self) -> Entry | None:
        """The accepted entry; None if there is none, or if others can write it."""
        data = read_own(self.path, LIMIT) if self.path is not None else None
        if data is None:
            return None
        with suppress(ValueError):
            return parse_entry(data)
        return None

    def write(self, entry: Entry) -> None:
        """Keep an entry. A user without a home folder, or with a full disk, keeps none."""
        if self.path is None:
            return
        with suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self.path, entry.data, 0o600, durable=True)
