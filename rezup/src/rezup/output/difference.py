"""Show what differs between two revisions: as lines for people, and as the part of a document for programs."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rezup.output.render import age_text, moment_text
from rezup_api.events import one_line
from rezup_api.store import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rezup_api.maintenance import Difference, ValueChange
    from rezup_api.results import Described


def difference_data(difference: Difference) -> dict[str, Any]:
    """The keys of a document that tell of a difference."""
    return {
        "packages": {name: [asdict(one) for one in changes] for name, changes in difference.packages.items()},
        "python": [asdict(one) for one in difference.python],
        "environment": [asdict(one) for one in difference.variables],
        "recipe": [asdict(one) for one in difference.recipe],
    }


def difference_lines(difference: Difference) -> Iterator[str]:
    """The lines that tell people of a difference."""
    if not difference:
        yield "Nothing differs"
    for name, changes in difference.packages.items():
        yield from _section(f"packages of {name}", changes)
    yield from _section("python", difference.python)
    yield from _section("environment", difference.variables)
    yield from _section("recipe", difference.recipe)


def compared_lines(old: Described, new: Described) -> Iterator[str]:
    """Two lines that say which revisions are compared: who made each, when and why."""
    for sign, one in (("-", old), ("+", new)):
        yield f"{sign} {one}, {made_text(one)}"


def made_text(one: Described) -> str:
    """Who made a revision, when and why, as a part of a sentence."""
    metadata = one.metadata
    created = metadata.created or moment(one.timestamp).isoformat()
    age = age_text(created, time.time())
    ago = f", {age} ago" if age != "now" else ""
    by = f" by {one_line(metadata.creator)}" if metadata.creator else ""
    why = f": {one_line(metadata.message)}" if metadata.message else ""
    return f"made {moment_text(created)}{ago}{by}{why}"


def short_lines(difference: Difference, most: int = 12) -> list[str]:
    """The first lines that tell of a difference, for a look before a decision; the last one says how many more there are."""
    lines = list(difference_lines(difference))
    return lines if len(lines) <= most else [*lines[: most - 1], f"  ... and {len(lines) - most + 1} more lines"]


def _section(title: str, changes: Sequence[ValueChange]) -> Iterator[str]:
    if not changes:
        return
    yield f"{title}:"
    for one in changes:
        if one.old is None:
            yield f"  + {one.name} {one.new}".rstrip()  # a lock need not say the version of an editable package
        elif one.new is None:
            yield f"  - {one.name} {one.old}".rstrip()
        else:
            yield f"  ~ {one.name} {one.old} -> {one.new}"
