"""`rezup diff`: show what differs between two revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.output.difference import compared_lines, difference_data, difference_lines
from rezup.output.render import Lines, Result

if TYPE_CHECKING:
    import argparse

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
    return Result(data, Lines((*compared_lines(old, new), *difference_lines(difference))))


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
