"""Offer what an admin does to a container: choose, clean up, check, remove; on this machine or for the whole studio."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.errors import NotFoundError, RecipeError, RezupError, StorageError, UsageError
from rezup_api.events import Happened, Warned, step
from rezup_api.overview import Overview
from rezup_api.recipe.load import load_recipe
from rezup_api.store.names import CURRENT, is_label
from rezup_api.store.revision import Revision, hold, load_revision, newest_ready, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.builder.revision_builder import RevisionBuilder
    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.recipe.model import Retention
    from rezup_api.results import Cleaned, Dropped, Verified
    from rezup_api.selection.chooser import Change, Chooser


class Administration(Overview):
    """The part of `Container` that admins use.

    If the container is published, the caller must tell every verb that changes something which root it means: `local` for this
    machine, `remote` for the whole studio.
    """

    def place_of(self, *, local: bool, remote: bool) -> PublishedRoot | None:
        """The root that an act is meant for: the container under the remote root, or None for the local root.

        Args:
            local, remote: which root the user has named. If the container is published, one of them must be true.

        Raises:
            UsageError: the container is published, and the user has named neither root.
            RemoteError: the user has named the remote root, and there is none.
        """
        if remote:
            return self.needed_remote("change")
        if not local and self.remote is not None and self.is_published():
            raise UsageError(
                f"{self.name} is also published on the remote root {self.remote.place}",
                "say which is meant: --remote for the whole studio, --local for this machine",
            )
        return None

    def _choose(self, act: Callable[[Chooser], Change], *, local: bool, remote: bool, dry_run: bool) -> Change:
        """Do an act of `Chooser`, or only say what it would do; decide anew if another user was faster on the remote root."""
        from rezup_api.published.log import decided_anew  # launches do not need them
        from rezup_api.selection.chooser import Chooser

        def attempt() -> Change:
            there = self.place_of(local=local, remote=remote)
            root = there if there is not None else self.remote
            chooser = Chooser(self.folder, root, self.environ, self.report, remote=there is not None, dry_run=dry_run)
            return act(chooser)

        return decided_anew(attempt)

    def pin(
        self, request: str, message: str = "", *, local: bool = False, remote: bool = False, dry_run: bool = False
    ) -> Change:
        """Let `use NAME` give one revision until `unpin`; see `Chooser.pin` for the errors, `place_of` for the root."""
        return self._choose(lambda chooser: chooser.pin(request, message), local=local, remote=remote, dry_run=dry_run)

    def unpin(self, message: str = "", *, local: bool = False, remote: bool = False, dry_run: bool = False) -> Change:
        """Let `use NAME` give the newest revision again; see `Chooser.unpin` for the errors, `place_of` for the root."""
        return self._choose(lambda chooser: chooser.unpin(message), local=local, remote=remote, dry_run=dry_run)

    def rollback(
        self, to: str = "", message: str = "", *, local: bool = False, remote: bool = False, dry_run: bool = False
    ) -> Change:
        """Go back to the revision before, or to another one, until there is a newer one.

        See `Chooser.rollback` for the errors, `place_of` for the root.
        """
        done = self._choose(lambda chooser: chooser.rollback(to, message), local=local, remote=remote, dry_run=dry_run)
        if not dry_run:
            place = self.remote.place if remote and self.remote is not None else ""
            self.report(Happened("rolled-back", self.name, done.revision, done.previous, place, message))
        return done

    def note_given(self, revision: Revision) -> None:
        """Note that plain `use NAME` has given a revision here, and report it if that was another one the last time.

        A user who cannot write to the local root notes nothing, and nothing is reported.
        """
        previous = self.local.given()
        if previous == revision.timestamp or not self.local.remember_given(revision.timestamp):
            return
        if previous is not None:
            metadata = revision.metadata
            place, message = (metadata.remote, metadata.message) if metadata is not None else ("", "")
            self.report(Happened("switched", self.name, revision.timestamp, previous, place, message))

    def tag(
        self,
        request: str,
        label: str,
        message: str = "",
        *,
        local: bool = False,
        remote: bool = False,
        dry_run: bool = False,
    ) -> Change:
        """Give a revision a label, or move one to it; see `Chooser.tag` for the errors, `place_of` for the root."""
        return self._choose(
            lambda chooser: chooser.tag(request, label, message), local=local, remote=remote, dry_run=dry_run
        )

    def untag(
        self, label: str, message: str = "", *, local: bool = False, remote: bool = False, dry_run: bool = False
    ) -> Change:
        """Remove a label; see `Chooser.untag` for the errors, `place_of` for the root."""
        return self._choose(lambda chooser: chooser.untag(label, message), local=local, remote=remote, dry_run=dry_run)

    def gc(
        self,
        *,
        keep: int | None = None,
        older_than: str | None = None,
        local: bool = False,
        remote: bool = False,
        dry_run: bool = False,
    ) -> Cleaned:
        """Remove the revisions that are not needed, under one of the roots.

        Args:
            keep: how many of the newest revisions stay. It comes before the rules of the recipe, and so does `older_than`.
            older_than: an age such as "12h" or "30d"; younger revisions stay.
            local, remote: the root, see `place_of`.
            dry_run: remove nothing, only say what would go.

        Raises:
            UsageError: see `place_of`; or `older_than` is not an age.
            StorageError, RemoteError: the root cannot be read or written.
        """
        from rezup_api.maintenance.gc import Collector, collect_published  # launches do not need it
        from rezup_api.maintenance.retention import Policy, choose_policy
        from rezup_api.published.log import decided_anew
        from rezup_api.results import Cleaned

        there = self.place_of(local=local, remote=remote)
        policy = choose_policy(Policy(keep, older_than), self._retention(), self.settings.clean_after)
        with step(self.report, f"Looking at {self.name}"):
            if there is not None:
                done = decided_anew(
                    lambda: collect_published(self.needed_remote("clean"), policy, self.environ, dry_run=dry_run)
                )
            else:
                collector = Collector(self.folder, self.given(), self.environ, self.report, self.named())
                done = collector.collect(policy, dry_run=dry_run)
        return Cleaned(self.name, policy, done.verdicts, done.folders, done.bytes)

    def _retention(self) -> Retention:
        """The rules in this machine's recipe, or else in the recipe of the newest revision, which may come from the studio."""
        own = self.recipe.retention
        newest = newest_ready(self.folder)
        try:
            studio = load_recipe(self.name, newest.recipe_file, tolerant=True).retention if newest else own
        except (NotFoundError, RecipeError):
            return own
        return own.or_else(studio)

    def verify(self, request: str = "", *, repair: bool = False) -> Verified:
        """Compare the files of a revision of this machine with what rezup recorded when it made them.

        Args:
            request: `REV` of the command line; empty for the revision that `use` gives.
            repair: repair the damage, also in other revisions that share a damaged file.

        Raises:
            NotFoundError: this machine has no revision that fits `request`.
            StorageError: the revision cannot be read or written.
        """
        from rezup_api.cache.content_store import FileStore
        from rezup_api.cache.folders import find_caches, open_caches  # code that builds is slow to load
        from rezup_api.maintenance.repair import Repairer
        from rezup_api.maintenance.verify import examine_revision, without_metadata
        from rezup_api.results import Verified
        from rezup_api.store.history import new_act

        revision = load_revision(self.folder, self._meant_here(request))
        if revision.fault and repair and self._build_anew(revision):
            done = self.verify(revision.timestamp)
            return Verified(done.revision, (without_metadata(revision),), done.found)
        root = self.folder.root
        # Without a repair nothing is made: the user may only read the root.
        caches = open_caches(root, self.environ, self.report) if repair else find_caches(root, self.environ)[0]
        store = FileStore(caches.files, self._link(revision))
        with storing("cannot read"):
            # An incomplete revision has no file to hold, and the user may want to know its damage all the same.
            holding = hold(revision) if revision.lock_file.exists() else nullcontext()
        with holding:
            with step(self.report, f"Reading the files of {revision}") as running:
                found = tuple(examine_revision(revision, store, self.environ, running))
                running.text = f"Read the files of {revision}"
            if not (found and repair):
                return Verified(revision, found, found)
            mended = Repairer(revision, store, self.settings, self.environ, self.report).mend(found)
            if mended:
                act = new_act("repair", revision.timestamp, self.environ, detail=f"{mended} mended")
                self.local.record(act)
            with step(self.report, f"Reading the files of {revision} again") as running:
                return Verified(revision, found, tuple(examine_revision(revision, store, self.environ, running)))

    def _build_anew(self, revision: Revision) -> bool:
        """Build a damaged or unfinished revision again, if it is published; warn the user, and return False, if that fails."""
        from rezup_api.builder.revision_builder import RevisionBuilder
        from rezup_api.store.history import new_act

        builder = RevisionBuilder(self.folder, self.settings, self.environ, self.report)
        try:
            remote = self.needed_remote("build it from")
            published = remote.metadata(revision.timestamp)
            if published is None:
                raise NotFoundError(f"it is not on {remote.place}")
            self._make_way(revision, builder)
            builder.pull(revision.timestamp, published, remote, at_once=True)
        except RezupError as error:
            end = f"a day after the damage, this removes it: rezup gc {self.name}"
            self.report(Warned(f"{revision} cannot be built again: {error.message}; {end}"))
            return False
        self.local.record(new_act("repair", revision.timestamp, self.environ, detail="built again"))
        return True

    def _make_way(self, revision: Revision, builder: RevisionBuilder) -> None:
        """Remove a revision of this machine that is damaged or was never finished, before it is built again."""
        if revision.fault:
            from rezup_api.maintenance.removal import make_way  # what is damaged is rare

            make_way(self.folder, revision.timestamp, builder.waiting)

    def _link(self, revision: Revision) -> str:
        """The recipe's setting for how revisions share files: the `link` of its table `[pip]`."""
        try:
            return load_recipe(self.name, revision.recipe_file, tolerant=True).pip.link
        except (NotFoundError, RecipeError):
            return "auto"

    def _meant_here(self, request: str) -> str:
        """The timestamp of a revision of this machine, ready or not: users look at the very ones that they cannot enter."""
        timestamps = self.folder.timestamps()
        if request and (request[0].isdigit() or self._is_local_label(request)):
            label = self.local.label(request) if is_label(request) else None
            return resolve(self.name, label or request, timestamps, None)
        # The other words mean what they mean for every verb, and then the revision must be on this machine.
        given = self._selector().meant(request, remote=False) if request not in ("", CURRENT) else self.given()
        wanted = given or next(iter(timestamps), None)
        if wanted not in timestamps:
            what = f"{self.name}@{wanted} is not built here" if wanted else f"there is no container {self.name}"
            raise NotFoundError(what, f"see what there is: rezup status {self.name}")
        return wanted

    def _is_local_label(self, request: str) -> bool:
        return is_label(request) and self.local.label(request) is not None

    def drop(self, message: str = "", *, local: bool = False, remote: bool = False, force: bool = False) -> Dropped:
        """Remove the whole container under one of the roots.

        Args:
            message: the reason, for the history of the remote root; that of this machine goes with the container.
            local, remote: the root, see `place_of`.
            force: remove the container even while processes of this machine use it.

        Raises:
            UsageError, RemoteError: see `place_of`; or there is a message, and no history that outlives the container.
            NotFoundError: the root does not have the container.
            BusyError: processes use a revision of the container, or build one.
            StorageError: the container cannot be removed.
        """
        from rezup_api.disk.staging import STAGING
        from rezup_api.maintenance.removal import drop_container  # launches do not need it
        from rezup_api.published.log import decided_anew
        from rezup_api.results import Dropped

        there = self.place_of(local=local, remote=remote)
        if there is None:
            if message:
                raise UsageError(
                    f"the history of {self.name} on this machine goes with it, and a message too", "leave -m out"
                )
            gone = drop_container(self.folder, force=force)
            return Dropped("", None if gone else self.folder.root / STAGING)
        gone = decided_anew(lambda: self._drop(self.needed_remote("drop"), message))
        with suppress(StorageError):
            self.local.forget_published()  # with that note, `use` would warn that somebody has dropped it
        return Dropped(there.place, None if gone else Path(there.storage.locate(self.name)))

    def _drop(self, there: PublishedRoot, message: str) -> bool:
        from rezup_api.store.history import new_act

        if not there.exists():
            raise NotFoundError(f"there is no container {self.name} on {there.place}", "see: rezup status")
        return there.drop(new_act("drop", "", self.environ, message=message))
