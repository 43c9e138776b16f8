"""Merge a recipe over the built-in one: tables are merged key by key, lists and all other values are replaced."""

from __future__ import annotations

from typing import Any

from rezup_api.recipe.schema import RECIPE, join_key

BUILT_IN = "built-in"


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """A new document with all values of `over`, and those of `base` that `over` does not have; neither of them is changed."""
    result = {name: _copy(value) for name, value in base.items()}
    for name, value in over.items():
        below = result.get(name)
        result[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else _copy(value)
    return result


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def merge_recipe(built_in: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The recipe `own`, merged over the built-in one."""
    result = merge(built_in, own)
    mine = own.get("rez", {})
    # A recipe that only renames `[rez]`, for a studio's own Rez, must not install `rez>=...` of the built-in recipe.
    if "url" not in mine and mine.get("name", built_in["rez"]["name"]) != built_in["rez"]["name"]:
        del result["rez"]["url"]
    return result


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """The document in the order of the schema, without empty extensions and an empty `[shared]`, which rezup 2.x wrote."""
    result = {name: document[name] for name in RECIPE.levels[""] if name in document}
    if "extension" in document:
        result["extension"] = [extension for extension in document["extension"] if extension]
    return {name: value for name, value in result.items() if value or name not in ("extension", "shared")}


def leaves(table: dict[str, Any], path: str = "") -> list[tuple[str, Any]]:
    """Every value with its dotted key. A list counts as one value; a list of tables is walked through, table by table."""
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        key = join_key(path, name)
        if isinstance(value, dict):
            found += leaves(value, key)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for index, item in enumerate(value):
                found += leaves(item, f"{key}[{index}]")
        else:
            found.append((key, value))
    return found


def origins(merged: dict[str, Any], own: dict[str, Any], where: str) -> dict[str, str]:
    """Where each value of a merged document came from, by dotted key: `where`, or "built-in".

    Args:
        merged: the effective document, tidied.
        own: the recipe's own document, tidied, so that its extensions have the same numbers as in `merged`.
        where: the recipe's file.
    """
    mine = {key for key, _ in leaves(own)}
    return {key: where if key in mine else BUILT_IN for key, _ in leaves(merged)}
