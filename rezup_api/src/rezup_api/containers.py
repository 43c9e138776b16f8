"""Containers: what the command line and scripts call. Joins recipes, the store, building and remote roots.

studio = Studio.from_environ(os.environ, report)
revision = studio.container("dev").enter()
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api._version import __version__
from rezup_api.build.transaction import build_environments
from rezup_api.errors import LaunchError, NotFoundError, RecipeError, RemoteError, StorageError, UsageError
from rezup_api.events import Note, Reporter, Warned, silent
from rezup_api.recipe.credentials import literal_credentials
from rezup_api.recipe.loading import builtin_recipe, load_recipe
from rezup_api.recipe.locating import find_recipe, list_recipes
from rezup_api.recipe.snapshot import dump
from rezup_api.session.environment import session_environ, without_session
from rezup_api.settings import Settings, absolute
from rezup_api.store.files import storing, write_whole
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, ContainerFolder, container_names, platform_tag
from rezup_api.store.locks import Held, lease
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import DEFAULT_CONTAINER, check_container, timestamp_order
from rezup_api.store.remote import PathRemote, Remote, check_format, newest_published
from rezup_api.store.revisions import Revision, load_revision, newest_first, newest_ready, resolve
from rezup_api.store.staging import appear_next, building, staged, sweep
from rezup_api.upkeep.removal import drop_container

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.recipe.model import Recipe
    from rezup_api.store.staging import Stage

FIRST_BUILD = "first"
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Session:
    """A revision that is held, and the environment of a session in it."""

    revision: Revision
    environ: Mapping[str, str]
    lease: Held


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

    def revisions(self) -> list[Revision]:
        """Its revisions under the local root, newest first, ready or not."""
        return list(newest_first(self.folder))

    def find(self, request: str = "", *, local: bool = False) -> Revision:
        """The revision that `use` gives, built first if it is missing here.

        Args:
            request: `REV` of the command line, empty for the newest.
            local: pass over the remote root.

        Raises:
            NotFoundError: there is none such.
            InstallError: it cannot be built.
            RemoteError: the remote root cannot be read.
        """
        sweep(self.folder.path)
        published = self._published(local=local)
        if published is not None and not request:
            return self._pulled(*published)
        if request:
            return self._requested(request, published)
        return newest_ready(self.folder) or self._first(None if local else self.remote)

    def published(self) -> str | None:
        """The newest revision on the remote root; None without one, or where this container was never published.

        Raises:
            RemoteError: the remote root cannot be read.
        """
        found = self._published(local=False)
        return found[0] if found is not None else None

    def is_published(self) -> bool:
        """Whether the remote root has it; also when that cannot be asked just now."""
        try:
            return self.published() is not None
        except RemoteError:
            return True

    def _published(self, *, local: bool) -> tuple[str, Metadata] | None:
        return None if local or self.remote is None else newest_published(self.remote, self.name)

    def _requested(self, request: str, published: tuple[str, Metadata] | None) -> Revision:
        """The revision that `REV` means, among those here and, with a remote root, those published."""
        here = {revision.timestamp: revision for revision in newest_first(self.folder) if revision.ready}
        there = self.remote.timestamps(self.name) if published is not None and self.remote is not None else []
        if published is not None:  # what is newer than the newest ready one is still being copied there
            there = there[there.index(published[0]) :] if published[0] in there else [published[0]]
        every = sorted({*here, *there}, key=timestamp_order, reverse=True)
        current = published[0] if published is not None else next(iter(here), None)
        timestamp = resolve(self.name, request, every, current)
        if timestamp in here:
            return here[timestamp]
        metadata = self.remote.metadata(self.name, timestamp) if self.remote is not None else None
        if metadata is None:
            raise NotFoundError(f"{self.name}@{timestamp} is not complete where it was published")
        return self._pulled(timestamp, metadata)

    def _first(self, remote: Remote | None) -> Revision:
        """What there is when there is no revision: `.main` is built the very first time, for all others it is an error.

        Args:
            remote: where it was looked for too.
        """
        if self.name != DEFAULT_CONTAINER or self.remote is not None:
            elsewhere = f", neither here nor on {remote.place}" if remote is not None else f" under {self.folder.root}"
            raise NotFoundError(f"there is no container {self.name}{elsewhere}", self._way_out(remote))
        with building(self.folder.path, FIRST_BUILD, self._waiting):
            return newest_ready(self.folder) or self.add(message="the first revision")

    def _way_out(self, remote: Remote | None) -> str:
        names = remote.containers() if remote is not None else container_names(self.folder.root)
        where = "published there" if remote is not None else "on this machine"
        make = f"make it: rezup add {self.name}" if self.name != DEFAULT_CONTAINER else "make it: rezup add"
        return f"{where}: {', '.join(names)}; or {make}" if names else make

    def _waiting(self) -> None:
        self._studio.report(Note(f"Waiting for another process that builds {self.name}"))

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
        if publish:
            self._check_publishable()
        self._studio.report(Note(f"Making a revision of {self.name} from {self._source()}"))
        sweep(self.folder.path)
        with staged(self.folder.path) as stage, ExitStack() as holds:
            metadata = self._build(stage, self.recipe, holds, message=message)
            known = self.folder.timestamps()[:1]
            if publish and self.remote is not None:
                known += self.remote.timestamps(self.name)[:1]
            newest = max(known, key=timestamp_order, default=None)
            if publish and self.remote is not None:
                timestamp = self._publish(self.remote, metadata, newest)
                self._describe(stage, replace(metadata, remote=self.remote.place))
                self._appear(stage, timestamp)
            else:
                timestamp = appear_next(stage, self.folder, newest)
            self._remark_clock(newest, timestamp)
        return load_revision(self.folder, timestamp)

    def _source(self) -> str:
        return ", ".join(map(str, self.recipe.sources)) or "the built-in recipe"

    def _check_publishable(self) -> None:
        if self.remote is None:
            raise RemoteError(
                f"{self.name} has no remote root to publish to", "set root.remote in its recipe, or REZUP_ROOT_REMOTE"
            )
        problems = literal_credentials(self.recipe)
        if problems:
            raise RecipeError(problems)
        self.remote.containers()  # before minutes are spent on a build

    def _publish(self, remote: Remote, metadata: Metadata, newest: str | None) -> str:
        python = ".".join(metadata.environments[0].python.split(".")[:2])
        published = replace(metadata, environments=(), libraries=())
        return remote.publish(self.name, dump(self.recipe, rez_python=python), published, newest)

    def _remark_clock(self, newest: str | None, timestamp: str) -> None:
        seconds = int(timestamp.partition(".")[0])
        ahead = seconds - datetime.now(timezone.utc).timestamp()
        if newest is not None and ahead > 1:
            self._studio.report(
                Warned(f"this machine's clock is {ahead:.0f} s behind the revision {newest}; the new one follows that")
            )

    def pull(self, request: str = "") -> Revision:
        """Build what `use` would need.

        Raises:
            RemoteError: there is no remote root, or it cannot be read.
            NotFoundError: it has no such container or revision.
            InstallError: it cannot be built.
        """
        if self.remote is None:
            raise RemoteError(
                f"{self.name} has no remote root to pull from", "set root.remote in its recipe, or REZUP_ROOT_REMOTE"
            )
        if newest_published(self.remote, self.name) is None:
            offered = ", ".join(self.remote.containers()) or "nothing"
            raise NotFoundError(f"{self.remote.place} has no container {self.name}", f"it has {offered}")
        return self.find(request)

    def _pulled(self, timestamp: str, published: Metadata) -> Revision:
        """The local build of a published revision, made now if there is none."""
        revision = load_revision(self.folder, timestamp)
        if revision.ready:
            return revision
        check_format(published, f"{self.name}@{timestamp} on {self.remote.place if self.remote else ''}")
        with building(self.folder.path, timestamp, self._waiting):
            revision = load_revision(self.folder, timestamp)
            if revision.ready:
                return revision
            self._refuse_occupied(revision)
            why = f": {published.message}" if published.message else ""
            self._studio.report(Note(f"Building {self.name}@{timestamp}, published by {published.creator}{why}"))
            sweep(self.folder.path)
            with staged(self.folder.path) as stage, ExitStack() as holds:
                recipe = self._published_recipe(stage, timestamp, tolerant=published.format == 0)
                metadata = self._build(stage, recipe, holds, published=published)
                self._describe(stage, metadata)
                self._appear(stage, timestamp)
        return load_revision(self.folder, timestamp)

    def _refuse_occupied(self, revision: Revision) -> None:
        if revision.path.exists():
            raise StorageError(
                f"{revision.path} is in the way: {revision.obstacle}",
                "move it away, or give this machine a local root of its own: REZUP_ROOT_LOCAL",
            )

    def _published_recipe(self, stage: Stage, timestamp: str, *, tolerant: bool) -> Recipe:
        if self.remote is None:
            raise RemoteError(f"{self.name} has no remote root")
        path = stage.path / RECIPE_FILE
        with storing("cannot write"):
            write_whole(path, self.remote.recipe(self.name, timestamp).encode("utf-8"))
        recipe = load_recipe(self.name, path, tolerant=tolerant)
        if tolerant:
            self._keep_recipe(stage, recipe)
        return recipe

    def _build(
        self, stage: Stage, recipe: Recipe, holds: ExitStack, *, message: str = "", published: Metadata | None = None
    ) -> Metadata:
        """Fill a stage: environments, recipe, metadata."""
        built = build_environments(
            recipe,
            self.folder,
            stage,
            settings=self._studio.settings,
            environ=self._studio.environ,
            report=self._studio.report,
            holds=holds,
        )
        metadata = Metadata(
            format=FORMAT,
            rezup_version=__version__,
            creator=published.creator if published else _user(self._studio.environ),
            hostname=published.hostname if published else _host(),
            created=published.created if published else datetime.now(timezone.utc).isoformat(timespec="seconds"),
            message=published.message if published else message,
            platform=platform_tag(),
            environments=built.environments,
            libraries=built.libraries,
            remote=self.remote.place if published and self.remote else "",
        )
        if published is None:
            self._keep_recipe(stage, recipe)
        self._describe(stage, metadata)
        return metadata

    def _keep_recipe(self, stage: Stage, recipe: Recipe) -> None:
        with storing("cannot write"):
            write_whole(stage.path / RECIPE_FILE, dump(recipe).encode("utf-8"))

    def _describe(self, stage: Stage, metadata: Metadata) -> None:
        with storing("cannot write"):
            write_whole(stage.path / METADATA_FILE, metadata.to_json().encode("utf-8"))

    def _appear(self, stage: Stage, timestamp: str) -> None:
        """Let a build of a published revision appear; that another process was first is fine, theirs is the same."""
        with storing("cannot write to"):
            self.folder.revisions.mkdir(exist_ok=True)
            stage.appear(self.folder.revisions / timestamp)

    def drop(self, *, force: bool = False) -> None:
        """Remove it from the local root; see `upkeep.removal.drop_container`."""
        drop_container(self.folder, force=force)

    def enter(self, request: str = "", *, local: bool = False) -> Session:
        """Hold the revision that `use` gives, and compute its session's environment.

        Raises:
            LaunchError: it cannot be held, because others keep removing it.
            RezupError: as `find`.
        """
        for _ in range(ATTEMPTS):
            session = self.enter_revision(self.find(request, local=local))
            if session is not None:
                return session
        raise LaunchError(f"the revisions of {self.name} are being removed", "try again, or see: rezup status")

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


def _host() -> str:
    if os.name != "nt":
        return os.uname().nodename
    import socket

    return socket.gethostname()


def _user(environ: Mapping[str, str]) -> str:
    if os.name != "nt":
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return str(os.getuid())
    return environ.get("USERNAME", "")
