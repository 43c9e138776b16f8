"""`rezup exposed`: list launchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.commands.expose import exposed_data, named_folder
from rezup.output.render import Result
from rezup.output.table import Table

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Show what each launcher runs, and which ones have lost their Python."""
    found = studio.exposed(named_folder(arguments, studio))
    columns = ("LAUNCHER", "CONTAINER", "TOOL", "PACKAGES", "NOTE")
    rows = [
        (
            one.name,
            one.target,
            one.tool,
            " ".join(one.packages),
            f"broken: {one.command[0] if one.command else 'its rezup'} is gone; expose it again" if one.broken else "",
        )
        for one in found.launchers
    ]
    return Result(exposed_data(found), Table(columns, rows, f"Nothing is exposed in {found.folder}."))
