"""Check one container: its recipe, the revision that `use` gives, builds that fail, and pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.doctor.observation import WARNING, WRONG, Observation, fine, of_problems
from rezup_api.errors import RezupError
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.location import find_recipe
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from rezup_api.container import Container
    from rezup_api.doctor.scene import Scene


def check_recipe(around: Scene) -> list[Observation]:
    """Whether the recipe of the container can be read."""
    name = around.name
    if not name:
        return []
    try:
        file = find_recipe(name, around.settings)
        recipe = load_recipe(name, file)
    except RezupError as error:
        return of_problems("recipe", error, f"see: rezup recipe check {name}", name)
    if recipe.warnings:
        way_out = f"see: rezup recipe check {name}"
        return [Observation("recipe", WARNING, one, way_out, name) for one in recipe.warnings]
    where = f"in {file}" if file is not None else "the built-in one"
    return [fine("recipe", f"the recipe of {name} has no problems ({where})", name)]


def check_revision(around: Scene) -> list[Observation]:
    """Whether the revision that `use` gives is ready here; its files are not read, which `verify` does."""
    container = around.container
    if container is None:
        return []
    name = container.name
    try:
        timestamp = container.current()
    except RezupError as error:
        return [Observation("revision", WRONG, error.message, error.hint or f"see: rezup status {name}", name)]
    if timestamp is None:
        text = f"there is no revision of {name}, neither here nor on a remote root"
        return [Observation("revision", WARNING, text, f"make one: rezup add {name}", name)]
    revision = load_revision(container.folder, timestamp)
    if revision.ready:
        return [fine("revision", f"{revision}, which `use {name}` gives, is ready here", name)]
    if revision.fault:
        text = f"{revision}, which `use {name}` gives, cannot be entered: {revision.obstacle}"
        return [Observation("revision", WRONG, text, f"rezup verify {revision} --repair", name)]
    text = f"{revision}, which `use {name}` gives, is not built here yet"
    return [Observation("revision", WARNING, text, f"build it: rezup pull {name}", name)]


def check_failing_builds(around: Scene) -> list[Observation]:
    """Whether this machine could not build the published revision."""
    container = around.container
    if container is None or container.remote is None:
        return []
    try:
        published = container.published()
    except RezupError:
        return []  # `check_revision` says so
    failure = container.failure(published) if published is not None else None
    if failure is None:
        return [fine("failing-builds", f"none of {container.name}", container.name)]
    text = f"{container.name}@{published} could not be built here, {failure.tries} times: {failure.message}"
    hint = f"{failure.hint}; then try again: rezup pull {container.name}" if failure.hint else ""
    return [
        Observation("failing-builds", WRONG, text, hint or f"try again: rezup pull {container.name}", container.name)
    ]


def check_pins(around: Scene) -> list[Observation]:
    """Whether a pin or a rollback decides what `use` gives."""
    container = around.container
    if container is None:
        return []
    try:
        pins = container.pins()
    except RezupError as error:
        return [Observation("pins", WRONG, error.message, error.hint, container.name)]
    found = []
    for pin, place, option in zip(pins, ("on this machine", "for the whole studio"), _options(container), strict=True):
        if pin is not None:
            what = "rolled back" if pin.is_rollback else "pinned"
            text = f"{container.name} is {what} to {pin.timestamp} {place}"
            way_out = f"to get the newest again: rezup unpin {container.name}{option}"
            found.append(Observation("pins", WARNING, text, way_out, container.name))
    return found or [fine("pins", f"{container.name} is not pinned", container.name)]


def _options(container: Container) -> tuple[str, str]:
    return (" --local", " --remote") if container.remote is not None else ("", "")
