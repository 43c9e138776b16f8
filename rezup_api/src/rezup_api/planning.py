"""Offer what shows a container: what revisions hold, what is published, what an act would do. Nothing changes for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.administration import Administration
from rezup_api.errors import NotFoundError
from rezup_api.recipe.load import kept_recipe, load_recipe
from rezup_api.selection.selector import Selector
from rezup_api.store.layout import RECIPE_FILE, REVISIONS
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup_api.maintenance.inventory import Inventory
    from rezup_api.maintenance.publications import PublishedContainer
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.recipe.model import Recipe
    from rezup_api.results import Described, Dropping, Planned, Pulling
    from rezup_api.selection.selector import Selection
    from rezup_api.store.revision import Revision


class Planning(Administration):
    """The part of `Container` that shows what revisions hold, what is published, and what an act would do."""

    def describe(self, request: str = "") -> Described:
        """The metadata and the contents of a revision of this machine, or else of a published one. This builds nothing.

        Args:
            request: `REV` of the command line; empty for the revision that `use` gives.

        Raises:
            NotFoundError: no revision fits `request`.
            RemoteError: the revision is not on this machine, and the remote root cannot be asked.
        """
        from rezup_api.maintenance.diff import (
            built_contents,
            published_contents,
        )  # they load the code that builds, which is slow
        from rezup_api.results import Described

        timestamp, there = self._located(request)
        if there is not None:
            told = published_contents(self.needed_remote("ask"), timestamp)
            return Described(self.name, timestamp, there.published or Metadata(FORMAT, ""), told)
        revision = load_revision(self.folder, timestamp)
        return Described(self.name, timestamp, revision.metadata or Metadata(FORMAT, ""), built_contents(revision))

    def _located(self, request: str) -> tuple[str, Selection | None]:
        """The timestamp of a revision to look at, and how it is published if this machine does not have it."""
        try:
            return self._meant_here(request), None
        except NotFoundError:
            if self.remote is None:
                raise
        selector = self._selector()
        selection = selector.select_there(selector.meant(request, remote=False) or request)
        return selection.timestamp, selection

    def packages(self, request: str = "") -> Inventory:
        """The packages of a revision of this machine, or else those in the locks of a published one; `describe` has the rest."""
        from rezup_api.maintenance.inventory import built_inventory, published_inventory  # slow to load

        timestamp, there = self._located(request)
        if there is not None:
            return published_inventory(self.needed_remote("ask"), timestamp)
        return built_inventory(load_revision(self.folder, timestamp))

    def kept_recipe(self, request: str = "") -> Recipe:
        """The recipe that a revision of this machine keeps, or else a published one; see `describe`.

        Raises:
            RecipeError: the recipe is not TOML.
        """
        timestamp, there = self._located(request)
        if there is not None:
            remote = self.needed_remote("ask")
            where = Path(remote.storage.locate(f"{self.name}/{REVISIONS}/{timestamp}/{RECIPE_FILE}"))
            return kept_recipe(self.name, remote.recipe(timestamp), where)
        return load_recipe(self.name, load_revision(self.folder, timestamp).recipe_file, tolerant=True)

    def publications(self, *, whole: bool = True) -> PublishedContainer:
        """The container under its remote root; without revisions if nothing is published.

        Args:
            whole: with every revision there, and not only the one that the remote root names.

        Raises:
            RemoteError: there is no remote root, or it cannot be read.
        """
        from rezup_api.maintenance.publications import published_container  # launches do not need it

        remote = self.needed_remote("look at")
        return published_container(remote, Selector(self.folder, remote, self.report), self.folder, whole=whole)

    def plan(
        self,
        *,
        publish: bool = False,
        source: Revision | Path | None = None,
        upgrades: Sequence[str] = (),
    ) -> Planned:
        """What `add` would make: every environment is resolved, and nothing is installed.

        Args:
            publish, source, upgrades: see `Container.add`.

        Raises:
            RecipeError: the recipe holds a literal credential, so it must not be published.
            NotFoundError: the source has been removed, has no locks, or does not hold a package of `upgrades`.
            VerificationError: the bundle is damaged.
            InstallError: the recipe cannot be resolved.
            RemoteError: there is no remote root.
            StorageError: the local root cannot be written, where the engines need a place for their work.
        """
        current = self._current()
        if source is None and upgrades:
            source = load_revision(self.folder, current.timestamp) if current is not None else None
        if source is None:
            return self._planned(self.recipe, None, current, publish=publish)
        from rezup_api.promotion import opened, taken_over  # code that builds is slow to load

        with opened(source) as (folder, told):
            recipe, origin = taken_over(self.recipe, folder, told, upgrades)
            return self._planned(recipe, origin, current, publish=publish)

    def _planned(
        self, recipe: Recipe, origin: LockSource | None, current: Described | None, *, publish: bool
    ) -> Planned:
        from rezup_api.builder.conditions import refuse_credentials
        from rezup_api.builder.revision_builder import RevisionBuilder
        from rezup_api.maintenance.diff import Contents, compare_contents, resolved_contents
        from rezup_api.recipe.dump import dump
        from rezup_api.results import Planned

        if publish:
            self.needed_remote("publish to")
            refuse_credentials(recipe)
        resolved = RevisionBuilder(self.folder, self.settings, self.environ, self.report).resolve(recipe, origin)
        contents = resolved_contents(resolved, dump(recipe))
        before = current.contents if current is not None else Contents()
        return Planned(contents, current, compare_contents(before, contents))

    def outline(self, *, source: Revision | Path | None = None, upgrades: Sequence[str] = ()) -> Planned:
        """What `add` would publish, as far as that is known before anything is resolved.

        That is the recipe; and with `source` the packages, except those of `upgrades`. Everything else counts as unchanged.

        Args:
            source, upgrades: see `Container.add`.

        Returns:
            The outline; its `current` is the revision that the remote root names.

        Raises:
            RezupError: the errors of `plan`.
        """
        from rezup_api.builder.conditions import refuse_credentials
        from rezup_api.maintenance.diff import Contents, compare_contents, outlined_contents
        from rezup_api.promotion import opened, taken_over
        from rezup_api.results import Planned

        self.needed_remote("publish to")
        named = self.published()
        current = self._as_locked(named) if named is not None else None
        before = current.contents if current is not None else Contents()
        recipe, texts = self.recipe, None
        if source is not None:
            with opened(source) as (folder, told):
                recipe, origin = taken_over(self.recipe, folder, told, upgrades)
                texts = {name: lock.to_toml() for name, lock in origin.locks.items()}
        refuse_credentials(recipe)
        # Without a source, packages to upgrade are those of the present revision, whose recipe is then taken over too.
        contents = before if source is None and upgrades else outlined_contents(before, recipe, texts)
        return Planned(contents, current, compare_contents(before, contents))

    def _current(self) -> Described | None:
        """What `use` gives now, with what its locks say; None if there is nothing."""
        given = self.given()
        return self._as_locked(given) if given is not None else None

    def _as_locked(self, given: str) -> Described:
        """A revision with what its locks say."""
        from rezup_api.maintenance.diff import locked_contents
        from rezup_api.results import Described

        revision = load_revision(self.folder, given)
        if not revision.ready:
            return self.describe(given)
        return Described(self.name, given, revision.metadata or Metadata(FORMAT, ""), locked_contents(revision))

    def pulling(self, request: str = "") -> Pulling:
        """What `pull` would build; see `Container.pull` for the argument and the errors."""
        from rezup_api.results import Pulling

        self.needed_remote("pull from")
        selection = self._selector().select(request, strict=True)
        if selection is None:
            raise NotFoundError(f"there is no container {self.name}", "see what there is: rezup status")
        revision = load_revision(self.folder, selection.timestamp)
        return Pulling(revision, selection.published or revision.metadata or Metadata(FORMAT, ""))

    def dropping(self, *, local: bool = False, remote: bool = False) -> Dropping:
        """What `drop` would remove; see `drop` for the arguments and errors."""
        from rezup_api.results import Dropping  # launches do not need it

        there = self.place_of(local=local, remote=remote)
        if there is None:
            users = tuple(f"{one.command} ({one.pid})" for one in self.sessions())
            return Dropping("", self.folder.path, len(self.folder.timestamps()), self.exists, users)
        return Dropping(there.place, self.folder.path, len(there.timestamps()), there.exists())
