"""Refuse what cannot be built or published, before the work of minutes begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.errors import InstallError, RecipeError, StorageError
from rezup_api.packages.platforms import here
from rezup_api.recipe.credentials import literal_credentials

if TYPE_CHECKING:
    from rezup_api.recipe.model import Recipe
    from rezup_api.store.revision import Revision


def refuse_credentials(recipe: Recipe) -> None:
    """Refuse to publish a recipe with a literal credential.

    Raises:
        RecipeError: it holds one.
    """
    problems = literal_credentials(recipe)
    if problems:
        raise RecipeError(problems)


def refuse_platform(recipe: Recipe, what: str, hint: str) -> None:
    """Refuse a recipe whose locks are for other platforms than this one.

    Args:
        what: what is to be built, for the message.
        hint: what the user can do.

    Raises:
        InstallError: `[lock] platforms` does not name this platform.
    """
    if recipe.platforms and here() not in recipe.platforms:
        raise InstallError(f"{what} is for {', '.join(recipe.platforms)}, and this is {here()}", hint)


def refuse_occupied(revision: Revision) -> None:
    """Refuse to build a revision whose path something else occupies.

    Raises:
        StorageError: there is something at that path, or that cannot be known.
    """
    with storing("cannot look at"):
        is_there = revision.path.exists()
    if is_there:
        raise StorageError(
            f"{revision.path} is in the way: {revision.obstacle}",
            "move it away, or give this machine a local root of its own: REZUP_ROOT_LOCAL",
        )


def encoded(recipe: str) -> bytes:
    """The bytes of a recipe's file.

    Raises:
        InstallError: the recipe names a path that is not UTF-8, which no TOML file can hold.
    """
    try:
        return recipe.encode("utf-8")
    except UnicodeEncodeError as error:
        named = recipe[error.start :].partition('"')[0]
        raise InstallError(
            f"the recipe names a path that is not UTF-8: {recipe[: error.start].rpartition(chr(34))[2]}{named}",
            "rename that folder, or move what the recipe names to another one",
        ) from error
