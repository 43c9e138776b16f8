"""`rezup python list|install`: show the interpreters that revisions can be made with, or install one for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rezup.output.render import Result, Said
from rezup.output.table import Table

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """List the interpreters, or install one."""
    if arguments.action == "install":
        made = studio.provide_python(arguments.wanted, arguments.mirror)
        text = f"Python {made.version} is there: {made.executable}"
        return Result({"python": asdict(made)}, Said((text,)), acted=True)
    found = studio.pythons()
    rows = [(one.version, "rezup" if one.key else "this machine", _users(one.users), one.executable) for one in found]
    data = {"pythons": [asdict(one) for one in found]}
    return Result(data, Table(("VERSION", "FROM", "USED BY", "PROGRAM"), rows, "There are no interpreters."))


def _users(users: tuple[str, ...]) -> str:
    more = len(users) - 1
    return f"{users[0]} and {more} more" if more > 0 else "".join(users)
