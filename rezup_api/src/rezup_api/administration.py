"""What an admin does to a container: choose, look back, clean up, remove; on this machine or for the whole studio.

Care(studio.container("prod")).chooser(remote=True).rollback(message="menus are gone")
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error
from rezup_api.disk.flock import lease
from rezup_api.errors import BusyError, NotFoundError, RecipeError, RemoteError, StorageError, UsageError
from rezup_api.events import step
from rezup_api.maintenance.gc import Collected, Collector, collect_published
from rezup_api.maintenance.removal import drop_container
from rezup_api.maintenance.retention import Policy, choose_policy
from rezup_api.maintenance.running import RunningSession, running_sessions
from rezup_api.recipe.load import load_recipe
from rezup_api.selection.chooser import Chooser
from rezup_api.selection.selector import Selector
from rezup_api.store.history import Act, new_act
from rezup_api.store.labels import PUBLISHED
from rezup_api.store.layout import cache_folder
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import is_label, timestamp_order
from rezup_api.store.revision import Revision, load_revision, newest_ready, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup_api.container import Container
    from rezup_api.maintenance.diff import Contents
    from rezup_api.maintenance.verify import Finding
    from rezup_api.recipe.model import Retention
    from rezup_api.store.root import ContainerRoot


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at a revision has found.

    Args:
        found: all that was wrong.
        left: what is wrong still, after a repair if one was asked for.
    """

    revision: Revision
    found: tuple[Finding, ...]
    left: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A revision and what is in it."""

    container: str
    timestamp: str
    metadata: Metadata
    contents: Contents

    def __str__(self) -> str:
        return f"{self.container}@{self.timestamp}"


def behind(timestamp: str, offered: list[str], given: str | None) -> int:
    """How many revisions come after one, up to the one that `use` gives.

    Args:
        offered: those among which `use` chooses; see `Care.offered`.
    """
    if given is None:
        return 0
    order, last = timestamp_order(timestamp), timestamp_order(given)
    return sum(order < timestamp_order(one) <= last for one in offered)


@contextmanager
def _held(revision: Revision) -> Iterator[None]:
    """Keep a revision from being removed meanwhile; one that is incomplete has nothing to hold."""
    try:
        held = lease(revision.lock_file)
    except FileNotFoundError:
        yield
        return
    except OSError as error:
        raise storage_error("cannot hold", error) from error
    if held is None:
        raise BusyError(f"{revision} is being removed", f"see what there is: rezup status {revision.container}")
    with held:
        yield


class Care:
    """The care for one container."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def place_of(self, *, local: bool, remote: bool) -> ContainerRoot | None:
        """Which of the two roots an act is meant for: the remote root, or None for this machine's.

        Args:
            local, remote: what the caller has said; where the container is published, one of them must be.

        Raises:
            UsageError: nothing was said.
            RemoteError: there is no remote root.
        """
        container = self._container
        if remote:
            return container.needed_remote("change")
        if not local and container.remote is not None and container.is_published():
            raise UsageError(
                f"{container.name} is also published on the remote root {container.remote.place}",
                "say which is meant: --remote for the whole studio, --local for this machine",
            )
        return None

    def chooser(self, *, local: bool = False, remote: bool = False) -> Chooser:
        """What pins, rolls back and labels its revisions, under the root that is meant; see `place_of` for the errors."""
        container = self._container
        there = self.place_of(local=local, remote=remote)
        return Chooser(
            container.folder, container.remote, container.environ, container.report, remote=there is not None
        )

    def history(self) -> list[Act]:
        """What was done on this machine, newest first; what was done on the remote root is `remote.history`."""
        return self._container.local.history()

    def offered(self) -> tuple[list[str], str | None]:
        """The revisions among which `use` chooses, and the one that it gives; none where that cannot be told."""
        container = self._container
        given = self._given()
        try:
            # Where a remote root decides, revisions made on this machine alone do not count.
            if container.remote is not None and container.published() is not None:
                return container.remote.timestamps(), given
        except (NotFoundError, RemoteError, StorageError):
            pass
        return [revision.timestamp for revision in container.revisions() if revision.ready], given

    def collect(
        self, asked: Policy, *, local: bool = False, remote: bool = False, dry_run: bool = False
    ) -> tuple[Policy, Collected]:
        """Remove the revisions that are not needed, under the root that is meant.

        Args:
            asked: rules that come before those of the recipe.
            dry_run: only say what would go.

        Returns:
            The policy that held, and what was done.

        Raises:
            UsageError: see `place_of`; or an age is none.
            StorageError, RemoteError: it cannot be read or written there.
        """
        container = self._container
        there = self.place_of(local=local, remote=remote)
        policy = choose_policy(asked, self._retention(), container.settings.clean_after)
        if there is not None:
            return policy, collect_published(there, policy, container.environ, container.report, dry_run=dry_run)
        collector = Collector(container.folder, self._given(), container.environ, container.report, container.named())
        return policy, collector.collect(policy, dry_run=dry_run)

    def _retention(self) -> Retention:
        """The rules of the recipe on this machine, else of the newest revision, whose recipe may be the studio's."""
        container = self._container
        own = container.recipe.retention
        if own.keep is not None or own.older_than is not None:
            return own
        newest = newest_ready(container.folder)
        try:
            return load_recipe(container.name, newest.recipe_file, tolerant=True).retention if newest else own
        except (NotFoundError, RecipeError):
            return own

    def _given(self) -> str | None:
        try:
            return self._container.current()
        except (NotFoundError, RemoteError, StorageError):
            return None

    def verify(self, request: str = "", *, repair: bool = False) -> Verified:
        """Compare a revision of this machine with what was recorded when it was made.

        Args:
            request: `REV` of the command line; empty for what `use` gives.
            repair: mend what can be mended, here and in the revisions that share the damage.

        Raises:
            NotFoundError: there is none such here.
            StorageError: it cannot be read or written.
        """
        from rezup_api.cache.content_store import FileStore
        from rezup_api.cache.folders import Caches, open_caches  # what builds takes as long to load as all else
        from rezup_api.maintenance.repair import Repairer
        from rezup_api.maintenance.verify import examine_revision

        container = self._container
        revision = load_revision(container.folder, self._meant_here(request))
        root = container.folder.root
        caches = open_caches(root) if repair else Caches(cache_folder(root))  # a read-only root can be looked at too
        store = FileStore(caches.files, self._link(revision))
        with _held(revision), step(container.report, f"Reading the files of {revision}") as running:
            found = examine_revision(revision, store, container.environ, running)
            running.text = f"Read the files of {revision}"
        if not (found and repair):
            return Verified(revision, tuple(found), tuple(found))
        repairer = Repairer(revision, store, container.settings, container.environ, container.report)
        with _held(revision):
            mended = repairer.mend(found)
            if mended:
                act = new_act("repair", revision.timestamp, container.environ, detail=f"{mended} mended")
                container.local.record(act, container.report)
            with step(container.report, f"Reading the files of {revision} again") as running:
                return Verified(
                    revision, tuple(found), tuple(examine_revision(revision, store, container.environ, running))
                )

    def _link(self, revision: Revision) -> str:
        """How the revision's recipe has files shared."""
        try:
            return load_recipe(self._container.name, revision.recipe_file, tolerant=True).pip.link
        except (NotFoundError, RecipeError):
            return "auto"

    def _meant_here(self, request: str) -> str:
        """The timestamp of a revision of this machine, ready or not: what cannot be entered is what one wants to look at."""
        container = self._container
        timestamps = container.folder.timestamps()
        given = self._given()
        label = container.local.label(request) if is_label(request) else None
        if request:
            return resolve(container.name, label or request, timestamps, given)
        wanted = given or next(iter(timestamps), None)
        if wanted not in timestamps:
            what = (
                f"{container.name}@{wanted} is not built here" if wanted else f"there is no container {container.name}"
            )
            raise NotFoundError(what, f"see what there is: rezup status {container.name}")
        return wanted

    def contents(self, request: str = "") -> Described:
        """What is known of a revision, on this machine or where it is published; nothing is built for that.

        Args:
            request: `REV` of the command line; empty for what `use` gives.

        Raises:
            NotFoundError: there is none such.
            RemoteError: it is only published, and the remote root cannot be asked.
        """
        from rezup_api.maintenance.diff import built_contents, published_contents  # they load what builds

        container = self._container
        try:
            revision = load_revision(container.folder, self._meant_here(request))
            metadata = revision.metadata or Metadata(FORMAT, "")
            return Described(container.name, revision.timestamp, metadata, built_contents(revision))
        except NotFoundError:
            if container.remote is None:
                raise
        selection = Selector(container.folder, container.remote, container.report).select_there(request)
        published = selection.published or Metadata(FORMAT, "")
        told = published_contents(container.remote, selection.timestamp)
        return Described(container.name, selection.timestamp, published, told)

    def sessions(self) -> list[RunningSession]:
        """The sessions of this machine in any of its revisions."""
        return running_sessions(self._container.revisions())

    def drop(self, *, local: bool = False, remote: bool = False, force: bool = False) -> bool:
        """Remove the container under the root that is meant.

        Args:
            force: also while processes of this machine use it.

        Returns:
            Whether all its files are gone; else what is left lies where nothing looks, and is cleared later.

        Raises:
            UsageError, RemoteError: see `place_of`.
            NotFoundError: there is none.
            BusyError: processes use a revision of it, or build one.
            StorageError: it cannot be removed.
        """
        container = self._container
        there = self.place_of(local=local, remote=remote)
        if there is None:
            return drop_container(container.folder, force=force)
        if not there.exists():
            raise NotFoundError(f"there is no container {container.name} on {there.place}", "see: rezup status")
        there.remove()
        container.local.remove_label(PUBLISHED)  # else its absence would be taken for a share that is away
        return True
