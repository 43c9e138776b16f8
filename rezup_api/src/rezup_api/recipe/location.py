"""Find recipes: one folder has a file for each container, and `rezup.toml` for every container without a file of its own."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rezup_api.errors import NotFoundError, Problem, RecipeError, UsageError
from rezup_api.netfs import reader

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.settings import Settings

MAIN_CONTAINER = ".main"
MAIN_FILE = "rezup.toml"

# A dot or a hyphen in the name is fine, a leading dot is not: `rezup..toml` is nobody's recipe.
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_CONTAINER = re.compile(_NAME)
_FILE = re.compile(rf"rezup\.({_NAME})\.toml")
_NAMES_A_ROOT = re.compile(rb"^\s*(root\s*\.\s*|root\s*=.*)?\"?(local|remote)\b", re.MULTILINE)


def is_container(name: str) -> bool:
    """Whether a container can have that name: letters, digits, `_`, `-` and `.`, without a leading dot except in `.main`."""
    return name == MAIN_CONTAINER or _CONTAINER.fullmatch(name) is not None


def recipe_path(name: str, settings: Settings) -> Path:
    """The path that the recipe of the container `name` has, whether the file exists or not.

    Raises:
        UsageError: no container can have that name.
    """
    if name == MAIN_CONTAINER:
        return settings.recipes / MAIN_FILE
    if not is_container(name):
        raise UsageError(f"{name!r} is not a container name", "use letters, digits, '_', '-' and '.', no leading dot")
    return settings.recipes / f"rezup.{name}.toml"


def find_recipe(name: str, settings: Settings) -> Path | None:
    """The recipe of the container `name`: its own file, or else `rezup.toml` in the same folder, or else None.

    Raises:
        UsageError: no container can have that name.
        NotFoundError: the folder that REZUP_RECIPES names does not exist.
        RecipeError: the folder cannot be searched.
    """
    if settings.recipes != settings.home and _is_missing(settings.recipes):
        raise NotFoundError(
            f"there is no folder {settings.recipes}", "REZUP_RECIPES names it: correct or unset that variable"
        )
    for path in (recipe_path(name, settings), settings.recipes / MAIN_FILE):
        try:
            # `_look` does not follow links, and takes folders too. If the container's own recipe is a dangling link, the
            # user must hear of it; silently building from `rezup.toml` instead would give them another container.
            _look(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise _unreadable(settings.recipes, error) from error
        return path
    return None


def _look(path: Path) -> None:
    """Look at a file, link or folder, wherever it lies.

    Raises:
        OSError: nothing is at that path, or the system or a hanging share refuses.
    """

    def question() -> bytes:
        path.lstat()
        return b""

    reader.reach(path, question)


def _is_missing(folder: Path) -> bool:
    try:
        _look(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def list_recipes(settings: Settings) -> dict[str, Path]:
    """The recipes in the folder, by the names of their containers, `.main` first; empty if the folder does not exist.

    Raises:
        RecipeError: the folder cannot be listed.
    """

    def question() -> bytes:
        with os.scandir(settings.recipes) as entries:
            return "/".join(entry.name for entry in entries if not entry.is_dir()).encode("utf-8", "surrogateescape")

    try:
        files = set(reader.reach(settings.recipes, question).decode("utf-8", "surrogateescape").split("/"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unreadable(settings.recipes, error) from error
    found = {MAIN_CONTAINER: settings.recipes / MAIN_FILE} if MAIN_FILE in files else {}
    for file in sorted(files):
        match = _FILE.fullmatch(file)
        if match:
            found[match.group(1)] = settings.recipes / file
    return found


def roots_of(file: Path) -> tuple[str, str]:
    """The local and the remote root that a recipe names, as it writes them, `~` and variables not expanded; empty for none.

    Nothing else of it is checked, and a recipe that names none is not even parsed.

    Raises:
        OSError: it cannot be read.
        RecipeError: it is not TOML.
    """
    text = file.read_bytes()
    if not _NAMES_A_ROOT.search(text):
        return "", ""
    from rezup_api.recipe.parse import parse
    from rezup_api.recipe.paths import rooted  # completion needs neither for most recipes

    root = parse(text.decode("utf-8", "replace"), "").get("root", {})
    found = [root.get(key) if isinstance(root, dict) else "" for key in ("local", "remote")]
    local, remote = (rooted(path, file.parent) if isinstance(path, str) else "" for path in found)
    return local, remote


def _unreadable(folder: Path, error: OSError) -> RecipeError:
    return RecipeError([Problem(str(folder), "", f"cannot be searched for recipes: {error.strerror or error}")])
