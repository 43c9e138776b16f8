"""Containers: what the command line and scripts call. Joins recipes, the store, building and remote roots.

studio = Studio.from_environ(os.environ, report)
revision = studio.container("dev").enter()
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rezup_api.errors import LaunchError, NotFoundError, RecipeError, RemoteError, UsageError
from rezup_api.events import Reporter, Warned, silent
from rezup_api.recipe.loading import builtin_recipe, load_recipe
from rezup_api.recipe.locating import find_recipe, list_recipes
from rezup_api.session.environment import SessionEnviron, session_environ, without_session
from rezup_api.settings import Settings, absolute
from rezup_api.store.layout import ContainerFolder, container_names
from rezup_api.store.locks import Held, lease
from rezup_api.store.names import DEFAULT_CONTAINER, check_container
from rezup_api.store.remote import PathRemote, Remote, newest_published
from rezup_api.store.revisions import Revision, load_revision, newest_first, newest_ready
from rezup_api.store.selection import Selector
from rezup_api.store.staging import FOLDER as STAGING
from rezup_api.store.staging import building, sweep
from rezup_api.upkeep.removal import drop_container

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.making import Maker
    from rezup_api.recipe.model import Recipe
    from rezup_api.store.remote import Watched

FIRST_BUILD = "first"
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Session:
    """A revision that is held, and the environment of a session in it, with what that was made from."""

    revision: Revision
    computed: SessionEnviron
    lease: Held

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of the session."""
        return self.computed.values


@dataclass(frozen=True, slots=True)
class Studio:
    """All containers as one user on one machine sees them.

    Args:
        settings: parsed once from `environ`.
        environ: the caller's environment, that of an outer session taken back.
        report: told what happens.
    """

    settings: Settings
    environ: Mapping[str, str]
    report: Reporter = silent

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], report: Reporter = silent) -> Studio:
        """Read the settings from an environment.

        Args:
            environ: usually `os.environ`, after the site-customize script has run.
        """
        plain = without_session(environ)
        return cls(Settings.from_environ(plain), plain, report)

    def container(self, name: str = DEFAULT_CONTAINER, recipe_file: Path | None = None) -> Container:
        """A container, whether it exists or not.

        Args:
            name: its name.
            recipe_file: the recipe to use instead of the one found by name.

        Raises:
            UsageError: no container can have that name.
            RecipeError: its recipe is wrong.
            NotFoundError: `recipe_file` is not there.
        """
        check_container(name)
        recipe = load_recipe(name, recipe_file or find_recipe(name, self.settings))
        for remark in recipe.warnings:
            self.report(Warned(remark))
        return Container(self, recipe)

    def containers(self) -> list[Container]:
        """Every container that has a folder under a local root, or is published on a remote one, sorted by name.

        Roots are those of the settings and of every recipe found.
        """
        named = {name: self._listed(name) for name in (*list_recipes(self.settings), DEFAULT_CONTAINER)}
        found = {}
        for known in list(named.values()):
            for name in self._names_beside(known):
                if name not in found:
                    found[name] = named.get(name) or self._listed(name)
        return [found[name] for name in sorted(found)]

    def _listed(self, name: str) -> Container:
        """A container for a list, which a wrong recipe of one does not spoil for the others."""
        try:
            return self.container(name)
        except RecipeError as error:
            self.report(Warned(error.message))
            return Container(self, builtin_recipe(name))

    def _names_beside(self, container: Container) -> list[str]:
        names = container_names(container.folder.root)
        if container.remote is not None:
            try:
                names += container.remote.containers()
            except RemoteError as error:
                self.report(Warned(error.message))
        return names


