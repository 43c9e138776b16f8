"""Note the failures of hooks, of which no running command can hear, in a small file of the user's: one JSON object in a line."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.documents import parse_json, parse_moment
from rezup_api.disk.files import write_whole
from rezup_api.disk.reading import read_own
from rezup_api.errors import RezupError
from rezup_api.frozen import asdict, dataclass
from rezup_api.settings import state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Bytes. A file that has grown larger keeps its last lines only.
LARGEST = 64 << 10
KEPT = LARGEST // 2
# Characters of what a hook has printed.
SHOWN = 300


@dataclass(frozen=True, slots=True)
class HookFailure:
    """One failure of a hook.

    Args:
        when: an ISO 8601 moment in UTC.
        where: the file and the key of the hook. Its command is not noted, for it may hold the secret address of a webhook.
        event, container, revision: what it was to hear of.
        why: how it has failed.
        said: the last line that it has printed.
    """

    when: str
    where: str
    event: str
    container: str
    revision: str
    why: str
    said: str


def hook_log(environ: Mapping[str, str]) -> Path:
    """The file of this user's failures."""
    return state_folder(environ) / "hooks.log"


def note_hook_failure(log: Path, failure: HookFailure) -> None:
    """Add a failure to a log. A log that cannot be written stays as it is: there is nobody to tell."""
    line = json.dumps(asdict(failure)).encode("ascii") + b"\n"
    with suppress(OSError, RezupError):
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(log, flags, 0o600)
        try:
            # One write at the end of the file: the lines of two supervisors do not mix.
            os.write(descriptor, line)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        if size > LARGEST:
            content = read_own(log, size + LARGEST) or b""
            write_whole(log, content[-KEPT:].partition(b"\n")[2], 0o600)


def read_hook_failures(log: Path) -> list[HookFailure]:
    """The failures in a log, oldest first; lines that hold none are left out."""
    found = []
    for line in (read_own(log, 2 * LARGEST) or b"").splitlines():
        with suppress(ValueError, TypeError, KeyError):
            document = parse_json(line)
            failure = HookFailure(*(str(document[name]) for name in HookFailure.__match_args__))
            parse_moment(failure.when)
            found.append(failure)
    return found
