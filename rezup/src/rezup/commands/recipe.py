"""`rezup recipe show|check|init`: show a recipe, check it, or write one to start from."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from rezup.output.render import Lines, Result, Table
from rezup_api import UsageError, absolute
from rezup_api.recipe import effective_rows

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Show, check or write the recipe of a container, or the recipe in a file; show also that of a revision or a bundle.

    Raises:
        UsageError: the user has given `--file` together with a revision or a bundle.
        RezupError: the errors of `Studio.recipe`, `Studio.kept_recipe` and `Studio.init_recipe`.
    """
    name = arguments.name
    file = absolute(arguments.file, studio.environ) if arguments.file else None
    if arguments.action == "init":
        path = studio.init_recipe(name, file, example=arguments.example)
        return Result({"file": str(path)}, Lines((f"Wrote {path}",)), acted=True)
    kept = arguments.action == "show" and _is_kept(name, studio)
    if kept and file is not None:
        raise UsageError("--file names a recipe, and so does a revision or a bundle", "leave one of them out")
    recipe = studio.kept_recipe(name) if kept else studio.recipe(name, file)
    source = str(recipe.sources[0]) if recipe.sources else "built-in"
    if arguments.action == "check":
        told = f"{source} is fine" if recipe.sources else "There is no recipe of your own; the built-in one is used."
        return Result({"container": name, "file": source, "problems": []}, Lines((told,)))
    rows = effective_rows(recipe)
    data = {"container": recipe.container, "file": source, "values": [asdict(row) for row in rows]}
    return Result(data, Table(("KEY", "VALUE", "FROM"), [(row.key, row.value, row.origin) for row in rows], ""))


def _is_kept(name: str, studio: Studio) -> bool:
    """Whether the user names a revision or a bundle, and not a container."""
    if "@" in name or "/" in name or os.sep in name:
        return True
    import zipfile

    # A container may have a dot in its name, as the file of a bundle has.
    return "." in name[1:] and zipfile.is_zipfile(absolute(name, studio.environ))
