"""`rezup unexpose`: remove launchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.commands.expose import exposed_data, named_folder, stands_for
from rezup.output.render import Lines, Result

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Remove the launchers, or none if one of the names is not that of a launcher."""
    done = studio.unexpose(arguments.launchers, named_folder(arguments, studio))
    lines = tuple(f"Removed {done.folder / one.name} ({stands_for(one)})" for one in done.launchers)
    return Result(exposed_data(done), Lines(lines), acted=True)
