"""Who did what to a container, when, where and why: one file an act, under the root that it changed.

    <container>/history/<time>-<host>-<id>.json

Appending to one file is not atomic on network shares; a file of its own for each act is, whoever writes at the same time.
"""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api._version import __version__
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
    act = Act(**{name: str(document.get(name) or "") for name in Act.__match_args__})
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


def act_name(act: Act) -> str:
    """A name for the file of an act that no other act has: `<time>-<host>-<id>.json`."""
    host = re.sub(r"[^A-Za-z0-9_.]", "_", act.host)
    return f"{format_timestamp(time.time_ns())}-{host}-{token()[:8]}{SUFFIX}"


def newest_acts_first(acts: Iterable[Act]) -> list[Act]:
    """Acts sorted by their moments, the newest first."""
    return sorted(acts, key=lambda act: datetime.fromisoformat(act.when), reverse=True)


def act_of_making(timestamp: str, metadata: Metadata) -> Act:
    """How a revision came to a root, as its metadata tells, for one whose act was not recorded."""
    return Act(
        act="pull" if metadata.remote else "add",
        revision=timestamp,
        who=metadata.creator,
        host=metadata.hostname,
        when=moment(timestamp).isoformat(timespec="microseconds"),
        message=metadata.message,
        rezup_version=metadata.rezup_version,
    )
