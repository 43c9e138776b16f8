"""`rezup diff`: show what differs between two revisions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rezup.output.render import Lines, Result, moment_text
from rezup_api.store import moment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.maintenance import Difference, ValueChange
    from rezup_api.results import Described


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Compare the two revisions, and show what is different in the second one."""
    compared = studio.diff(arguments.old, arguments.new)
    old, new, difference = compared.old, compared.new, compared.difference
    for one in (old, new):
        if not one.contents.built:
            progress.warn(f"{one} is not built here: its packages are those of its lock, for all platforms")
    data = {"old": _about(old), "new": _about(new), **_told(difference)}
    return Result(data, Lines((*_head(old, new), *_lines(difference))))


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


def _told(difference: Difference) -> dict[str, Any]:
    return {
        "packages": {name: [asdict(one) for one in changes] for name, changes in difference.packages.items()},
        "python": [asdict(one) for one in difference.python],
        "environment": [asdict(one) for one in difference.variables],
        "recipe": [asdict(one) for one in difference.recipe],
    }


def _head(old: Described, new: Described) -> Iterator[str]:
    for sign, one in (("-", old), ("+", new)):
        made = moment_text(one.metadata.created or moment(one.timestamp).isoformat())
        by = f" by {one.metadata.creator}" if one.metadata.creator else ""
        why = f": {one.metadata.message}" if one.metadata.message else ""
        yield f"{sign} {one}, made {made}{by}{why}"


def _lines(difference: Difference) -> Iterator[str]:
    if not difference:
        yield "Nothing differs"
    for name, changes in difference.packages.items():
        yield from _section(f"packages of {name}", changes)
    yield from _section("python", difference.python)
    yield from _section("environment", difference.variables)
    yield from _section("recipe", difference.recipe)


def _section(title: str, changes: Sequence[ValueChange]) -> Iterator[str]:
    if not changes:
        return
    yield f"{title}:"
    for one in changes:
        if one.old is None:
            yield f"  + {one.name} {one.new}"
        elif one.new is None:
            yield f"  - {one.name} {one.old}"
        else:
            yield f"  ~ {one.name} {one.old} -> {one.new}"
