"""`rezup diff`: show what differs between two revisions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rezup.output.difference import difference_data, difference_lines
from rezup.output.render import Lines, Result, age_text, moment_text
from rezup_api.store import moment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.results import Described


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Compare the two revisions, and show what is different in the second one."""
    compared = studio.diff(arguments.old, arguments.new)
    old, new, difference = compared.old, compared.new, compared.difference
    for one in (old, new):
        if not one.contents.built:
            progress.warn(f"{one} is not built here: its packages are those of its lock, for all platforms")
    data = {"old": _about(old), "new": _about(new), **difference_data(difference)}
    return Result(data, Lines((*_head(old, new), *difference_lines(difference))))


def _about(one: Described) -> dict[str, Any]:
    metadata = one.metadata
    return {
        "container": one.container,
        "timestamp": one.timestamp,
        "creator": metadata.creator,
        "created": metadata.created,
        "message": metadata.message,
        "built": one.contents.built,
    }


def _head(old: Described, new: Described) -> Iterator[str]:
    for sign, one in (("-", old), ("+", new)):
        created = one.metadata.created or moment(one.timestamp).isoformat()
        age = age_text(created, time.time())
        ago = f", {age} ago" if age != "now" else ""
        by = f" by {one.metadata.creator}" if one.metadata.creator else ""
        why = f": {one.metadata.message}" if one.metadata.message else ""
        yield f"{sign} {one}, made {moment_text(created)}{ago}{by}{why}"
