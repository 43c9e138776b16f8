"""`rezup env`: what a session sets and removes, for other programs to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.render import Raw, Result
from rezup_api.session.formats import Written, changes, written
from rezup_api.store.names import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Compute a session's environment and compare it with the caller's; nothing is held, nothing is entered."""
    target = parse_target(arguments.target)
    session = studio.container(target.container).enter(target.revision, local=arguments.local)
    session.lease.release()
    changed = changes(arguments.origin.environ, session.environ)
    data = {
        "container": session.revision.container,
        "timestamp": session.revision.timestamp,
        "revision": str(session.revision.path),
        "environ": changed,
    }
    told = Written("") if arguments.json else written(arguments.format, changed)
    if told.unnamed:
        progress.warn(f"left out, for {arguments.format} cannot set variables so named: {_listed(told.unnamed)}")
    if told.kept:
        progress.warn(f"{arguments.format} cannot say that these are to be removed: {_listed(told.kept)}")
    return Result(data, Raw(told.text))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(name if name.isidentifier() else repr(name) for name in names)
