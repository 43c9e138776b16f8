"""`rezup pull`: build the revision that `use` would need, for machine images and render farms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.render import Result, Said, described
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Build the revision if this machine does not have it, and say that it is ready."""
    target = parse_target(arguments.target)
    revision = studio.container(target.container).pull(target.revision)
    data = {"container": revision.container, "revision": revision.timestamp, "path": str(revision.path)}
    return Result(data, Said((f"{revision} is ready here ({described(revision)})",)), acted=True)
