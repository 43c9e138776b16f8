"""Hold a recipe as plain, checked values.

Strings that name a file or folder (`url`, the roots, dotenv files, the init script) stay as the recipe's author wrote them,
except that relative paths are absolute already. `~` and `$VAR` are expanded only where a value is used, because other machines
read a published recipe.
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
        name: the name of the distribution.
        url: a version specifier, path, archive or git+URL; the name alone when the recipe has no `url`.
        edit: whether a local path is installed editable.
        python: the version ("3.10") or path of an interpreter; None for the interpreter that runs rezup on the machine that
            builds.
        flags: the interpreter flags in the production scripts.
        lib: further requirements for the same environment.
        isolation: whether the extension gets a virtual environment of its own, with Rez in it as a library.
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
    """Packages that the revisions of a container share: the first part of their folder's name, and their requirements."""

    name: str
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pip:
    """How packages are installed.

    Args:
        engine: "uv" or "pip".
        link: "auto" lets revisions share files; with "copy" each has files of its own.
        options: options as pip takes them.
        env: variables that are set while an engine runs.
        timeout: seconds that an engine may take for one revision, in all; None for what the act allows.
    """

    engine: str = "uv"
    link: str = "auto"
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Providing:
    """Which interpreters rezup provides.

    Args:
        when: "never", "missing" (those that the machine lacks) or "always".
        mirror: where they come from, as `~` and variables are written; empty for what uv asks.
    """

    when: str = "never"
    mirror: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A command that must succeed inside a new revision before anybody uses it; `timeout` in seconds."""

    command: str
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Which revisions stay: the `keep` newest ones, and those not older than `older_than` ("30d"); None means no rule.

    `spare` is how long a revision stays after it was handed out or given; None for the default.
    """

    keep: int | None = None
    older_than: str | None = None
    spare: str | None = None

    def or_else(self, other: Retention) -> Retention:
        """These rules, or those of another recipe if there are none; and this `spare`, or that of the other."""
        rules = self if self.keep is not None or self.older_than is not None else other
        return Retention(rules.keep, rules.older_than, self.spare or other.spare)


@dataclass(frozen=True, slots=True)
class Dotenv:
    """Files of variables in the order in which rezup reads them: `common`, then those of the platform."""

    common: tuple[str, ...] = ()
    by_platform: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Recipe:
    """The effective recipe of a container.

    Args:
        container: the name of the container.
        sources: the files from which it was made, the most specific last, without the built-in recipe.
        origins: where each value came from, by dotted key: the path of a file, or "built-in".
        data: the merged document itself, as TOML would hold it.
        warnings: remarks for the user, one sentence each.
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
    providing: Providing
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
        container: the name of the container.
        document: the recipe's document, merged with the built-in recipe, checked and tidied.
        sources: the files from which the document was made.
        origins: the file of each dotted key, or "built-in".
        warnings: remarks for the user.
    """
    root = document["root"]
    shared = document.get("shared") or {}
    # In a recipe that is read in spite of its problems, a table may lack what it must have; then there is none.
    whole = {"name", "requires"} <= shared.keys()
    retention = document.get("retention", {})
    return Recipe(
        container=container,
        description=document["description"],
        root_local=root["local"],
        root_remote=root["remote"],
        init_script=document["init"]["script"],
        rez=_tool(document["rez"]),
        extensions=tuple(_tool(extension) for extension in document.get("extension", []) if "name" in extension),
        shared=Shared(shared["name"], tuple(shared["requires"])) if whole else None,
        env=MappingProxyType(document["env"]),
        dotenv=_dotenv(document["dotenv"]),
        pip=_pip(document["pip"]),
        providing=_providing(document.get("python", {})),
        platforms=tuple(document.get("lock", {}).get("platforms", ())),
        checks=tuple(
            Check(check["command"], float(check.get("timeout", DEFAULT_TIMEOUT)))
            for check in document.get("check", [])
            if "command" in check
        ),
        retention=Retention(*map(retention.get, ("keep", "older_than", "spare"))),
        sources=sources,
        origins=MappingProxyType(dict(origins)),
        data=MappingProxyType(document),
        warnings=tuple(warnings),
    )


def _providing(table: dict[str, Any]) -> Providing:
    return Providing(table.get("provide", "never"), table.get("mirror", ""))


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
    timeout = float(table["timeout"]) if "timeout" in table else None
    return Pip(table["engine"], table["link"], tuple(table["options"]), MappingProxyType(table["env"]), timeout)


def _dotenv(table: dict[str, Any]) -> Dotenv:
    platforms = {name: _in_order(table[name]) for name in DOTENV_PLATFORMS if table.get(name)}
    common = {name: path for name, path in table.items() if name not in DOTENV_PLATFORMS}
    return Dotenv(_in_order(common), MappingProxyType(platforms))


def _in_order(files: dict[str, str]) -> tuple[str, ...]:
    """The paths in the order of their keys: by number if all keys are numbers, so that 10 follows 9; else as rezup 2.x did."""
    if all(key.isascii() and key.isdigit() for key in files):
        return tuple(files[key] for key in sorted(files, key=lambda key: (len(key.lstrip("0")), key.lstrip("0"), key)))
    return tuple(files[key] for key in sorted(files))
