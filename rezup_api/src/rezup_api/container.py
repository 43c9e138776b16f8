"""One container: every verb of the command, on its recipe, its revisions and its remote root."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.administration import Administration
from rezup_api.disk.staging import STAGING, building, sweep
from rezup_api.errors import LaunchError, NotFoundError, RezupError
from rezup_api.events import Warned
from rezup_api.recipe.load import load_recipe
from rezup_api.store.names import DEFAULT_CONTAINER
from rezup_api.store.revision import Revision, load_revision, newest_first, newest_ready
from rezup_api.store.root import ContainerRoot, list_containers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.builder.revision_builder import RevisionBuilder
    from rezup_api.bundles.bundler import Bundled
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.recipe.model import Recipe
    from rezup_api.results import SessionChanges
    from rezup_api.session.entry import Session
    from rezup_api.storage.interface import Witness
    from rezup_api.store.metadata import Metadata

FIRST_BUILD = "first"
ATTEMPTS = 5


class Container(Administration):
    """One container: its recipe, its folder under the local root, and its remote root if it has one.

    Made by `Studio.container`.
    """

    @property
    def _maker(self) -> RevisionBuilder:
        from rezup_api.builder.revision_builder import (
            RevisionBuilder,  # a third of what a launch takes, and few make anything
        )

        return RevisionBuilder(self.folder, self.settings, self.environ, self.report)

    def find(
        self,
        request: str = "",
        *,
        local: bool = False,
        strict: bool = False,
        at_once: bool = False,
        create: bool = False,
    ) -> Revision:
        """The revision that `use` gives, built first if it is missing here.

        Args:
            request: `REV` of the command line, empty for what `use NAME` gives.
            local: choose among the revisions of this machine, without asking the remote root.
            strict: raise if the remote root cannot be asked, or the revision that it names cannot be built, instead of giving the
                last good one.
            at_once: try to build it even if that has just failed.
            create: make a first revision from the recipe, as is always done for `.main`; not where there is a remote root.

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
            return self._first(remote, create=create or self.name == DEFAULT_CONTAINER)
        revision = load_revision(self.folder, selection.timestamp)
        if selection.published is None or remote is None or revision.ready:
            return revision
        try:
            pulled = self._maker.pull(selection.timestamp, selection.published, remote, at_once=at_once)
        except RezupError as error:
            if strict or request:
                raise
            return self._stand_in(selection.timestamp, selection.published, error)
        self._collect(load_recipe(self.name, pulled.recipe_file, tolerant=True), pulled)
        return pulled

    def _collect(self, recipe: Recipe, wanted: Revision) -> None:
        """Remove what is not needed any more, where a policy is set; that never keeps anybody from what was asked for.

        Args:
            wanted: what was asked for.
        """
        from rezup_api.maintenance.gc import WANTED, collect_automatically  # not for a launch
        from rezup_api.maintenance.retention import SPARED, Policy, choose_policy

        try:
            policy = choose_policy(Policy(spared=SPARED), recipe.retention, self.settings.clean_after)
            if policy.given:
                given, named = self.current(), {**self.named(), WANTED: wanted.timestamp}
                collect_automatically(self.folder, policy, given, named, environ=self.environ, report=self.report)
        except RezupError as error:
            self.report(Warned(f"cannot clean up {self.name}: {error.message}"))

    def _stand_in(self, timestamp: str, published: Metadata, error: RezupError) -> Revision:
        """What `use` gives instead of what is published and cannot be built here; who published that is told each time.

        Raises:
            RezupError: the same error, where there is nothing.
        """
        other = self._selector().stand_in(timestamp)
        if other is None:
            raise error
        by = f", published by {published.creator}" if published.creator else ""
        why = f" ({published.message})" if published.message else ""
        text = f"{self.name}@{timestamp}{by}{why} cannot be built here: {error.message}"
        self.report(
            Warned(f"{text}\n  taking {self.name}@{other} instead; to try again at once: rezup pull {self.name}")
        )
        return load_revision(self.folder, other)

    def _sweep(self) -> None:
        """Clear what killed processes left: builders in the container's folder, removers of whole containers beside it."""
        sweep(self.folder.path)
        sweep(self.folder.root)

    def _first(self, remote: ContainerRoot | None, *, create: bool) -> Revision:
        """What there is when there is no revision: it is built the very first time, or that is an error.

        Args:
            remote: where it was looked for too.
        """
        if not create or self.remote is not None:
            self._refuse_unready()
            elsewhere = f", neither here nor on {remote.place}" if remote is not None else f" under {self.folder.root}"
            raise NotFoundError(f"there is no container {self.name}{elsewhere}", self._way_out(remote))
        with building(self.folder.path, FIRST_BUILD, self._maker.waiting):
            return newest_ready(self.folder) or self._make("the first revision")

    def _refuse_unready(self, request: str = "") -> None:
        """Say why a revision that is here, and is meant, cannot be entered; nothing happens when there is none such."""
        for revision in newest_first(self.folder):
            if not revision.ready and revision.timestamp.startswith(request):
                hint = f"see what there is: rezup status {self.name}"
                raise NotFoundError(f"{revision} cannot be entered here: {revision.obstacle}", hint)

    def _way_out(self, remote: ContainerRoot | None) -> str:
        names = list_containers((remote or self.local).storage)
        where = "published there" if remote is not None else "on this machine"
        make = f"make it: rezup add {self.name}" if self.name != DEFAULT_CONTAINER else "make it: rezup add"
        return f"{where}: {', '.join(names)}; or {make}" if names else make

    def add(
        self,
        *,
        message: str = "",
        publish: bool = False,
        source: Revision | Path | None = None,
        upgrades: Sequence[str] = (),
    ) -> Revision:
        """Make a new revision from the recipe, or from what another revision holds.

        Args:
            message: why, for those who look later.
            publish: let all machines that see the remote root have it.
            source: a revision, the folder of one, or the file of a bundle; `Studio.source` finds it by what users type.
            upgrades: packages to resolve anew; all others keep the versions that they have. Without `source`, what `use` gives
                is upgraded.

        Raises:
            RecipeError: it holds a literal credential and is to be published.
            NotFoundError: the source is gone or has no locks; or no such package.
            VerificationError: the bundle is damaged.
            InstallError: it cannot be built, or does not run.
            RemoteError: there is no remote root, or it cannot be written.
            StorageError: the local root cannot be written.
        """
        if source is None and not upgrades:
            return self._make(message, publish=publish)
        from rezup_api.promotion import opened, taken_over  # what builds takes as long to load as all else

        with opened(self.find(strict=True) if source is None else source) as (folder, told):
            recipe, origin = taken_over(self.recipe, folder, told, upgrades)
            made = type(self)(recipe, self.settings, self.environ, self.report)
            return made._make(message, publish=publish, origin=origin)

    def _make(self, message: str, *, publish: bool = False, origin: LockSource | None = None) -> Revision:
        """Make a new revision from the recipe and, where there is one, from what was resolved already."""
        sweep(self.folder.root)
        remote = self.needed_remote("publish to") if publish else None
        revision = self._maker.make(self.recipe, message, remote, origin)
        self._collect(self.recipe, revision)
        return revision

    def pull(self, request: str = "") -> Revision:
        """Build what `use` would need.

        Raises:
            RemoteError: there is no remote root, or it cannot be read.
            NotFoundError: it has no such container or revision.
            InstallError: it cannot be built.
        """
        remote = self.needed_remote("pull from")
        if remote.newest() is None:
            offered = ", ".join(list_containers(remote.storage)) or "nothing"
            raise NotFoundError(f"{remote.place} has no container {self.name}", f"it has {offered}")
        revision = self.find(request, strict=True, at_once=True)
        # Also where nothing was to be built.
        self._collect(load_recipe(self.name, revision.recipe_file, tolerant=True), revision)
        return revision

    def present(self, *, fallback: bool = True) -> Revision:
        """The revision that `use` gives, as far as it is built here; nothing is built.

        Args:
            fallback: take an earlier one where it is missing here, with a warning.

        Raises:
            NotFoundError: there is none.
        """
        current = self.current()
        if current is None:
            raise NotFoundError(f"there is no container {self.name} here", f"make it: rezup add {self.name}")
        revision = load_revision(self.folder, current)
        if revision.ready:
            return revision
        selector = self._selector()
        other = selector.stand_in(current) if fallback and selector.pin_here() is None else None
        way_out = f"build it: rezup pull {self.name}"
        if other is None:
            raise NotFoundError(f"{revision} is not built here", way_out)
        self.report(Warned(f"{revision} is not built here, taking {self.name}@{other} instead; to {way_out}"))
        return load_revision(self.folder, other)

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

    def basis(self, request: str = "", *, local: bool = False) -> Witness | None:
        """What `find` and `newest` depend on; None where stamps would not show a change.

        What killed processes have left belongs to it: `find` clears that.
        """
        stages = tuple(place / STAGING for place in (self.folder.path, self.folder.root))
        watched = self._selector(local=local).basis(request)
        if watched is None or any(os.path.lexists(stage) for stage in stages):
            return None
        return watched.with_files(*stages)

    def enter_revision(self, revision: Revision) -> Session | None:
        """Hold a revision and compute its session's environment; None when it is being removed just now."""
        from rezup_api.session.entry import enter_revision  # who looks or chooses enters nothing

        return enter_revision(revision, self.environ, self.report)

    def env(self, request: str = "", *, local: bool = False, before: Mapping[str, str] | None = None) -> SessionChanges:
        """What a session sets and removes; nothing is held, nothing is entered. Errors are those of `enter`.

        Args:
            before: the environment that is compared with; default: the caller's.
        """
        from rezup_api.results import SessionChanges  # not for a launch
        from rezup_api.session.formats import changes

        session = self.enter(request, local=local)
        session.lease.release()
        return SessionChanges(session.revision, changes(self.environ if before is None else before, session.environ))

    def bundle(self, path: Path, request: str = "", platforms: Sequence[str] = ()) -> Bundled:
        """Make one file of a revision, that installs without a network; the revision is built first if it is missing here.

        Args:
            path: the file to write.
            request: `REV` of the command line.
            platforms: what it is for: "linux", "macos", "windows", or "linux-aarch64" and the like; default: this platform.

        Raises:
            UsageError: there is no such platform.
            NotFoundError: there is no such revision, or it has no locks.
            InstallError: something in it cannot go into a bundle, or there is no wheel of it for a platform.
            StorageError: it cannot be written.
        """
        from rezup_api.bundles.bundler import Bundler, wanted_platforms  # what builds takes as long to load as all else

        wanted = wanted_platforms(platforms)
        revision = self.find(request, strict=True)
        return Bundler(self.settings, self.environ, self.report).bundle(revision, path, wanted)
