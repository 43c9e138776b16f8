"""What a recipe says, once it is parsed: plain values, all of them checked.

Strings that name a place (`url`, roots, dotenv files, the init script) are kept as they were written, except that relative
ones are already absolute; `~` and `$VAR` are expanded where they are used, because a published recipe is read on other machines.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rezup_api.frozen import dataclass, field
from rezup_api.recipe.schema import DOTENV_PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Tool:
    """Rez itself or an extension.

    Args:
        name: the distribution's name.
        url: version specifier, path, archive or git+URL; the name alone when the recipe gives none.
        edit: an editable install of a local path.
        python: version ("3.10") or path of an interpreter; None leaves the choice to the builder (the host's).
        flags: interpreter flags of the production scripts.
        lib: further requirements in the same environment.
        isolation: a virtual environment of its own, with Rez in it as a library.
    """

    name: str
    url: str
    edit: bool = False
    python: str | None = None
    flags: tuple[str, ...] = ("-E",)
    lib: tuple[str, ...] = ()
    isolation: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """Packages shared by the revisions of a container."""

    name: str
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pip:
    """How packages are installed: `engine` is "uv" or "pip", `link` is "auto" or "copy"."""

    engine: str = "uv"
    link: str = "auto"
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Check:
    """A command that must succeed inside a new revision; `timeout` in seconds."""

    command: str
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Retention:
    """How many revisions, and which age ("30d"), are kept; None means no rule."""

    keep: int | None = None
    older_than: str | None = None


@dataclass(frozen=True, slots=True)
class Dotenv:
    """Files of variables, in the order in which they are read: `common`, then those of the platform."""

    common: tuple[str, ...] = ()
    by_platform: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Recipe:
    """The effective recipe of a container.

    Args:
        container: the name of the container it is for.
        sources: the files it was made from, the most specific last; the built-in recipe is not among them.
        origins: where each value came from, by dotted key: a file's path, or "built-in".
        data: the merged document itself, as TOML would hold it.
    """

    container: str
    description: str
    root_local: str
    root_remote: str
    init_script: str
    rez: Tool
    extensions: tuple[Tool, ...]
    shared: Shared | None
    env: Mapping[str, str]
    dotenv: Dotenv
    pip: Pip
    platforms: tuple[str, ...]
    checks: tuple[Check, ...]
    retention: Retention
    sources: tuple[Path, ...]
    origins: Mapping[str, str]
    data: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


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
