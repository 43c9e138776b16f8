"""What of a revision is published, and how a machine that pulls it gets that into its stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rezup_api.builder.conditions import encoded
from rezup_api.disk.files import storing, write_whole
from rezup_api.packages.lock_source import LockSource, read_lock_source
from rezup_api.recipe.dump import dump
from rezup_api.recipe.load import load_recipe
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, WHEELS, lock_name

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.disk.staging import Stage
    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.recipe.model import Recipe
    from rezup_api.store.metadata import Metadata


def published_files(recipe: Recipe, metadata: Metadata, stage: Stage) -> dict[str, bytes | Path]:
    """The files of a revision that other machines need, by their names in its folder."""
    python = ".".join(metadata.environments[0].python.split(".")[:2])
    published = replace(metadata, environments=(), libraries=(), data=(), remote="")
    names = [lock_name(environment.name) for environment in metadata.environments if environment.locked]
    files: dict[str, bytes | Path] = {RECIPE_FILE: encoded(dump(recipe, rez_python=python))}
    files |= {name: stage.path / name for name in names}
    files |= {f"{WHEELS}/{path.name}": path for path in sorted((stage.path / WHEELS).glob("*.whl"))}
    # The metadata makes a revision complete, so it is the last file in the order in which the storage writes them.
    files[METADATA_FILE] = published.to_json().encode("utf-8", "replace")
    return files


def published_origin(stage: Stage, remote: PublishedRoot, timestamp: str) -> LockSource:
    """Copy the locks and wheels of a published revision into the stage, and read them; older rezups have published none."""
    with storing("cannot write"):
        for file, text in remote.locks(timestamp).items():
            write_whole(stage.path / file, text.encode("utf-8"))
        for file in remote.wheels(timestamp):
            (stage.path / WHEELS).mkdir(exist_ok=True)
            remote.fetch_wheel(timestamp, file, stage.path / WHEELS / file)
    return read_lock_source(stage.path, f"{remote.name}@{timestamp}")


def published_recipe(stage: Stage, remote: PublishedRoot, timestamp: str, *, tolerant: bool) -> Recipe:
    """Copy the recipe of a published revision into the stage, and load it.

    Args:
        tolerant: whether an older rezup has published it; then the stage gets its keys as this rezup writes them.
    """
    path = stage.path / RECIPE_FILE
    with storing("cannot write"):
        write_whole(path, remote.recipe(timestamp).encode("utf-8"))
    recipe = load_recipe(remote.name, path, tolerant=tolerant)
    if tolerant:
        keep_recipe(stage, recipe)
    return recipe


def keep_recipe(stage: Stage, recipe: Recipe) -> None:
    """Write an effective recipe into the stage, as the recipe of its revision."""
    with storing("cannot write"):
        write_whole(stage.path / RECIPE_FILE, encoded(dump(recipe)))
