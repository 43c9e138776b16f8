"""One container: joins its recipe, the store, building and its remote root."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.builder.failures import Failure, read_failure
from rezup_api.disk.staging import STAGING, building, sweep
from rezup_api.errors import LaunchError, NotFoundError, RemoteError, RezupError, UsageError
from rezup_api.events import Warned
from rezup_api.recipe.load import load_recipe
from rezup_api.selection.selector import Selector
from rezup_api.session.entry import Session, enter_revision
from rezup_api.storage.address import folder_of_root, open_root
from rezup_api.store.labels import PIN
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import DEFAULT_CONTAINER
from rezup_api.store.revision import Revision, load_revision, newest_first, newest_ready
from rezup_api.store.root import ContainerRoot, list_containers, local_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.builder.revision_builder import RevisionBuilder
    from rezup_api.events import Reporter
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings
    from rezup_api.storage.interface import Witness
    from rezup_api.store.pin import Pin

FIRST_BUILD = "first"
ATTEMPTS = 5


class Container:
    """One container: its recipe, its folder under the local root, and its remote root if it has one.

    Made by `Studio.container`.

    Args:
        environ: the caller's environment, that of an outer session taken back.
        report: told what happens.
    """

    def __init__(self, recipe: Recipe, settings: Settings, environ: Mapping[str, str], report: Reporter) -> None:
        local = folder_of_root(recipe.root_local or settings.root_local, environ, "local")
        shared = recipe.root_remote or settings.root_remote
        self.settings = settings
        self.environ = environ
        self.report = report
        if os.pathsep in str(local):
            raise UsageError(f"the local root {local} has {os.pathsep!r} in its path, which PATH cannot hold")
        self.recipe = recipe
        self.folder = ContainerFolder(local, recipe.container)
        self.local = local_root(self.folder)
        self.remote = ContainerRoot(open_root(shared, environ), self.name) if shared else None

    @property
    def name(self) -> str:
        """Its name."""
        return self.recipe.container

    @property
    def _maker(self) -> RevisionBuilder:
        from rezup_api.builder.revision_builder import (
            RevisionBuilder,  # a third of what a launch takes, and few make anything
        )

        return RevisionBuilder(self.folder, self.settings, self.environ, self.report)

    def revisions(self) -> list[Revision]:
        """Its revisions under the local root, newest first, ready or not."""
        return list(newest_first(self.folder))

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
        other = self._selector(local=False).stand_in(timestamp)
        if other is None:
            raise error
        by = f", published by {published.creator}" if published.creator else ""
        why = f" ({published.message})" if published.message else ""
        text = f"{self.name}@{timestamp}{by}{why} cannot be built here: {error.message}"
        self.report(
            Warned(f"{text}\n  taking {self.name}@{other} instead; to try again at once: rezup pull {self.name}")
        )
        return load_revision(self.folder, other)

    def _selector(self, *, local: bool) -> Selector:
        return Selector(self.folder, None if local else self.remote, self.report)

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
        selector = self._selector(local=False)
        selection = selector.select()
        if selection is None:
            return None
        published = selection.published
        failing = published is not None and (published.format > FORMAT or self.failure(selection.timestamp) is not None)
        return (selector.stand_in(selection.timestamp) if failing else None) or selection.timestamp

    def failure(self, timestamp: str) -> Failure | None:
        """The builds of a published revision that failed here; None when there were none."""
        return read_failure(self.folder, timestamp)

    def pins(self) -> tuple[Pin | None, Pin | None]:
        """The pins or rollbacks that hold: this machine's, which comes first, and the remote root's.

        Raises:
            StorageError: the file of this machine's is damaged.
            RemoteError: the remote root cannot be asked.
        """
        selector = self._selector(local=False)
        return selector.pin_here(), selector.pin_there()

    def named(self) -> dict[str, str]:
        """What the remote root's labels and its pin name; empty where it cannot be asked."""
        if self.remote is None:
            return {}
        try:
            pin = self._selector(local=False).pin_there()
            return {**self.remote.labels(), **({PIN: pin.timestamp} if pin is not None else {})}
        except RemoteError:
            return {}

    def labels(self) -> dict[str, str]:
        """All labels that `NAME@LABEL` knows, with their revisions: this machine's, then the remote root's.

        Raises:
            RemoteError: the remote root cannot be asked.
        """
        published = self.remote.labels() if self.remote is not None else {}
        return {**published, **self.local.labels()}

    def newest(self, *, local: bool = False) -> str | None:
        """The newest revision, whether `use` gives it or not; None when there is none."""
        return self._selector(local=local).newest()

    def is_published(self) -> bool:
        """Whether the remote root has it; also when that cannot be asked just now."""
        try:
            return self.published() is not None
        except (NotFoundError, RemoteError):
            return True

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
            return newest_ready(self.folder) or self.add(message="the first revision")

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

    def add(self, *, message: str = "", publish: bool = False, origin: LockSource | None = None) -> Revision:
        """Make a new revision from the recipe.

        Args:
            message: why, for those who look later.
            publish: let all machines that see the remote root have it.
            origin: what was resolved already; see `promotion`.

        Raises:
            RecipeError: it holds a literal credential and is to be published.
            InstallError: it cannot be built, or does not run.
            RemoteError: there is no remote root, or it cannot be written.
            StorageError: the local root cannot be written.
        """
        sweep(self.folder.root)
        remote = self.needed_remote("publish to") if publish else None
        revision = self._maker.make(self.recipe, message, remote, origin)
        self._collect(self.recipe, revision)
        return revision

    def needed_remote(self, doing: str) -> ContainerRoot:
        """Its remote root, for what cannot be done without; `doing` completes "has no remote root to ...".

        Raises:
            RemoteError: there is none.
        """
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
        remote = self.needed_remote("pull from")
        if remote.newest() is None:
            offered = ", ".join(list_containers(remote.storage)) or "nothing"
            raise NotFoundError(f"{remote.place} has no container {self.name}", f"it has {offered}")
        revision = self.find(request, strict=True, at_once=True)
        # Also where nothing was to be built.
        self._collect(load_recipe(self.name, revision.recipe_file, tolerant=True), revision)
        return revision

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
        return enter_revision(revision, self.environ, self.report)
