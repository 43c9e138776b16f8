"""Find what a recipe names and this machine does not have: paths of sources, scripts, `.env` files, interpreters.

Nothing of it makes a recipe wrong: another machine may have it, or this one when it is needed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import NotFoundError, RecipeError
from rezup_api.netfs.reader import reach
from rezup_api.packages.request import plain, tool_requirement
from rezup_api.pythons.finder import Finder
from rezup_api.pythons.interpreter_choice import VERSION
from rezup_api.recipe.credentials import redact
from rezup_api.recipe.schema import join_key
from rezup_api.resolve.pip_configuration import parse_options
from rezup_api.settings import expand
from rezup_api.store.layout import platform_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup_api.recipe.model import Recipe, Tool
    from rezup_api.settings import Settings

# The options of pip whose values are files or folders, unless they are addresses.
_FILES = frozenset({"find-links", "constraint", "build-constraint", "cert", "client-cert", "requirement"})
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a recipe names and this machine does not have.

    Args:
        key: the key that names it, such as "rez.url".
        value: its value, without passwords.
        message: what is missing, in one sentence without a full stop.
        hint: what the user can do.
    """

    key: str
    value: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}; {self.hint}"


def find_missing(recipe: Recipe, settings: Settings, environ: Mapping[str, str]) -> Iterator[Missing]:
    """Everything that a recipe names and this machine does not have, in the order of the recipe's keys.

    Args:
        recipe: the effective recipe of a container.
        settings: gives the places of interpreters.
        environ: the values for `~` and `$VAR` in paths, and PATH.
    """
    look = _Look(recipe, settings, environ)
    yield from look.path("init.script", recipe.init_script, "script", "start without it: REZUP_SKIP_INIT=1")
    yield from look.tool("rez", recipe.rez)
    for index, extension in enumerate(recipe.extensions):
        yield from look.tool(f"extension[{index}]", extension)
    if recipe.shared is not None:
        yield from look.requirements("shared.requires", recipe.shared.requires)
    yield from look.dotenv()
    if "://" not in recipe.providing.mirror:
        yield from look.path("python.mirror", recipe.providing.mirror)
    yield from look.options()


class _Look:
    """One look at this machine."""

    def __init__(self, recipe: Recipe, settings: Settings, environ: Mapping[str, str]) -> None:
        self._recipe = recipe
        self._environ = environ
        self._finder = Finder(settings, environ)

    def path(self, key: str, written: str, what: str = "file or folder", or_else: str = "") -> Iterator[Missing]:
        """The path of a key, if nothing is there."""
        path = expand(written, self._environ)
        if not path or _exists(path):
            return
        unset = [name for match in _VARIABLE.finditer(path) if (name := match[1] or match[2]) not in self._environ]
        hints = [f"set the variable {unset[0]}"] if unset else ["correct the path"]
        yield Missing(
            key, redact(written), f"there is no {what} {path}", ", or ".join([*hints, *filter(None, [or_else])])
        )

    def tool(self, key: str, tool: Tool) -> Iterator[Missing]:
        """What Rez or an extension needs."""
        local = tool_requirement(tool, self._environ).local
        if local is not None:
            yield from self._source(f"{key}.url", tool.url, str(local))
        # What rezup provides need not be here; a path means that very interpreter all the same.
        here = self._recipe.providing.when == "never" or not VERSION.fullmatch(tool.python or "")
        if tool.python is not None and here and (key == "rez" or tool.isolation):
            try:
                self._finder.find(tool.python)
            except NotFoundError as error:
                yield Missing(f"{key}.python", tool.python, error.message, error.hint)
        yield from self.requirements(f"{key}.lib", tool.lib)

    def requirements(self, key: str, texts: tuple[str, ...]) -> Iterator[Missing]:
        """The local paths of a list of requirements."""
        for index, requirement in enumerate(plain(texts, self._environ)):
            if requirement.local is not None:
                yield from self._source(f"{key}[{index}]", texts[index], str(requirement.local))

    def _source(self, key: str, written: str, path: str) -> Iterator[Missing]:
        for one in self.path(key, path, "project or archive"):
            yield Missing(key, redact(written), one.message, one.hint)

    def dotenv(self) -> Iterator[Missing]:
        """The `.env` files that a session on this platform reads."""
        table = self._recipe.data["dotenv"]
        files = {key: value for key, value in table.items() if isinstance(value, str)}
        own = platform_name()
        files.update({join_key(own, key): value for key, value in table.get(own, {}).items()})
        for key, value in files.items():
            way_out = "leave it so: then sessions begin without its variables, and with a warning"
            yield from self.path(f"dotenv.{key}", value, "file", way_out)

    def options(self) -> Iterator[Missing]:
        """The files and folders of wheels that options of pip name."""
        try:
            options = parse_options(self._recipe.pip.options, "")
        except RecipeError:
            return  # a build says what is wrong with them
        for option in options:
            address = "://" in option.value and not option.value.startswith("file://")
            if option.name in _FILES and not address:
                yield from self.path(
                    "pip.options", option.value.removeprefix("file://"), f"file or folder of --{option.name}"
                )


def _exists(path: str) -> bool:
    """Whether there is something at a path. What cannot be known, such as on a share that does not answer, counts as there."""

    def look() -> bytes:
        os.stat(path)
        return b""

    try:
        reach(path, look)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
