"""Check what else lies on the machine: recipes, interpreters, caches, the machine's configuration and its hooks."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from rezup_api.cache.folders import find_caches
from rezup_api.configuration.machine_file import read_machine
from rezup_api.disk.documents import parse_moment
from rezup_api.disk.trust import is_mine
from rezup_api.doctor.observation import WARNING, WRONG, Observation, fine, of_problems
from rezup_api.errors import RecipeError, RezupError
from rezup_api.hooks.hook_log import HookFailure, hook_log, read_hook_failures
from rezup_api.pythons.finder import Finder
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.location import list_recipes
from rezup_api.storage.address import folder_of_root, open_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rezup_api.doctor.scene import Scene

# Seconds for which the failure of a hook is worth a word.
WEEK = 7 * 86400.0


def check_recipes(around: Scene) -> list[Observation]:
    """Whether all recipes of the user can be read, and name roots that can be used."""
    if around.name:
        return []  # then only one recipe matters, at which the checks of the container look
    try:
        recipes = list_recipes(around.settings)
    except RezupError as error:
        return [Observation("recipes", WRONG, error.message, "correct REZUP_RECIPES, or the rights of that folder")]
    found = []
    for name, path in recipes.items():
        try:
            recipe = load_recipe(name, path)
            folder_of_root(recipe.root_local or around.settings.root_local, around.environ, "local")
            if remote := recipe.root_remote or around.settings.root_remote:
                open_root(remote, around.environ)
        except RezupError as error:
            hint = f"see: rezup recipe check {name}" if isinstance(error, RecipeError) else error.hint
            found += of_problems("recipes", error, hint, str(path))
    names = ", ".join(recipes) or "none, so that the built-in one counts"
    return found or [fine("recipes", f"the recipes in {around.settings.recipes} can be read ({names})")]


def check_interpreters(around: Scene) -> Observation:
    """Which interpreters recipes can name by their version."""
    found = Finder(around.settings, around.environ).all()
    listed = ", ".join(f"{one.version_text} ({one.executable})" for one in found)
    missing = [str(path) for path in around.settings.python_path if not path.exists()]
    if missing:
        text = f"REZUP_PYTHON_PATH names what is not there: {', '.join(missing)}; found: {listed}"
        return Observation("interpreters", WARNING, text, "correct REZUP_PYTHON_PATH")
    return fine("interpreters", f"found: {listed}")


def check_caches(around: Scene) -> list[Observation]:
    """How large the caches of each local root are, and whether they are this user's own."""
    return [_caches(root, around) for root in around.local_roots]


def _caches(root: Path, around: Scene) -> Observation:
    caches, obstacle = find_caches(root, around.environ)
    subject = str(root)
    if obstacle:
        text = f"{obstacle}, so that the caches for {root} are in {caches.path}"
        return Observation("caches", WARNING, text, "ask for that folder to be removed", subject)
    if not caches.path.exists():
        return fine("caches", f"there are none for {root} yet", subject)
    if not is_mine(caches.path):
        text = f"{caches.path} belongs to another user, or others can write to it"
        return Observation("caches", WARNING, text, "ask for that folder to be removed", subject)
    size = sum(_sizes(str(caches.path)))
    return fine("caches", f"{caches.path} is yours, and holds {size / (1 << 20):.0f} MiB", subject)


def _sizes(folder: str) -> Iterator[int]:
    """The sizes of the files below a folder, without following links."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _sizes(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False).st_size
    except OSError:
        return  # another process removes it at this moment


def check_machine_configuration(around: Scene) -> list[Observation]:
    """Whether the configuration of this machine can be trusted, and holds nothing that is wrong."""
    machine = read_machine(around.environ)
    if machine.problems:
        way_out = "see: docs/reference/machine-configuration.md"
        return [Observation("machine-configuration", WRONG, str(one), way_out, one.where) for one in machine.problems]
    read = ", ".join(map(str, machine.files))
    text = f"read from {read}; hooks: {len(machine.hooks)}" if read else "there is none"
    return [fine("machine-configuration", text)]


def check_hooks(around: Scene) -> list[Observation]:
    """Whether hooks have failed in the last seven days."""
    log = hook_log(around.environ)
    now = time.time()
    recent = [one for one in read_hook_failures(log) if now - parse_moment(one.when).timestamp() < WEEK]
    if not recent:
        return [fine("hooks", "none has failed in the last seven days")]
    hooks = dict.fromkeys(one.where for one in recent)
    return [_hook(log, [one for one in recent if one.where == hook]) for hook in hooks]


def _hook(log: Path, failures: list[HookFailure]) -> Observation:
    """The failures of one hook, of which the last one is told."""
    last = failures[-1]
    times = "" if len(failures) == 1 else f" {len(failures)} times"
    text = f"{last.where} has failed{times}, last at {last.event} of {last.container} on {last.when}: {last.why}"
    way_out = f"what it has printed is in {log}; remove that file when it is mended"
    return Observation("hooks", WARNING, text, way_out, last.where)
