"""Repair a revision. No other module writes into a revision that is ready.

A verified copy is renamed over each damaged file: a process that opens the file gets the old one or the new one, and a process
that has the old one open keeps it. The copy comes from the cache, from another revision, or from a second build of the same
environments from their locks. Hard links share their damage, so that the same file is repaired in all revisions.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.disk.durable import flush_file, flush_folder
from rezup_api.disk.files import storing, token
from rezup_api.disk.reading import Folder, open_below
from rezup_api.disk.staging import staged
from rezup_api.environments.build import build_environments, workplace
from rezup_api.errors import RezupError
from rezup_api.events import Warned, step
from rezup_api.maintenance.cache_cleanup import drop_lists
from rezup_api.maintenance.verify import (
    CACHE,
    CHANGED,
    EXTRA,
    LINK,
    LISTED,
    MISSING,
    PROVIDED,
    Part,
    is_good,
    is_real,
    parts_of,
    provided_for,
)
from rezup_api.packages.lock_source import LockSource, read_lock_source
from rezup_api.pythons.provided import provided_by
from rezup_api.pythons.provider import provider_of
from rezup_api.recipe.load import load_recipe
from rezup_api.storage.folder import FolderStorage
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.revision import newest_first
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rezup_api.cache.content_store import File, FileStore, Listing
    from rezup_api.events import Reporter
    from rezup_api.maintenance.verify import Finding
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings
    from rezup_api.store.revision import Revision

# From a root to a revision, or to a shared folder: container, `revisions`, timestamp.
DEPTH = 3
REPAIRABLE = frozenset({CHANGED, MISSING, EXTRA, LINK, LISTED, CACHE})


@dataclass(frozen=True, slots=True)
class Repairer:
    """Repairs one revision, on which the caller holds a lease.

    Args:
        revision: the revision to repair.
        store: this user's cache of contents.
        settings: the caller's settings, for a second build.
        environ: the caller's environment, for a second build.
        report: called with events: what is done, and what cannot be done.
    """

    revision: Revision
    store: FileStore
    settings: Settings
    environ: Mapping[str, str]
    report: Reporter

    def mend(self, findings: Sequence[Finding]) -> int:
        """Repair as much as possible of what `verify` has found.

        Returns:
            How many findings were repaired.

        Raises:
            StorageError: a file of the revision cannot be written.
        """
        files = [finding.file for finding in findings if finding.file is not None]
        with storing("cannot repair"):
            self._drop_damaged(files)
            short = [file for file in files if not self._provide(file)]
            if short or any(finding.kind == LISTED for finding in findings):
                drop_lists(self.revision.folder.root, {file.digest for file in short}, self.environ)
                self._rebuild()
            self._trash([finding for finding in findings if finding.kind == EXTRA])
            done = sum(self._mend(finding) for finding in findings)
            done += self._mend_pythons({finding.path for finding in findings if finding.kind == PROVIDED})
            self._mend_others({file.digest for file in files})
        return done

    def _mend_pythons(self, paths: set[str]) -> int:
        """Replace damaged files of the interpreters that rezup has provided, from a second download; the number of them."""
        metadata = self.revision.metadata
        root, mended = self.revision.folder.root, 0
        for one in provided_for(root, metadata).values() if paths and metadata is not None else ():
            wrong = [path for path in paths if provided_by(root, path) == one.key]
            try:
                recipe = load_recipe(self.revision.container, self.revision.recipe_file, tolerant=True)
                provider_of(root, self.environ, self.report, recipe.providing.mirror).mend(one, wrong)
                mended += len(wrong)
            except RezupError as error:
                self.report(Warned(f"Python {one.version} cannot be mended: {error.message}"))
        return mended

    def _drop_damaged(self, files: Sequence[File]) -> None:
        """Remove the entries of the cache whose content does not fit their digest, so that no copy is made of them."""
        for file in files:
            self.store.verified(file)  # which removes a damaged entry

    def _provide(self, file: File) -> bool:
        """Make sure that the cache has a good copy, from another revision if necessary; False if there is none."""
        if not file.size or self.store.verified(file) is not None:
            return True
        for path in self._copies(file.digest):
            with suppress(OSError):
                if is_good(path, file):
                    self.store.learn(path, file)
                    return True
        return False

    def _copies(self, digest: str) -> Iterator[str]:
        """The paths at which a file of that content should lie, in all revisions under the root."""
        for part, listing in _everything(self.revision.folder.root):
            for relative, file in listing.files.items():
                if file.digest == digest:
                    yield f"{part.top}/{relative}"

    def _rebuild(self) -> None:
        """Build the same environments again, which brings their files into the cache, and delete what was built.

        The build runs in a container inside a stage. In the revision's own container it would take the damaged shared folders
        as they are.
        """
        root = self.revision.folder.root
        try:
            recipe = load_recipe(self.revision.container, self.revision.recipe_file, tolerant=True)
            with staged(root) as place:
                folder = ContainerFolder(root, place.path.relative_to(root).as_posix())
                self._build_in(folder, recipe)
        except RezupError as error:
            self.report(Warned(f"the environments cannot be built again for their files: {error.message}"))

    def _build_in(self, folder: ContainerFolder, recipe: Recipe) -> None:
        with staged(folder.path) as stage, ExitStack() as holds:
            build_environments(
                workplace(
                    recipe,
                    folder,
                    stage,
                    settings=self.settings,
                    environ=self.environ,
                    report=self.report,
                    holds=holds,
                    origin=_origin(self.revision),
                )
            )
            self._harvest(stage.path, self.revision.path)

    def _harvest(self, stage: Path, path: Path) -> None:
        """Take from the second build what the cache does not hold: the lists of files, and files if the recipe shares none."""
        for part in parts_of(self.revision):
            record = stage / part.record.name
            if part.listing() is None and part.record.parent == path and _agrees(part, record):
                flush_file(record)
                os.replace(record, part.record)
                flush_folder(path)
            listing = part.listing()
            if listing is None or path not in part.top.parents:
                continue
            for relative, file in listing.files.items():
                made = stage / part.top.relative_to(path) / relative
                with suppress(OSError):
                    if self.store.verified(file) is None and file.size and is_good(str(made), file):
                        self.store.learn(str(made), file)

    def _mend(self, finding: Finding) -> bool:
        if finding.kind in (CHANGED, MISSING) and finding.file is not None:
            # `replace` renames a verified copy over the file. Writing into the file instead would change it under processes that
            # have it open, and in every revision that has a hard link to it.
            with self._place(finding.path) as place:
                return self.store.replace(finding.file, place.way(os.path.basename(finding.path)))
        if finding.kind == LINK:
            with self._place(finding.path) as place:
                place.link(finding.target, os.path.basename(finding.path))
        if finding.kind == LISTED:
            return any(
                str(part.record) == finding.path and part.listing() is not None for part in parts_of(self.revision)
            )
        return finding.kind in REPAIRABLE

    def _place(self, path: str) -> Folder:
        """Open the folder of a file, which is made if necessary. What is in the way is deleted, or a folder in the file's place.

        The folders down to the revision, or to the shared folder, must be there. Somebody may have put a link in the place of any
        folder below: then the link goes, and nothing is written to where it leads.
        """
        *above, name = os.path.relpath(path, self.revision.folder.root).split(os.sep)
        folder = open_below(self.revision.folder.root, "/".join(above[:DEPTH]))
        for part in above[DEPTH:]:
            with folder:
                self._clear_way(folder, part, stat.S_ISDIR)
                folder.make(part)
                folder = folder.folder(part)
        self._clear_way(folder, name, lambda mode: not stat.S_ISDIR(mode))
        return folder

    def _clear_way(self, folder: Folder, name: str, fits: Callable[[int], bool]) -> None:
        """Delete an entry of a folder if its mode does not fit."""
        with suppress(FileNotFoundError):
            if not fits(folder.lstat(name).st_mode):
                # The stage lies in the same container, and so on the same file system: its name can change in one step.
                with staged(self.revision.folder.path) as stage:
                    folder.give(name, stage.path / token())

    def _trash(self, extras: Sequence[Finding]) -> None:
        """Remove files that do not belong to the revision: a rename takes each away in one step, and the stage deletes it."""
        if not extras:
            return
        root = self.revision.folder.root
        with staged(self.revision.folder.path) as stage:
            for finding in extras:
                above, _, name = os.path.relpath(finding.path, root).replace(os.sep, "/").rpartition("/")
                with open_below(root, above) as folder:
                    folder.give(name, stage.path / token())
        for place in sorted({os.path.dirname(finding.path) for finding in extras}, key=len, reverse=True):
            with suppress(OSError):
                os.removedirs(place)  # removes empty folders only

    def _mend_others(self, digests: set[str]) -> None:
        """Repair the same files in all other revisions, where hard links share the damage."""
        root = self.revision.folder.root
        with step(self.report, "Looking at the other revisions") as running:
            count = 0
            for part, listing in _everything(self.revision.folder.root):
                for relative, file in listing.files.items():
                    if file.digest not in digests:
                        continue
                    above, _, name = f"{part.top.relative_to(root).as_posix()}/{relative}".rpartition("/")
                    with suppress(OSError), open_below(root, above) as folder:
                        path = folder.way(name)
                        if not is_good(path, file) and self.store.replace(file, path):
                            count += 1
            running.text = (
                f"Repaired {count} files of other revisions" if count else "The other revisions are not damaged"
            )


def _everything(root: Path) -> Iterator[tuple[Part, Listing]]:
    """All folders under a root of which digests were recorded, with the listing of each."""
    seen: set[Path] = set()
    for name in list_containers(FolderStorage(root)):
        for revision in newest_first(ContainerFolder(root, name)):
            for part in parts_of(revision):
                if part.top in seen or not is_real(root, part.top):
                    continue
                seen.add(part.top)
                listing = part.listing()
                if listing is not None:
                    yield part, listing


def _agrees(part: Part, record: Path) -> bool:
    """Whether the record of a second build fits what is installed: it names the same distributions in the same versions."""
    made = Part(part.top, record).listing()
    if made is None:
        return False
    named = {path.split("/")[-2] for path in made.files if path.endswith(".dist-info/METADATA")}
    there = {path.parent.name for path in part.top.glob("lib/*/site-packages/*.dist-info/METADATA")}
    return named == there or not there


def _origin(revision: Revision) -> LockSource:
    """The locks of a revision; none if one is damaged, so that everything is resolved again."""
    try:
        return read_lock_source(revision.path, str(revision))
    except RezupError:
        return LockSource()
