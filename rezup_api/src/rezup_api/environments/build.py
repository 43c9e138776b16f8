"""Build all environments of a revision in its stage."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.cache.content_store import FileStore
from rezup_api.cache.folders import open_caches
from rezup_api.disk.files import remove_tree, storage_error
from rezup_api.environments.steps import EnvironmentBuild, Workplace
from rezup_api.packages.request import EnvironmentRequest, isolated_request, main_request
from rezup_api.pythons.finder import Finder
from rezup_api.pythons.interpreter_choice import choose_interpreter
from rezup_api.pythons.provided import hold_provided
from rezup_api.pythons.provider import provider_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from rezup_api.disk.staging import Stage
    from rezup_api.events import Reporter
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.recipe.model import Recipe
    from rezup_api.resolve.resolver import Resolved
    from rezup_api.settings import Settings
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.metadata import Environment

# Seconds that the engines may take in all, where somebody waits for the result.
LIMIT = 3600.0


@dataclass(frozen=True, slots=True)
class Built:
    """The result of a build.

    Args:
        environments: the environments, as the revision's metadata records them.
        libraries: the names of the shared libraries' folders that they link.
        data: the names of the data folders that they link.
    """

    environments: tuple[Environment, ...]
    libraries: tuple[str, ...]
    data: tuple[str, ...]


def workplace(
    recipe: Recipe,
    folder: ContainerFolder,
    stage: Stage,
    *,
    settings: Settings,
    environ: Mapping[str, str],
    report: Reporter,
    holds: ExitStack,
    origin: LockSource,
    limit: float = LIMIT,
) -> Workplace:
    """What all environments of a revision have in common.

    Args:
        recipe: the recipe of the revision.
        folder: the folder of its container.
        stage: the folder in which the revision is prepared.
        settings: the settings of this run.
        environ: the caller's environment.
        report: gets the steps.
        holds: keeps the locks on shared folders until the revision has appeared; the caller closes it.
        origin: the locks of the revision from which this one is made; empty for a revision from a recipe alone.
        limit: seconds that the engines may take in all, if the recipe says nothing else.
    """
    caches = open_caches(folder.root, environ, report)
    return Workplace(
        recipe=recipe,
        folder=folder,
        stage=stage,
        work=stage.path / ".work",
        settings=settings,
        environ=environ,
        caches=caches,
        store=FileStore(caches.files, recipe.pip.link),
        report=report,
        holds=holds,
        origin=origin,
        ends=time.monotonic() + (recipe.pip.timeout or limit),
    )


def _begin(place: Workplace) -> list[EnvironmentBuild]:
    """Prepare the build of every environment of the recipe."""
    place.work.mkdir(mode=0o700)  # what the engines read there may hold logins
    (place.stage.path / "venv").mkdir()
    return [EnvironmentBuild(request, place) for request in _requests(place)]


def resolve_environments(place: Workplace) -> tuple[Resolved, ...]:
    """Resolve every environment of a recipe, and build none.

    Raises:
        InstallError: no set of versions fits.
        NotFoundError: an interpreter is missing.
        StorageError: a file cannot be read or written.
    """
    try:
        return tuple(build.resolve() for build in _begin(place))
    except OSError as error:
        raise storage_error("cannot resolve the recipe:", error) from error


def build_environments(place: Workplace) -> Built:
    """Build and test every environment of a recipe.

    Raises:
        InstallError: an environment cannot be built, or does not run.
        NotFoundError: an interpreter is missing.
        StorageError: a file cannot be read or written.
    """
    try:
        builds = _begin(place)
        environments = tuple(build.run() for build in builds)
        remove_tree(place.work)
    except OSError as error:
        raise storage_error("cannot build the revision:", error) from error
    libraries = tuple(build.libraries.name for build in builds if build.libraries is not None)
    data = tuple(sorted({name for build in builds for name in build.trees}))
    return Built(environments, libraries, data)


def _requests(place: Workplace) -> list[EnvironmentRequest]:
    """The environments to build: the one of Rez, and one for each isolated extension."""
    recipe, environ, root = place.recipe, place.environ, place.folder.root
    finder = Finder(place.settings, environ, place.caches.interpreters)
    provider = provider_of(root, environ, place.report, recipe.providing.mirror)

    def find(request: str | None) -> Interpreter:
        found = choose_interpreter(request, recipe.providing.when, finder, provider)
        hold_provided(root, found.executable, place.holds)
        return found

    main = find(recipe.rez.python)
    requests = [main_request(recipe, main, environ)]
    for extension in recipe.extensions:
        if extension.isolation:
            interpreter = find(extension.python) if extension.python else main
            requests.append(isolated_request(recipe, extension, interpreter, environ))
    return requests
