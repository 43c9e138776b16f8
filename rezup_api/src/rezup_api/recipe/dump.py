"""Write the effective recipe: as a file, which a revision keeps and a remote root publishes, or as rows with origins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rezup_api.recipe.credentials import redact_document
from rezup_api.recipe.merge import BUILT_IN, leaves

if TYPE_CHECKING:
    from rezup_api.recipe.model import Recipe


def dump(recipe: Recipe, *, rez_python: str | None = None) -> str:
    """The effective recipe as TOML. It reads back as an equal recipe, except that literal credentials are struck out.

    Args:
        recipe: the recipe.
        rez_python: the Python version ("3.11") that was used. It is written as `rez.python` when the recipe names none, so that
            other machines build with the same version.
    """
    import tomli_w  # a launch does not need it, only a builder

    document = redact_document(recipe.data)
    if rez_python is not None and recipe.rez.python is None:
        document["rez"] = {**document["rez"], "python": rez_python}
    return tomli_w.dumps(document)


@dataclass(frozen=True, slots=True)
class Row:
    """One value of the effective recipe.

    Args:
        key: the dotted key; extensions and checks are counted from 0.
        value: the value as TOML on one line, with credentials struck out.
        origin: the file that has the value, or "built-in".
    """

    key: str
    value: str
    origin: str


def effective_rows(recipe: Recipe) -> tuple[Row, ...]:
    """Every value of the effective recipe, in the order of the document."""
    return tuple(
        Row(key, _toml(value), recipe.origins.get(key, BUILT_IN)) for key, value in leaves(redact_document(recipe.data))
    )


def _toml(value: Any) -> str:
    import tomli_w  # only `recipe show` and builders write TOML

    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").removesuffix("\n")
