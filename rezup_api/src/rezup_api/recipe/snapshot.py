"""The effective recipe as a file of its own: what a revision keeps and a remote root publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.recipe.credentials import redact_document

if TYPE_CHECKING:
    from rezup_api.recipe.model import Recipe


def dump(recipe: Recipe, *, rez_python: str | None = None) -> str:
    """The effective recipe as TOML; read again, it is an equal recipe, except that literal credentials are struck out.

    Args:
        recipe: the recipe.
        rez_python: written as `rez.python` when the recipe names none, so that others build with the version it was made with.
    """
    import tomli_w  # only builders write recipes

    document = redact_document(recipe.data)
    if rez_python is not None and recipe.rez.python is None:
        document["rez"] = {**document["rez"], "python": rez_python}
    return tomli_w.dumps(document)
