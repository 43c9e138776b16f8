"""Record who did what to a container, when, where and why: one file for each act, under the root that the act changed.

    <container>/history/<time>-<host>-<id>.json

On a network share, two processes that append to one file at the same time can destroy each other's lines. Each act therefore
has a file of its own, which appears whole.
"""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api._version import __version__
from rezup_api.disk.documents import parse_json, parse_moment
from rezup_api.disk.files import host_name, token, user_name
from rezup_api.frozen import asdict, dataclass
from rezup_api.store.names import format_timestamp, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup_api.store.metadata import Metadata

FORMAT = 1
HISTORY = "history"
SUFFIX = ".json"
# Acts by which a revision comes to a root.
MAKING = frozenset({"add", "publish", "pull"})


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a user did to a container.

    Args:
        act: add, publish, pull, pin, unpin, rollback, tag, untag, gc, drop or repair.
        revision: the timestamp of the revision that the act was about; empty if it was about none.
        who: the name of the user.
        host: the name of the machine.
        when: an ISO 8601 moment in UTC.
        message: the reason, in the user's words.
        rezup_version: the version of rezup that did it.
        detail: the label, what was removed or repaired, or what the revision was made from.
        previous: the timestamp of the revision that `use`, or the label, gave before; empty if there was none.
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
        """The text of the act's file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def parse_act(text: str | bytes) -> Act:
    """Read a text that `Act.to_json` made. Fields that a newer rezup has added are ignored.

    Raises:
        ValueError: the text does not hold an act.
    """
    return act_from(parse_json(text))


def act_from(document: object) -> Act:
    """The act in a parsed JSON document.

    Raises:
        ValueError: the document does not hold an act.
    """
    if not isinstance(document, dict):
        raise ValueError("not an object")
    act = Act(**{name: str(document.get(name) or "") for name in Act.__match_args__})
    if not act.act:
        raise ValueError("not an act")
    parse_moment(act.when)
    return act


def new_act(
    act: str, revision: str, environ: Mapping[str, str], *, message: str = "", detail: str = "", previous: str = ""
) -> Act:
    """An act of the present user, on this machine, at this moment.

    Args:
        act, revision, message, detail, previous: see `Act`.
        environ: the caller's environment.
    """
    when = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    return Act(act, revision, user_name(environ), host_name(), when, message, __version__, detail, previous)


def act_name(act: Act) -> str:
    """A new name for the file of an act, which no other act has: `<time>-<host>-<id>.json`."""
    # The random part keeps two acts apart that one host writes within the same microsecond.
    host = re.sub(r"[^A-Za-z0-9_.]", "_", act.host)
    return f"{format_timestamp(time.time_ns())}-{host}-{token()[:8]}{SUFFIX}"


def newest_acts_first(acts: Iterable[Act]) -> list[Act]:
    """The acts, sorted by their moments, the newest first."""
    return sorted(acts, key=lambda act: parse_moment(act.when), reverse=True)


def act_of_making(timestamp: str, metadata: Metadata) -> Act:
    """The act by which a revision came to a root, made from the revision's metadata because nobody recorded the act itself."""
    return Act(
        act="pull" if metadata.remote else "add",
        revision=timestamp,
        who=metadata.creator,
        host=metadata.hostname,
        when=moment(timestamp).isoformat(timespec="microseconds"),
        message=metadata.message,
        rezup_version=metadata.rezup_version,
    )
