"""`rezup verify`: check every installed file of a revision, and repair it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.output.render import Lines, Result
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.maintenance import Finding
    from rezup_api.results import Verified

FAILED = 8


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Compare the files with the record, repair them if the user wants that, and say what is still wrong."""
    target = parse_target(arguments.target)
    done = studio.container(target.container).verify(target.revision, repair=arguments.repair)
    style = done.revision.style
    if style != "3":
        progress.warn(f"{done.revision} was made by rezup {style}, which did not record what it installed")
    data = {
        "revision": str(done.revision),
        "recorded": style == "3",
        "found": _told(done.found),
        "left": _told(done.left),
    }
    return Result(
        data, Lines(_lines(done, repaired=arguments.repair)), FAILED if done.left else 0, acted=arguments.repair
    )


def _told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [{"kind": finding.kind, "path": finding.path, "text": finding.text} for finding in findings]


def _lines(done: Verified, *, repaired: bool) -> tuple[str, ...]:
    if not done.found:
        return (f"{done.revision} is as it was made",) if done.revision.style == "3" else ()
    if not done.left:
        return (*map(str, done.found), f"Repaired: {done.revision} is as it was made")
    hint = "" if repaired else f"; to repair it: rezup verify {done.revision} --repair"
    count = len(done.left)
    tail = f"{count} thing{'s' if count != 1 else ''} {'are' if count != 1 else 'is'} not as recorded{hint}"
    return (*map(str, done.left), tail)
