"""Show what differs between two revisions: as lines for people, and as the part of a document for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rezup_api.maintenance import Difference, ValueChange


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
