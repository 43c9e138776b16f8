"""A checked document to a `Recipe`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rezup_api.recipe.model import Check, Dotenv, Pip, Recipe, Retention, Shared, Tool
from rezup_api.recipe.schema import DOTENV_PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DEFAULT_FLAGS = ("-E",)
DEFAULT_TIMEOUT = 60


def assemble(
    container: str,
    document: dict[str, Any],
    sources: tuple[Path, ...],
    origins: Mapping[str, str],
    warnings: Sequence[str],
) -> Recipe:
    """Make the recipe of a container.

    Args:
        container: its name.
        document: merged with the built-in recipe, checked and tidied.
        sources: the files it was made from.
        origins: dotted key to file, or "built-in".
        warnings: remarks on it.
    """
    root = document["root"]
    shared = document.get("shared")
    retention = document.get("retention", {})
    return Recipe(
        container=container,
        description=document["description"],
        root_local=root["local"],
        root_remote=root["remote"],
        init_script=document["init"]["script"],
        rez=_tool(document["rez"]),
        extensions=tuple(_tool(extension) for extension in document.get("extension", [])),
        shared=Shared(shared["name"], tuple(shared["requires"])) if shared else None,
        env=MappingProxyType(document["env"]),
        dotenv=_dotenv(document["dotenv"]),
        pip=_pip(document["pip"]),
        platforms=tuple(document.get("lock", {}).get("platforms", ())),
        checks=tuple(
            Check(check["command"], float(check.get("timeout", DEFAULT_TIMEOUT))) for check in document.get("check", [])
        ),
        retention=Retention(retention.get("keep"), retention.get("older_than")),
        sources=sources,
        origins=MappingProxyType(dict(origins)),
        data=MappingProxyType(document),
        warnings=tuple(warnings),
    )


def _tool(table: dict[str, Any]) -> Tool:
    return Tool(
        name=table["name"],
        url=table.get("url", table["name"]),
        edit=table.get("edit", False),
        python=table.get("python") or None,
        flags=tuple(table.get("flags", DEFAULT_FLAGS)),
        lib=tuple(table.get("lib", ())),
        isolation=table.get("isolation", False),
    )


def _pip(table: dict[str, Any]) -> Pip:
    return Pip(table["engine"], table["link"], tuple(table["options"]), MappingProxyType(table["env"]))


def _dotenv(table: dict[str, Any]) -> Dotenv:
    platforms = {name: _in_order(table[name]) for name in DOTENV_PLATFORMS if table.get(name)}
    common = {name: path for name, path in table.items() if name not in DOTENV_PLATFORMS}
    return Dotenv(_in_order(common), MappingProxyType(platforms))


def _in_order(files: dict[str, str]) -> tuple[str, ...]:
    """The paths by their keys: as numbers if all keys are, so that 10 comes after 9; else as text, as rezup 2.x did."""
    if all(key.isascii() and key.isdigit() for key in files):
        return tuple(files[key] for key in sorted(files, key=lambda key: (int(key), key)))
    return tuple(files[key] for key in sorted(files))
