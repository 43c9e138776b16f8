"""`rezup recipe show|check|init`: look at a recipe, check it, or write one to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.output.render import Lines, Result, Table
from rezup_api.recipe.dump import effective_rows
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.location import find_recipe, recipe_path
from rezup_api.recipe.starter import STARTER_FILE, example_file, write_starter
from rezup_api.settings import absolute
from rezup_api.store.names import check_container

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from rezup.output.progress import Progress
    from rezup_api.studio import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Do what was asked with the recipe of a container, or with a file."""
    name = check_container(arguments.name)
    file = absolute(arguments.file, studio.environ) if arguments.file else None
    if arguments.action == "init":
        return _init(file or recipe_path(name, studio.settings), arguments.example)
    path = file or find_recipe(name, studio.settings)
    recipe = load_recipe(name, path)
    for remark in recipe.warnings:
        progress.warn(remark)
    source = str(path) if path else "built-in"
    if arguments.action == "check":
        told = f"{path} is fine" if path else "There is no recipe of your own; the built-in one is used."
        return Result({"container": name, "file": source, "problems": []}, Lines((told,)))
    rows = effective_rows(recipe)
    data = {
        "container": name,
        "file": source,
        "values": [{"key": row.key, "value": row.value, "origin": row.origin} for row in rows],
    }
    return Result(data, Table(("KEY", "VALUE", "FROM"), [(row.key, row.value, row.origin) for row in rows], ""))


def _init(path: Path, example: str | None) -> Result:
    write_starter(path, STARTER_FILE if example is None else example_file(example))
    return Result({"file": str(path)}, Lines((f"Wrote {path}",)))
