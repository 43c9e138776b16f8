"""Build all environments of a revision inside its stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.cache.content_store import FileStore
from rezup_api.cache.folders import open_caches
from rezup_api.disk.files import remove_tree, storage_error
from rezup_api.environments.steps import EnvironmentBuild, Workplace
from rezup_api.packages.request import EnvironmentRequest, isolated_request, main_request
from rezup_api.pythons.finder import Finder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from rezup_api.disk.staging import Stage
    from rezup_api.events import Reporter
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.metadata import Environment


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: the environments as the metadata records them, and what they link: shared libraries, data folders."""

    environments: tuple[Environment, ...]
    libraries: tuple[str, ...]
    data: tuple[str, ...]


def build_environments(
    recipe: Recipe,
    folder: ContainerFolder,
    stage: Stage,
    *,
    settings: Settings,
    environ: Mapping[str, str],
    report: Reporter,
    holds: ExitStack,
    origin: LockSource,
) -> Built:
    """Build and try every environment of a recipe.

    Args:
        recipe: what goes in.
        folder: the container it is for.
        stage: where it is prepared.
        environ: the caller's environment.
        holds: keeps what must not be removed before the revision has appeared.
        origin: what was resolved already.

    Raises:
        InstallError: one cannot be built, or does not run.
        NotFoundError: an interpreter is missing.
        StorageError: the disk refuses.
    """
    caches = open_caches(folder.root)
    place = Workplace(
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
    )
    try:
        place.work.mkdir()
        (stage.path / "venv").mkdir()
        finder = Finder(settings, environ, caches.interpreters)
        builds = [EnvironmentBuild(request, place) for request in _requests(recipe, finder, environ)]
        environments = tuple(build.run() for build in builds)
        remove_tree(place.work)
    except OSError as error:
        raise storage_error("cannot build the revision:", error) from error
    libraries = tuple(build.libraries.name for build in builds if build.libraries is not None)
    data = tuple(sorted({name for build in builds for name in build.trees}))
    return Built(environments, libraries, data)


def _requests(recipe: Recipe, finder: Finder, environ: Mapping[str, str]) -> list[EnvironmentRequest]:
    """What to build: the environment of Rez, and one for each isolated extension."""
    main = finder.find(recipe.rez.python)
    requests = [main_request(recipe, main, environ)]
    for extension in recipe.extensions:
        if extension.isolation:
            interpreter = finder.find(extension.python) if extension.python else main
            requests.append(isolated_request(recipe, extension, interpreter, environ))
    return requests
