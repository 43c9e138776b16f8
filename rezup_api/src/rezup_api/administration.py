"""What an admin does to a container: choose, clean up, check, remove; on this machine or for the whole studio."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from rezup_api.errors import NotFoundError, RecipeError, UsageError
from rezup_api.events import step
from rezup_api.overview import Overview
from rezup_api.recipe.load import load_recipe
from rezup_api.store.labels import PUBLISHED
from rezup_api.store.layout import cache_folder
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import is_label
from rezup_api.store.revision import Revision, hold, load_revision, newest_ready, resolve

if TYPE_CHECKING:
    from rezup_api.recipe.model import Retention
    from rezup_api.results import Cleaned, Described, Dropped, Dropping, Verified
    from rezup_api.selection.chooser import Change, Chooser
    from rezup_api.store.root import ContainerRoot


class Administration(Overview):
    """A container that is administered.

    Where it is published, every verb that changes something must be told which root is meant: `local` for this machine, `remote`
    for the whole studio.
    """

    def place_of(self, *, local: bool, remote: bool) -> ContainerRoot | None:
        """Which of the two roots an act is meant for: the remote root, or None for this machine's.

        Args:
            local, remote: what the caller has said; where the container is published, one of them must be.

        Raises:
            UsageError: nothing was said.
            RemoteError: there is no remote root.
        """
        if remote:
            return self.needed_remote("change")
        if not local and self.remote is not None and self.is_published():
            raise UsageError(
                f"{self.name} is also published on the remote root {self.remote.place}",
                "say which is meant: --remote for the whole studio, --local for this machine",
            )
        return None

    def _chooser(self, *, local: bool, remote: bool) -> Chooser:
        from rezup_api.selection.chooser import Chooser  # not for a launch

        there = self.place_of(local=local, remote=remote)
        return Chooser(self.folder, self.remote, self.environ, self.report, remote=there is not None)

    def pin(self, request: str, message: str = "", *, local: bool = False, remote: bool = False) -> Change:
        """Let `use NAME` give one revision until `unpin`; see `Chooser.pin` for the errors, `place_of` for the root."""
        return self._chooser(local=local, remote=remote).pin(request, message)

    def unpin(self, message: str = "", *, local: bool = False, remote: bool = False) -> Change:
        """Let `use NAME` give the newest revision again; see `Chooser.unpin` for the errors, `place_of` for the root."""
        return self._chooser(local=local, remote=remote).unpin(message)

    def rollback(self, to: str = "", message: str = "", *, local: bool = False, remote: bool = False) -> Change:
        """Go back to the revision before, or to another one, until there is a newer one.

        See `Chooser.rollback` for the errors, `place_of` for the root.
        """
        return self._chooser(local=local, remote=remote).rollback(to, message)

    def tag(self, request: str, label: str, message: str = "", *, local: bool = False, remote: bool = False) -> Change:
        """Give a revision a label, or move one to it; see `Chooser.tag` for the errors, `place_of` for the root."""
        return self._chooser(local=local, remote=remote).tag(request, label, message)

    def untag(self, label: str, message: str = "", *, local: bool = False, remote: bool = False) -> Change:
        """Remove a label; see `Chooser.untag` for the errors, `place_of` for the root."""
        return self._chooser(local=local, remote=remote).untag(label, message)

    def gc(
        self,
        *,
        keep: int | None = None,
        older_than: str | None = None,
        local: bool = False,
        remote: bool = False,
        dry_run: bool = False,
    ) -> Cleaned:
        """Remove the revisions that are not needed, under the root that is meant; see `place_of`.

        Args:
            keep: the newest so many are kept; comes before what the recipe says, as does `older_than`.
            older_than: "30d"; only what is older goes.
            dry_run: only say what would go.

        Raises:
            UsageError: see `place_of`; or the age is none.
            StorageError, RemoteError: it cannot be read or written there.
        """
        from rezup_api.maintenance.gc import Collector, collect_published  # not for a launch
        from rezup_api.maintenance.retention import Policy, choose_policy
        from rezup_api.results import Cleaned

        there = self.place_of(local=local, remote=remote)
        policy = choose_policy(Policy(keep, older_than), self._retention(), self.settings.clean_after)
        with step(self.report, f"Looking at {self.name}"):
            if there is not None:
                done = collect_published(there, policy, self.environ, self.report, dry_run=dry_run)
            else:
                collector = Collector(self.folder, self.given(), self.environ, self.report, self.named())
                done = collector.collect(policy, dry_run=dry_run)
        return Cleaned(self.name, policy, done.verdicts, done.folders, done.bytes)

    def _retention(self) -> Retention:
        """The rules of the recipe on this machine, else of the newest revision, whose recipe may be the studio's."""
        own = self.recipe.retention
        if own.keep is not None or own.older_than is not None:
            return own
        newest = newest_ready(self.folder)
        try:
            return load_recipe(self.name, newest.recipe_file, tolerant=True).retention if newest else own
        except (NotFoundError, RecipeError):
            return own

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
        from rezup_api.results import Verified
        from rezup_api.store.history import new_act

        revision = load_revision(self.folder, self._meant_here(request))
        root = self.folder.root
        caches = open_caches(root) if repair else Caches(cache_folder(root))  # a read-only root can be looked at too
        store = FileStore(caches.files, self._link(revision))
        # One that is incomplete has nothing to hold, and is looked at all the same.
        with hold(revision) if revision.lock_file.exists() else nullcontext():
            with step(self.report, f"Reading the files of {revision}") as running:
                found = tuple(examine_revision(revision, store, self.environ, running))
                running.text = f"Read the files of {revision}"
            if not (found and repair):
                return Verified(revision, found, found)
            mended = Repairer(revision, store, self.settings, self.environ, self.report).mend(found)
            if mended:
                act = new_act("repair", revision.timestamp, self.environ, detail=f"{mended} mended")
                self.local.record(act, self.report)
            with step(self.report, f"Reading the files of {revision} again") as running:
                return Verified(revision, found, tuple(examine_revision(revision, store, self.environ, running)))

    def _link(self, revision: Revision) -> str:
        """How the revision's recipe has files shared."""
        try:
            return load_recipe(self.name, revision.recipe_file, tolerant=True).pip.link
        except (NotFoundError, RecipeError):
            return "auto"

    def _meant_here(self, request: str) -> str:
        """The timestamp of a revision of this machine, ready or not: what cannot be entered is what one wants to look at."""
        timestamps = self.folder.timestamps()
        given = self.given()
        label = self.local.label(request) if is_label(request) else None
        if request:
            return resolve(self.name, label or request, timestamps, given)
        wanted = given or next(iter(timestamps), None)
        if wanted not in timestamps:
            what = f"{self.name}@{wanted} is not built here" if wanted else f"there is no container {self.name}"
            raise NotFoundError(what, f"see what there is: rezup status {self.name}")
        return wanted

    def describe(self, request: str = "") -> Described:
        """What is known of a revision, on this machine or where it is published; nothing is built for that.

        Args:
            request: `REV` of the command line; empty for what `use` gives.

        Raises:
            NotFoundError: there is none such.
            RemoteError: it is only published, and the remote root cannot be asked.
        """
        from rezup_api.maintenance.diff import built_contents, published_contents  # they load what builds
        from rezup_api.results import Described

        try:
            revision = load_revision(self.folder, self._meant_here(request))
            metadata = revision.metadata or Metadata(FORMAT, "")
            return Described(self.name, revision.timestamp, metadata, built_contents(revision))
        except NotFoundError:
            if self.remote is None:
                raise
        selection = self._selector().select_there(request)
        published = selection.published or Metadata(FORMAT, "")
        told = published_contents(self.remote, selection.timestamp)
        return Described(self.name, selection.timestamp, published, told)

    def dropping(self, *, local: bool = False, remote: bool = False) -> Dropping:
        """What `drop` would remove; see there for the arguments and errors."""
        from rezup_api.results import Dropping  # not for a launch

        there = self.place_of(local=local, remote=remote)
        if there is None:
            return Dropping("", self.folder.path, len(self.folder.timestamps()), self.exists)
        return Dropping(there.place, self.folder.path, len(there.timestamps()), True)

    def drop(self, *, local: bool = False, remote: bool = False, force: bool = False) -> Dropped:
        """Remove the container under the root that is meant.

        Args:
            force: also while processes of this machine use it.

        Raises:
            UsageError, RemoteError: see `place_of`.
            NotFoundError: there is none.
            BusyError: processes use a revision of it, or build one.
            StorageError: it cannot be removed.
        """
        from rezup_api.disk.staging import STAGING
        from rezup_api.maintenance.removal import drop_container  # not for a launch
        from rezup_api.results import Dropped

        there = self.place_of(local=local, remote=remote)
        if there is None:
            gone = drop_container(self.folder, force=force)
            return Dropped("", None if gone else self.folder.root / STAGING)
        if not there.exists():
            raise NotFoundError(f"there is no container {self.name} on {there.place}", "see: rezup status")
        there.remove()
        self.local.remove_label(PUBLISHED)  # else its absence would be taken for a share that is away
        return Dropped(there.place, None)
