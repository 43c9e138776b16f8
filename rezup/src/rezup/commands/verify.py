"""`rezup verify`: check every installed file of a revision, and repair it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.output.every import for_every
from rezup.output.render import Lines, Result
from rezup_api.events import Note
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rezup.output.progress import Progress
    from rezup_api import Container, Studio
    from rezup_api.maintenance import Finding
    from rezup_api.results import Verified

FAILED = 8


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Compare the files with the record, repair them if the user wants that, and say what is still wrong."""
    if arguments.all:
        return _all(arguments, studio, progress)
    target = parse_target(arguments.target)
    done = studio.container(target.container).verify(target.revision, repair=arguments.repair)
    _remark(done, progress)
    lines = _lines(done, repaired=arguments.repair)
    return Result(_document(done), Lines(lines), FAILED if done.left else 0, acted=arguments.repair)


def _all(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """The same for what `use` gives of each container, as far as it is on this machine."""
    here = [container for container in studio.containers() if _is_here(container, progress)]
    every = for_every(here, lambda container: container.verify(repair=arguments.repair), progress)
    for one in every.done:
        _remark(one, progress)
    lines = tuple(line for one in every.done for line in _lines(one, repaired=arguments.repair))
    data = {"containers": [_document(one) for one in every.done], "failed": every.failures}
    status = every.status(FAILED for one in every.done if one.left)
    return Result(data, Lines(lines or ("There is nothing to check.",)), status, acted=arguments.repair)


def _is_here(container: Container, progress: Progress) -> bool:
    """Whether there is something to check on this machine; else say so. What `use` cannot find is left to `verify` to report."""
    if not container.exists:
        return False
    given = container.given()
    if given is None or given in container.folder.timestamps():
        return True
    progress.report(Note(f"{container.name}@{given} is not built here, so there is nothing to check"))
    return False


def _remark(done: Verified, progress: Progress) -> None:
    if done.revision.style != "3":
        progress.warn(
            f"{done.revision} was made by rezup {done.revision.style}, which did not record what it installed"
        )


def _document(done: Verified) -> dict[str, Any]:
    return {
        "revision": str(done.revision),
        "recorded": done.revision.style == "3",
        "found": _told(done.found),
        "left": _told(done.left),
    }


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
