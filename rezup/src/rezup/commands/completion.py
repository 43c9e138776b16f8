"""`rezup completion`: print the script with which a shell completes the command line of rezup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.completion.answer import completion_script
from rezup.output.render import Raw, Result

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, _studio: Studio, _progress: Progress) -> Result:
    """Print the script. It does not depend on the studio."""
    script = completion_script(arguments.shell)
    return Result({"shell": arguments.shell, "script": script}, Raw(script))
