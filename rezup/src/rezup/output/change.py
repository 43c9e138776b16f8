"""Show a change of what `use` gives, before the user agrees to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.confirm import agreed, wants_question
from rezup.output.difference import compared_lines, short_lines
from rezup_api import RezupError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.selection import Change


def change_agreed(
    arguments: argparse.Namespace,
    studio: Studio,
    progress: Progress,
    *,
    name: str,
    plan: Callable[[], Change],
    told: Callable[[Change], str],
) -> bool:
    """Whether a pin, its end or a rollback is to happen. Users are asked if the whole studio would feel it.

    Args:
        name: the container.
        plan: what the act would change.
        told: says that in one line; empty if nothing would change.
    """

    def lines(change: Change) -> list[str]:
        text = told(change)
        return [text, *_differing(studio, name, change)] if text else []

    if not wants_question(arguments, studio.environ):
        return True
    return agreed(plan, lines, "Do this for the whole studio?", progress)


def _differing(studio: Studio, name: str, change: Change) -> list[str]:
    """What differs in the revision that `use` would give; only its name stands above if that cannot be found out."""
    if not (change.previous and change.revision) or change.previous == change.revision:
        return []
    try:
        compared = studio.diff(f"{name}@{change.previous}", f"{name}@{change.revision}")
    except RezupError:
        return []
    return [*compared_lines(compared.old, compared.new), *short_lines(compared.difference)]
