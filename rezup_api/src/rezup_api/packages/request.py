"""Describe what one environment shall hold, in the form that pip and uv share: lines of requirements files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rezup_api.recipe.paths import is_path
from rezup_api.settings import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.recipe.model import Recipe, Tool

_EXTRAS = re.compile(r"(.+?)(\[[^\[\]]*\])")
_FILE = re.compile(r"([^:/]+ ?@ *)?(?P<url>file:\S+)")
_DISTRIBUTION = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement.

    Args:
        text: a line for a requirements file, without `-e`.
        name: the name of the distribution, as far as it is known before the installation.
        local: the folder or archive from which it comes; None if an index or a version control has it.
        editable: whether it is installed in place.
        extras: the extras behind a local path, `[gui]`.
    """

    text: str
    name: str
    local: Path | None = None
    editable: bool = False
    extras: str = ""

    @property
    def line(self) -> str:
        """The line of the requirements file."""
        return f"-e {self.text}" if self.editable else self.text


@dataclass(frozen=True, slots=True)
class EnvironmentRequest:
    """One environment of a revision, as the recipe asks for it, before anything is resolved.

    Args:
        name: the name of its folder under `venv/`.
        interpreter: the interpreter from which it is made.
        tools: Rez and the extensions whose scripts become production scripts.
        libraries: all other requirements.
        shared: the requirements of the container's shared libraries.
        shared_name: the first part of the name of their folder.
        flags: the interpreter flags for the scripts of each tool, in the order of `tools`.
    """

    name: str
    interpreter: Interpreter
    tools: tuple[Requirement, ...]
    libraries: tuple[Requirement, ...]
    shared: tuple[Requirement, ...]
    shared_name: str
    flags: tuple[tuple[str, ...], ...]

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements of the environment itself."""
        return (*self.tools, *self.libraries)

    @property
    def lines(self) -> list[str]:
        """All requirements, those of the shared libraries included, as lines of a requirements file."""
        return [item.line for item in (*self.requirements, *self.shared)]

    def changed(self, change: Callable[[Requirement], Requirement]) -> EnvironmentRequest:
        """A copy of the request in which `change` has replaced each requirement."""
        return replace(
            self,
            tools=tuple(map(change, self.tools)),
            libraries=tuple(map(change, self.libraries)),
            shared=tuple(map(change, self.shared)),
        )

    @property
    def editable(self) -> bool:
        """Whether the user may change a part of the environment after it is built."""
        return any(requirement.editable for requirement in self.requirements)


def tool_requirement(tool: Tool, environ: Mapping[str, str]) -> Requirement:
    """The requirement that installs Rez or an extension.

    Args:
        tool: Rez or the extension, as the recipe has it.
        environ: the values for `~` and `$VAR` in its url.
    """
    url = expand(tool.url, environ).strip()
    if is_path(url):
        path, extras = _path_and_extras(url)
        address = f"{tool.name}{extras} @ {path.as_uri()}" if extras and not tool.edit else f"{path.as_uri()}{extras}"
        return Requirement(address, tool.name, path, tool.edit, extras)
    if _FILE.match(url):
        return Requirement(url, tool.name, _file(url), tool.edit)
    match = _DISTRIBUTION.match(url)
    return Requirement(url, match.group(1) if match and "://" not in url.split("@")[0] else tool.name)


def plain(requirements: tuple[str, ...], environ: Mapping[str, str]) -> tuple[Requirement, ...]:
    """Requirements of a `lib` or `requires` list."""
    expanded = (expand(text, environ) for text in requirements)
    made = []
    for text in expanded:
        match = _DISTRIBUTION.match(text)
        path, extras = _path_and_extras(text) if is_path(text) else (_file(text), "")
        # pip accepts extras behind a path, but not behind a `file:` address without a name.
        address = f"{path}{extras}" if extras and path else path.as_uri() if path and is_path(text) else text
        made.append(Requirement(address, match.group(1) if match else text, path, extras=extras))
    return tuple(made)


def _file(text: str) -> Path | None:
    """The path in `file:///path` or `name @ file:///path`; None for anything else."""
    match = _FILE.match(text)
    return Path(unquote(urlsplit(match["url"]).path)) if match else None


def _path_and_extras(text: str) -> tuple[Path, str]:
    """The parts of `/dev/foo[gui]`: the path, and `[gui]`."""
    match = _EXTRAS.fullmatch(text)
    # Brackets may also belong to the name of the folder, so the disk decides.
    if match is None or os.path.exists(text):
        return Path(os.path.abspath(text)), ""
    return Path(os.path.abspath(match.group(1))), match.group(2)


def main_request(recipe: Recipe, interpreter: Interpreter, environ: Mapping[str, str]) -> EnvironmentRequest:
    """The request for the environment `rez`: Rez, every extension that is not isolated, and their libraries, resolved as one."""
    tools = (recipe.rez, *(extension for extension in recipe.extensions if not extension.isolation))
    return EnvironmentRequest(
        name="rez",
        interpreter=interpreter,
        tools=tuple(tool_requirement(tool, environ) for tool in tools),
        libraries=_libraries(tools, environ),
        shared=plain(recipe.shared.requires, environ) if recipe.shared else (),
        shared_name=recipe.shared.name if recipe.shared else "",
        flags=tuple(tool.flags for tool in tools),
    )


def isolated_request(
    recipe: Recipe, extension: Tool, interpreter: Interpreter, environ: Mapping[str, str]
) -> EnvironmentRequest:
    """The request for the environment of an isolated extension, with Rez as a library and without the shared libraries."""
    tools = (recipe.rez, extension)
    return EnvironmentRequest(
        name=extension.name,
        interpreter=interpreter,
        tools=tuple(tool_requirement(tool, environ) for tool in tools),
        libraries=_libraries((extension,), environ),
        shared=(),
        shared_name="",
        flags=tuple(tool.flags for tool in tools),
    )


def _libraries(tools: tuple[Tool, ...], environ: Mapping[str, str]) -> tuple[Requirement, ...]:
    # `rez pip` runs the pip of Rez's own environment (rez/pip.py), so every environment needs one, whatever the recipe says.
    named = tuple(requirement for tool in tools for requirement in plain(tool.lib, environ))
    return named if any(item.name == "pip" for item in named) else (*named, Requirement("pip", "pip"))
