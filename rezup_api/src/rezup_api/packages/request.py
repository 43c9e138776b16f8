"""What one environment is asked to hold, in the words that pip and uv share (requirements files)."""

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
    """One thing to install.

    Args:
        text: a line for a requirements file, without `-e`.
        name: the distribution's name as far as it is known.
        local: the folder or archive it comes from, None for what an index or a version control gives.
        editable: installed in place.
        extras: `[gui]`, of what comes from a local path.
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
    """One environment of a revision: what is asked for, before anything is resolved.

    Args:
        name: its folder under `venv/`.
        tools: Rez and the extensions whose scripts become production scripts.
        libraries: all else that is installed.
        shared: requirements that go into the container's shared libraries.
        flags: interpreter flags of each tool's scripts, by the tool's requirement.
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
        """All that is installed in the environment itself."""
        return (*self.tools, *self.libraries)

    @property
    def lines(self) -> list[str]:
        """All that is asked for, shared libraries too, as lines of a requirements file."""
        return [item.line for item in (*self.requirements, *self.shared)]

    def changed(self, change: Callable[[Requirement], Requirement]) -> EnvironmentRequest:
        """The same with other requirements, one for each."""
        return replace(
            self,
            tools=tuple(map(change, self.tools)),
            libraries=tuple(map(change, self.libraries)),
            shared=tuple(map(change, self.shared)),
        )

    @property
    def editable(self) -> bool:
        """Whether any of it may change under the environment."""
        return any(requirement.editable for requirement in self.requirements)


def tool_requirement(tool: Tool, environ: Mapping[str, str]) -> Requirement:
    """How Rez or an extension is installed; `~` and `$VAR` in its url are expanded.

    Args:
        environ: for the expansion.
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
        # pip takes extras behind a path, but not behind an address without a name.
        address = f"{path}{extras}" if extras and path else path.as_uri() if path and is_path(text) else text
        made.append(Requirement(address, match.group(1) if match else text, path, extras=extras))
    return tuple(made)


def _file(text: str) -> Path | None:
    """The place in `file:///place` or `name @ file:///place`; None for anything else."""
    match = _FILE.match(text)
    return Path(unquote(urlsplit(match["url"]).path)) if match else None


def _path_and_extras(text: str) -> tuple[Path, str]:
    """`~/dev/foo[gui]`: where it lies, and `[gui]`; brackets may also belong to the folder's name."""
    match = _EXTRAS.fullmatch(text)
    if match is None or os.path.exists(text):
        return Path(os.path.abspath(text)), ""
    return Path(os.path.abspath(match.group(1))), match.group(2)


def main_request(recipe: Recipe, interpreter: Interpreter, environ: Mapping[str, str]) -> EnvironmentRequest:
    """The environment `rez`: Rez, every extension that is not isolated, and all their libraries, to be resolved as one."""
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
    """The environment of an isolated extension, with Rez in it as a library; shared libraries are not seen there."""
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
    # `rez pip` runs the pip of Rez's own environment (rez/pip.py).
    named = tuple(requirement for tool in tools for requirement in plain(tool.lib, environ))
    return named if any(item.name == "pip" for item in named) else (*named, Requirement("pip", "pip"))
