"""Labels: names that each hold one timestamp, and can be moved to another one in one step.

<container>/labels/<label>        a movable name, for `NAME@LABEL`
<container>/labels/.pin           what `use NAME` gives instead of the newest; see `pin`
<container>/labels/.published     under a local root: what the remote root named last, and what was withdrawn there
"""

from __future__ import annotations

from rezup_api.store.names import is_timestamp

LABELS = "labels"
PIN = ".pin"
PUBLISHED = ".published"


def parse_timestamps(data: bytes) -> list[str]:
    """The timestamps that the file of a label holds, at least one.

    Raises:
        ValueError: it holds something else.
    """
    lines = data.decode("utf-8", "replace").split()
    if not lines or not all(is_timestamp(line) for line in lines):
        raise ValueError("it does not hold a timestamp")
    return lines


def parse_label(data: bytes) -> str:
    """The one timestamp that the file of a label holds.

    Raises:
        ValueError: it holds something else.
    """
    lines = parse_timestamps(data)
    if len(lines) > 1:
        raise ValueError("it does not hold a timestamp")
    return lines[0]
