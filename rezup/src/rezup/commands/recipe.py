"""`rezup recipe show|check|init`: show a recipe, check it, or write one to start from."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rezup.output.render import Lines, Result
from rezup.output.table import Table
from rezup_api import absolute
from rezup_api.recipe import effective_rows, renew_schema

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Show, check or write the recipe of a container, or the recipe in a file."""
    name = arguments.name
    file = absolute(arguments.file, studio.environ) if arguments.file else None
    if arguments.action == "init":
        path = studio.init_recipe(name, file, example=arguments.example)
        return Result({"file": str(path)}, Lines((f"Wrote {path}",)), acted=True)
    if arguments.action == "check":
        renew_schema(studio.environ)
    recipe = studio.recipe(name, file)
    source = str(recipe.sources[0]) if recipe.sources else "built-in"
    if arguments.action == "check":
        told = f"{source} is fine" if recipe.sources else "There is no recipe of your own; the built-in one is used."
        missing = studio.missing(recipe)
        if missing:
            told = f"{source} is right, but names what is not on this machine:"
        lines = [line for one in missing for line in (f"  {one.key}: {one.message}", f"    -> {one.hint}")]
        data = {"container": name, "file": source, "problems": [], "missing": [asdict(one) for one in missing]}
        return Result(data, Lines((told, *lines)))
    rows = effective_rows(recipe)
    data = {"container": name, "file": source, "values": [asdict(row) for row in rows]}
    return Result(data, Table(("KEY", "VALUE", "FROM"), [(row.key, row.value, row.origin) for row in rows], ""))
