"""`rezup recipe show|check|init`: show a recipe, check it, or write one to start from."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from rezup.output.render import Lines, Result
from rezup.output.table import Table
from rezup_api import UsageError, absolute
from rezup_api.bundles import bundled_recipe
from rezup_api.recipe import effective_rows, renew_schema
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Recipe, Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Show, check or write the recipe of a container, or the recipe in a file; show also that of a revision or a bundle.

    Raises:
        UsageError: the user has given `--file` together with a revision or a bundle.
        RezupError: the errors of `Studio.recipe`, `Container.kept_recipe`, `bundled_recipe` and `Studio.init_recipe`.
    """
    name = arguments.name
    file = absolute(arguments.file, studio.environ) if arguments.file else None
    if arguments.action == "init":
        path = studio.init_recipe(name, file, example=arguments.example)
        return Result({"file": str(path)}, Lines((f"Wrote {path}",)), acted=True)
    if arguments.action == "check":
        renew_schema(studio.environ)
    kept = arguments.action == "show" and _is_kept(name, studio)
    if kept and file is not None:
        raise UsageError("--file names a recipe, and so does a revision or a bundle", "leave one of them out")
    recipe = _kept(name, studio, progress) if kept else studio.recipe(name, file)
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
    data = {"container": recipe.container, "file": source, "values": [asdict(row) for row in rows]}
    return Result(data, Table(("KEY", "VALUE", "FROM"), [(row.key, row.value, row.origin) for row in rows], ""))


def _is_kept(name: str, studio: Studio) -> bool:
    """Whether the user names a revision or a bundle, and not a container."""
    if "@" in name or "/" in name or os.sep in name:
        return True
    import zipfile

    # A container may have a dot in its name, as the file of a bundle has.
    return "." in name[1:] and zipfile.is_zipfile(absolute(name, studio.environ))


def _kept(name: str, studio: Studio, progress: Progress) -> Recipe:
    """The recipe that a revision or a bundle keeps."""
    path = absolute(name, studio.environ)
    if "/" in name or os.sep in name or path.is_file():
        recipe = bundled_recipe(path)
    else:
        target = parse_target(name)
        recipe = studio.container(target.container).kept_recipe(target.revision)
    for remark in recipe.warnings:
        progress.warn(remark)
    return recipe
