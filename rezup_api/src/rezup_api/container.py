"""Offer every verb of the command for one container: `Container` finds, builds, enters, publishes and bundles revisions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.disk.staging import STAGING, building, sweep
from rezup_api.errors import LaunchError, NotFoundError, RezupError
from rezup_api.events import Warned, one_line
from rezup_api.planning import Planning
from rezup_api.recipe.load import load_recipe
from rezup_api.store.names import DEFAULT_CONTAINER
from rezup_api.store.revision import Revision, load_revision, newest_first, newest_ready
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.builder.revision_builder import RevisionBuilder
    from rezup_api.bundles.bundler import Bundled
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.recipe.model import Recipe
    from rezup_api.results import SessionChanges
    from rezup_api.session.entry import Session
    from rezup_api.storage.interface import Witness
    from rezup_api.store.metadata import Metadata

FIRST_BUILD = "first"
ATTEMPTS = 5


class Container(Planning):
    """One container: its recipe, its folder under the local root, and its remote root if it has one.

    `Studio.container` makes it.
    """

    @property
    def _maker(self) -> RevisionBuilder:
        from rezup_api.builder.revision_builder import (
            RevisionBuilder,  # takes a third of the time of a launch, and most launches build nothing
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
        """The revision that `use` gives. If it is published and not ready on this machine, this builds it first.

        Args:
            request: `REV` of the command line; empty for the revision that `use NAME` gives.
            local: choose among the revisions of this machine, without asking the remote root.
            strict: raise if the remote root cannot be asked, or the revision that it names cannot be built, instead of giving the
                last good one.
            at_once: try to build the revision even if that has failed a short time ago.
            create: if there is no revision and no remote root, make a first one from the recipe; `.main` always does so.

        Raises:
            NotFoundError: no revision fits `request`, or there is none at all.
            UsageError: `request` fits several revisions.
            InstallError: the revision cannot be built.
            RemoteError: the remote root cannot be asked, and this machine has no revision to take instead.
            StorageError: the local root cannot be read or written.
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
            self._make_way(revision, self._maker)
            pulled = self._maker.pull(selection.timestamp, selection.published, remote, at_once=at_once)
        except RezupError as error:
            if strict or request:
                raise
            return self._stand_in(selection.timestamp, selection.published, error)
        self._collect(pulled)
        return pulled

    def _collect(self, wanted: Revision, recipe: Recipe | None = None) -> None:
        """Remove the revisions that are no longer needed, if the user has set a policy. An error becomes a warning.

        Args:
            wanted: the revision that the caller is about to give to the user; it stays.
            recipe: the recipe that may hold the policy; that of the revision, if None.
        """
        from rezup_api.maintenance.gc import WANTED, collect_automatically  # launches do not need it
        from rezup_api.maintenance.retention import Policy, choose_policy

        try:
            rules = (recipe or load_recipe(self.name, wanted.recipe_file, tolerant=True)).retention
            policy = choose_policy(Policy(automatic=True), rules, self.settings.clean_after)
            if policy.given:
                given, named = self.current(), {**self.named(), WANTED: wanted.timestamp}
                collect_automatically(self.folder, policy, given, named, environ=self.environ, report=self.report)
        except RezupError as error:
            self.report(Warned(f"cannot clean up {self.name}: {error.message}"))

    def _stand_in(self, timestamp: str, published: Metadata, error: RezupError) -> Revision:
        """The revision that `use` gives instead of a published one that cannot be built here, with a warning each time.

        Args:
            timestamp, published: the revision that cannot be built, and its metadata.
            error: why it cannot be built.

        Raises:
            RezupError: `error` itself, if this machine has no revision to take instead.
        """
        other = self._selector().stand_in(timestamp)
        if other is None:
            raise error
        by = f", published by {one_line(published.creator)}" if published.creator else ""
        why = f" ({one_line(published.message)})" if published.message else ""
        text = f"{self.name}@{timestamp}{by}{why} cannot be built here: {error.message}"
        self.report(
            Warned(f"{text}\n  taking {self.name}@{other} instead; to try again at once: rezup pull {self.name}")
        )
        return load_revision(self.folder, other)

    def _sweep(self) -> None:
        """Remove what killed processes left: builders in the container's folder, removers of whole containers beside it."""
        sweep(self.folder.path)
        sweep(self.folder.root)

    def _first(self, remote: PublishedRoot | None, *, create: bool) -> Revision:
        """Build the first revision of a container that has none, or raise NotFoundError.

        Args:
            remote: the remote root that was asked too, for the message; None if it was not.
            create: see `find`.
        """
        if not create or self.remote is not None:
            self._refuse_unready()
            elsewhere = f", neither here nor on {remote.place}" if remote is not None else f" under {self.folder.root}"
            raise NotFoundError(f"there is no container {self.name}{elsewhere}", self._way_out(remote))
        with building(self.folder.path, FIRST_BUILD, self._maker.waiting):
            # Another process may have made the first revision while this one waited for the lock.
            return newest_ready(self.folder) or self._make("the first revision")

    def _refuse_unready(self, request: str = "") -> None:
        """Raise NotFoundError with the obstacle if a revision of this machine fits `request` but cannot be entered."""
        for revision in newest_first(self.folder):
            if not revision.ready and revision.timestamp.startswith(request):
                hint = f"see what there is: rezup status {self.name}"
                raise NotFoundError(f"{revision} cannot be entered here: {revision.obstacle}", hint)

    def _way_out(self, remote: PublishedRoot | None) -> str:
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
        """Make a new revision from the recipe, or from the locks of another revision.

        Args:
            message: the reason, for the history.
            publish: publish the revision on the remote root, for all machines that see it.
            source: a revision, the folder of one, or the file of a bundle; `Studio.source` finds it from what users type.
            upgrades: names of packages to resolve anew; all others keep the versions that they have. Without `source`, the
                revision that `use` gives is upgraded.

        Returns:
            The new revision; or the one that `use` gives, if that was to be upgraded and there is nothing newer.

        Raises:
            RecipeError: the recipe holds a literal credential, so it must not be published.
            NotFoundError: the source has been removed, has no locks, or does not hold a package of `upgrades`.
            VerificationError: the bundle is damaged.
            InstallError: the revision cannot be built, or does not run.
            RemoteError: there is no remote root, or it cannot be written.
            StorageError: the local root cannot be written.
        """
        if source is None and not upgrades:
            return self._make(message, publish=publish)
        current = None
        if source is None:
            source = current = self.find(strict=True)
        from rezup_api.promotion import opened, taken_over  # code that builds is slow to load; launches do not need it

        with opened(source) as (folder, told):
            recipe, origin = taken_over(self.recipe, folder, told, upgrades)
            made = type(self)(recipe, self.settings, self.environ, self.report)
            return made._make(message, publish=publish, origin=origin, current=current)

    def _make(
        self,
        message: str,
        *,
        publish: bool = False,
        origin: LockSource | None = None,
        current: Revision | None = None,
    ) -> Revision:
        """Make a new revision from the recipe, and from the locks of `origin` if that is given.

        Args:
            current: the revision from which `origin` comes, to give that one if the new one would have the same locks.
        """
        sweep(self.folder.root)
        remote = self.needed_remote("publish to") if publish else None
        revision = self._maker.make(self.recipe, message, remote, origin, unless_like=current)
        self._collect(revision, self.recipe)
        return revision

    def pull(self, request: str = "") -> Revision:
        """Build the revision that `use` would need, if it is not ready on this machine.

        Args:
            request: `REV` of the command line.

        Raises:
            RemoteError: there is no remote root, or it cannot be read.
            NotFoundError: the remote root does not have the container or the revision.
            InstallError: the revision cannot be built.
        """
        remote = self.needed_remote("pull from")
        if remote.newest_name() is None:
            offered = ", ".join(list_containers(remote.storage)) or "nothing"
            raise NotFoundError(f"{remote.place} has no container {self.name}", f"it has {offered}")
        revision = self.find(request, strict=True, at_once=True)
        self._collect(revision)  # `find` does so after a build only; the user of `pull` expects it if it was ready, too
        return revision

    def present(self, *, fallback: bool = True) -> Revision:
        """The revision that `use` gives, if it is ready on this machine. This builds nothing.

        Args:
            fallback: if that revision is not ready, take an earlier one, with a warning.

        Raises:
            NotFoundError: there is no revision to give.
            RemoteError: the remote root cannot be asked, and this machine has no revision to take instead.
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
        """Hold the revision that `use` gives, and compute the environment of a session in it.

        Args:
            request, local, strict: see `find`.

        Raises:
            LaunchError: the revision cannot be held, because other processes keep removing what `find` gives.
            RezupError: the errors of `find`.
        """
        # A cleanup may remove the revision after `find` has given it and before this process holds it; then find another one.
        for _ in range(ATTEMPTS):
            session = self.enter_revision(self.find(request, local=local, strict=strict))
            if session is not None:
                return session
        raise LaunchError(f"the revisions of {self.name} are being removed", "try again, or see: rezup status")

    def basis(self, request: str = "", *, local: bool = False) -> Witness | None:
        """The files on which the answers of `find` and `newest` depend; None if their stamps would not show every change.

        The staging folders are among them: if a killed process has left something there, `find` must run to clear it.
        """
        stages = tuple(place / STAGING for place in (self.folder.path, self.folder.root))
        watched = self._selector(local=local).basis(request)
        if watched is None or any(os.path.lexists(stage) for stage in stages):
            return None
        return watched.with_files(*stages)

    def enter_revision(self, revision: Revision) -> Session | None:
        """Hold a revision and compute the environment of a session in it; None if another process is removing it just now."""
        from rezup_api.session.entry import enter_revision  # most verbs enter nothing

        return enter_revision(revision, self.environ, self.report)

    def env(
        self, request: str = "", *, local: bool = False, before: Mapping[str, str] | None = None, note: bool = True
    ) -> SessionChanges:
        """The variables that a session sets and removes. No revision stays held, and no process starts.

        Args:
            request, local: see `find`.
            before: the environment to compare with; default: the caller's.
            note: note that the revision was handed out, so that no cleanup removes it within the time of
                `retention.spare`. A caller that holds the revision from then on need not do that.

        Raises:
            RezupError: the errors of `enter`.
        """
        from rezup_api.results import SessionChanges  # launches do not need it
        from rezup_api.session.formats import changes
        from rezup_api.store.holds import note_hold

        session = self.enter(request, local=local)
        if note:
            note_hold(self.folder, session.revision.timestamp)
        session.lease.release()
        return SessionChanges(session.revision, changes(self.environ if before is None else before, session.environ))

    def bundle(self, path: Path, request: str = "", platforms: Sequence[str] = ()) -> Bundled:
        """Write a revision into one file, which installs without a network. If it is not ready here, this builds it first.

        Args:
            path: the file to write.
            request: `REV` of the command line.
            platforms: the platforms that the bundle is for: "linux", "macos", "windows", or one such as "linux-aarch64";
                default: the platform of this machine.

        Raises:
            UsageError: there is no such platform.
            NotFoundError: no revision fits `request`, or it has no locks.
            InstallError: a package of it cannot go into a bundle, or has no wheel for one of the platforms.
            StorageError: the file cannot be written.
        """
        from rezup_api.bundles.bundler import Bundler, wanted_platforms  # code that builds is slow to load

        wanted = wanted_platforms(platforms)
        revision = self.find(request, strict=True)
        return Bundler(self.settings, self.environ, self.report).bundle(revision, path, wanted)
