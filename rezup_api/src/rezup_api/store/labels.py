"""Read labels: files that each hold the timestamp of a revision, and that can be moved to another revision in one step.

<container>/labels/<label>        a movable name, for `NAME@LABEL`
<container>/labels/.pin           the revision that `use NAME` gives instead of the newest; see `store.pin`
<container>/labels/.published     under a local root: the revision that the remote root named last, then those withdrawn there
<container>/labels/.given         under a local root: the revision that plain `use NAME` gave last, if a hook wants to know
"""

from __future__ import annotations

from rezup_api.store.names import is_timestamp

LABELS = "labels"
PIN = ".pin"
PUBLISHED = ".published"
GIVEN = ".given"


def parse_timestamps(data: bytes) -> list[str]:
    """The timestamps in the file of a label, one or more.

    Raises:
        ValueError: the file is empty, or holds something other than timestamps.
    """
    lines = data.decode("utf-8", "replace").split()
    if not lines or not all(is_timestamp(line) for line in lines):
        raise ValueError("it does not hold a timestamp")
    return lines


def parse_label(data: bytes) -> str:
    """The one timestamp in the file of a label.

    Raises:
        ValueError: the file does not hold exactly one timestamp.
    """
    lines = parse_timestamps(data)
    if len(lines) > 1:
        raise ValueError("it does not hold a timestamp")
    return lines[0]