class Container:
    """One container: its recipe, its folder under the local root, and its remote root if it has one.

    Made by `Studio.container`.
    """

    def __init__(self, studio: Studio, recipe: Recipe) -> None:
        settings, environ = studio.settings, studio.environ
        local = absolute(recipe.root_local, environ) if recipe.root_local else settings.root_local
        shared = absolute(recipe.root_remote, environ) if recipe.root_remote else settings.root_remote
        self._studio = studio
        if os.pathsep in str(local):
            raise UsageError(f"the local root {local} has {os.pathsep!r} in its path, which PATH cannot hold")
        self.recipe = recipe
        self.folder = ContainerFolder(local, recipe.container)
        self.remote: Remote | None = PathRemote(shared) if shared else None

    @property
    def name(self) -> str:
        """Its name."""
        return self.recipe.container

    @property
    def _maker(self) -> Maker:
        from rezup_api.making import Maker  # a third of what a launch takes, and few make anything

        return Maker(self.folder, self._studio.settings, self._studio.environ, self._studio.report)

    def revisions(self) -> list[Revision]:
        """Its revisions under the local root, newest first, ready or not."""
        return list(newest_first(self.folder))

    def find(self, request: str = "", *, local: bool = False, strict: bool = False) -> Revision:
        """The revision that `use` gives, built first if it is missing here.

        Args:
            request: `REV` of the command line, empty for what `use NAME` gives.
            local: pass over the remote root.
            strict: raise where another revision would stand in for that of a remote root that cannot be asked.

        Raises:
            NotFoundError: there is none such.
            InstallError: it cannot be built.
            RemoteError: the remote root cannot be asked, and nothing stands in for it.
        """
        self._sweep()
        remote = None if local else self.remote
        try:
            selection = self._selector(local=local).select(request, strict=strict)
        except NotFoundError:
            if request:
                self._refuse_unready(request)
            raise
        if selection is None:
            return self._first(remote)
        revision = load_revision(self.folder, selection.timestamp)
        if selection.published is not None and remote is not None and not revision.ready:
            return self._maker.pull(selection.timestamp, selection.published, remote)
        return revision

    def _selector(self, *, local: bool) -> Selector:
        return Selector(self.folder, None if local else self.remote, self._studio.report)

    def _sweep(self) -> None:
        """Clear what killed processes left: builders in the container's folder, removers of whole containers beside it."""
        sweep(self.folder.path)
        sweep(self.folder.root)

    def published(self) -> str | None:
        """The revision that the remote root names; None without one, or where this container was never published.

        Raises:
            NotFoundError: the remote root is pinned to a revision that it does not have.
            RemoteError: it cannot be asked.
        """
        offer = self._selector(local=False).offer()
        return offer.timestamp if offer is not None else None

    def current(self) -> str | None:
        """The revision that `use` gives, built here or not; None when there is none.

        Raises:
            NotFoundError: a pin names one that does not exist.
            RemoteError: the remote root cannot be asked, and nothing stands in for it.
        """
        selection = self._selector(local=False).select()
        return selection.timestamp if selection is not None else None

    def newest(self, *, local: bool = False) -> str | None:
        """The newest revision, whether `use` gives it or not; None when there is none."""
        return self._selector(local=local).newest()

    def is_published(self) -> bool:
        """Whether the remote root has it; also when that cannot be asked just now."""
        try:
            return self.published() is not None
        except (NotFoundError, RemoteError):
            return True

    def _first(self, remote: Remote | None) -> Revision:
        """What there is when there is no revision: `.main` is built the very first time, for all others it is an error.

        Args:
            remote: where it was looked for too.
        """
        if self.name != DEFAULT_CONTAINER or self.remote is not None:
            self._refuse_unready()
            elsewhere = f", neither here nor on {remote.place}" if remote is not None else f" under {self.folder.root}"
            raise NotFoundError(f"there is no container {self.name}{elsewhere}", self._way_out(remote))
        with building(self.folder.path, FIRST_BUILD, self._maker.waiting):
            return newest_ready(self.folder) or self.add(message="the first revision")

    def _refuse_unready(self, request: str = "") -> None:
        """Say why a revision that is here, and is meant, cannot be entered; nothing happens when there is none such."""
        for revision in newest_first(self.folder):
            if not revision.ready and revision.timestamp.startswith(request):
                hint = f"see what there is: rezup status {self.name}"
                raise NotFoundError(f"{revision} cannot be entered here: {revision.obstacle}", hint)

    def _way_out(self, remote: Remote | None) -> str:
        names = remote.containers() if remote is not None else container_names(self.folder.root)
        where = "published there" if remote is not None else "on this machine"
        make = f"make it: rezup add {self.name}" if self.name != DEFAULT_CONTAINER else "make it: rezup add"
        return f"{where}: {', '.join(names)}; or {make}" if names else make

    def add(self, *, message: str = "", publish: bool = False) -> Revision:
        """Make a new revision from the recipe.

        Args:
            message: why, for those who look later.
            publish: let all machines that see the remote root have it.

        Raises:
            RecipeError: it holds a literal credential and is to be published.
            InstallError: it cannot be built, or does not run.
            RemoteError: there is no remote root, or it cannot be written.
            StorageError: the local root cannot be written.
        """
        sweep(self.folder.root)
        return self._maker.make(self.recipe, message, self._needed_remote("publish to") if publish else None)

    def _needed_remote(self, doing: str) -> Remote:
        if self.remote is None:
            raise RemoteError(
                f"{self.name} has no remote root to {doing}", "set root.remote in its recipe, or REZUP_ROOT_REMOTE"
            )
        return self.remote

    def pull(self, request: str = "") -> Revision:
        """Build what `use` would need.

        Raises:
            RemoteError: there is no remote root, or it cannot be read.
            NotFoundError: it has no such container or revision.
            InstallError: it cannot be built.
        """
        remote = self._needed_remote("pull from")
        if newest_published(remote, self.name) is None:
            offered = ", ".join(remote.containers()) or "nothing"
            raise NotFoundError(f"{remote.place} has no container {self.name}", f"it has {offered}")
        return self.find(request, strict=True)

    def drop(self, *, force: bool = False) -> None:
        """Remove it from the local root; see `upkeep.removal.drop_container`."""
        drop_container(self.folder, force=force)

    def enter(self, request: str = "", *, local: bool = False, strict: bool = False) -> Session:
        """Hold the revision that `use` gives, and compute its session's environment.

        Raises:
            LaunchError: it cannot be held, because others keep removing it.
            RezupError: as `find`.
        """
        for _ in range(ATTEMPTS):
            session = self.enter_revision(self.find(request, local=local, strict=strict))
            if session is not None:
                return session
        raise LaunchError(f"the revisions of {self.name} are being removed", "try again, or see: rezup status")

    def basis(self, request: str = "", *, local: bool = False) -> Watched | None:
        """What `find` and `newest` depend on; None where stamps would not show a change.

        What killed processes have left belongs to it: `find` clears that.
        """
        stages = tuple(place / STAGING for place in (self.folder.path, self.folder.root))
        watched = self._selector(local=local).basis(request)
        if watched is None or any(os.path.lexists(stage) for stage in stages):
            return None
        return replace(watched, files=(*watched.files, *stages))

    def enter_revision(self, revision: Revision) -> Session | None:
        """Hold a revision and compute its session's environment; None when it is being removed just now."""
        try:
            held = lease(revision.lock_file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LaunchError(f"cannot hold {revision}: {error.strerror}") from error
        if held is None:
            return None
        recipe = load_recipe(self.name, revision.recipe_file, tolerant=revision.style != "3")
        return Session(revision, session_environ(revision, recipe, self._studio.environ, self._studio.report), held)
