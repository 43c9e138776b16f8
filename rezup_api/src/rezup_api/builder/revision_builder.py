"""Build revisions: new ones from a recipe, which are published if the user wants that, and local builds of published ones.

Each is prepared in a stage and appears by one rename. If anything fails before the rename, nothing of it is left.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api._version import __version__
from rezup_api.builder.checks import run_checks
from rezup_api.builder.conditions import refuse_credentials, refuse_occupied, refuse_platform
from rezup_api.builder.failures import forget_failure, note_failure, read_failure, telling_failure
from rezup_api.builder.publication import keep_recipe, published_files, published_origin, published_recipe
from rezup_api.disk.files import host_name, storing, user_name, write_whole
from rezup_api.disk.staging import building, refuse_link, staged, sweep
from rezup_api.environments.build import LIMIT, build_environments, resolve_environments, workplace
from rezup_api.errors import InstallError, RemoteError, RezupError, StorageError
from rezup_api.events import Happened, Note, Reporter, Warned, one_line
from rezup_api.packages.lock_source import LockSource
from rezup_api.store.history import new_act
from rezup_api.store.layout import (
    METADATA_FILE,
    ContainerFolder,
    platform_tag,
)
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import ahead, timestamp_order
from rezup_api.store.revision import Revision, appear_next, load_revision
from rezup_api.store.root import check_format, local_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.disk.staging import Stage
    from rezup_api.environments.steps import Workplace
    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.recipe.model import Recipe
    from rezup_api.resolve.resolver import Resolved
    from rezup_api.settings import Settings
    from rezup_api.store.history import Act

# Seconds that the engines may take in all for a published revision. A user who enters a container wants to work, and an older
# revision lets them do so.
LIMIT_OF_PULL = 600.0


@dataclass(frozen=True, slots=True)
class RevisionBuilder:
    """Builds the revisions of one container.

    Args:
        folder: the container under the local root.
        settings: the settings of the user.
        environ: the caller's environment.
        report: called with the progress and with warnings.
    """

    folder: ContainerFolder
    settings: Settings
    environ: Mapping[str, str]
    report: Reporter

    def make(
        self,
        recipe: Recipe,
        message: str,
        remote: PublishedRoot | None = None,
        origin: LockSource | None = None,
        *,
        unless_like: Revision | None = None,
    ) -> Revision:
        """Build a new revision.

        Args:
            recipe: the recipe of its content.
            message: the reason, for the history.
            remote: the container under the remote root, if the revision is to be published there; else None.
            origin: the locks from which to install; None to resolve the recipe.
            unless_like: the revision from which `origin` comes, to give that one if the new one would have the same locks.

        Raises:
            RecipeError: the recipe holds a literal credential, so it must not be published.
            InstallError: the revision cannot be built, or does not run.
            RemoteError: the remote root cannot be written.
            StorageError: the local root cannot be written.
        """
        if remote is not None:
            refuse_credentials(recipe)
            remote.check_writable()  # now, and not after a build that takes minutes
        refuse_platform(
            recipe, recipe.container, f"name it in [lock] platforms, or add it on {' or '.join(recipe.platforms)}"
        )
        origin = origin or LockSource()
        source = origin.told or ", ".join(map(str, recipe.sources)) or "the built-in recipe"
        self.report(Note(f"Making a revision of {recipe.container} from {source}"))
        sweep(self.folder.path)
        # `holds` keeps the leases on the shared folders until the revision has appeared and names them in its metadata.
        # Released earlier, a cleanup could remove such a folder, and the revision would appear with a link to nothing.
        name, place = self.folder.name, remote.place if remote is not None else ""
        telling = telling_failure(self.report, name, place=place, message=message)
        with telling, staged(self.folder.path) as stage, ExitStack() as holds:
            metadata = replace(
                self._build(stage, recipe, holds, origin, LIMIT),
                creator=user_name(self.environ),
                hostname=host_name(),
                created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                message=message,
                remote=place,
                origin=origin.told,
            )
            if unless_like is not None and origin.is_same(stage.path):
                return unless_like
            if remote is not None and metadata.loose:
                self.report(Warned(f"machines that pull this revision may get other files ({metadata.loose})"))
            keep_recipe(stage, recipe)
            self._finish(stage, recipe, metadata)
            newest = self._newest(remote)
            # Publish first: the remote root decides the timestamp, which the build here must have too. If this process is
            # killed in between, the revision is published, and this machine builds it again like every other. The other way
            # round, this machine would have a revision that no other can ever get.
            if remote is not None:
                with storing("cannot write to"):
                    stage.flush()  # now, and not after the publication: a disk may refuse
                timestamp = self._publish(remote, recipe, metadata, stage, newest)
                self._appear_published(stage, timestamp, remote)
            else:
                timestamp = appear_next(stage, self.folder, newest)
            self._remark_clock(newest, timestamp)
        self._record("add", timestamp, message, f"from {origin.told}" if origin.told else "")
        self.report(Happened("published" if place else "added", name, timestamp, "", place, message))
        return load_revision(self.folder, timestamp)

    def resolve(self, recipe: Recipe, origin: LockSource | None = None) -> tuple[Resolved, ...]:
        """Find what `make` would install in each environment. Nothing stays of it but what the caches have learned.

        Args:
            recipe: the recipe of the content.
            origin: the locks from which to install; None to resolve the recipe.

        Raises:
            InstallError: the recipe cannot be resolved, or is for other platforms.
            StorageError: the local root cannot be written.
        """
        refuse_platform(
            recipe, recipe.container, f"name it in [lock] platforms, or add it on {' or '.join(recipe.platforms)}"
        )
        with staged(self.folder.path) as stage, ExitStack() as holds:
            return resolve_environments(self._workplace(stage, recipe, holds, origin or LockSource(), LIMIT))

    def _newest(self, remote: PublishedRoot | None) -> str | None:
        """The greatest timestamp under the local root and, if the revision is published, under the remote root; None if none."""
        roots = [self.folder.timestamps(), remote.timestamps() if remote is not None else []]
        known = (next((one for one in names if not ahead(one)), None) for names in roots)
        return max(filter(None, known), key=timestamp_order, default=None)

    def _remark_clock(self, newest: str | None, timestamp: str) -> None:
        ahead = timestamp_order(timestamp)[0] - datetime.now(timezone.utc).timestamp()
        if newest is not None and ahead > 1:
            text = f"this machine's clock is {ahead:.0f} s behind the revision {newest}; the new one follows that"
            self.report(Warned(text))

    def pull(self, timestamp: str, published: Metadata, remote: PublishedRoot, *, at_once: bool = False) -> Revision:
        """The local build of a published revision. If this machine does not have it, build it now.

        Args:
            timestamp: the revision's name.
            published: its metadata on the remote root.
            remote: the container under the remote root.
            at_once: try to build it even if that has failed a short time ago.

        Raises:
            InstallError: it cannot be built, or does not run; or it could not a short time ago.
            RemoteError: the remote root cannot be read, or a newer rezup has published the revision.
            StorageError: the local root cannot be written, the path of the revision is occupied, or its name is too far ahead.
        """
        revision = load_revision(self.folder, timestamp)
        if revision.ready:
            return revision
        if too_early := ahead(timestamp):
            raise StorageError(
                f"{revision} is not taken: {too_early}", "set the clock, or ask for a revision of another name"
            )
        with building(self.folder.path, timestamp, self.waiting):
            # Look again: while this process waited for the lock, another one may have built the revision.
            revision = load_revision(self.folder, timestamp)
            if revision.ready:
                return revision
            if not at_once:
                self._refuse_failing(timestamp)
            told = telling_failure(self.report, self.folder.name, timestamp, remote.place, published.message)
            try:
                with told:
                    self._pull(revision, published, remote)
            except RemoteError:
                raise  # not a failure of the revision: the remote root did not answer, and the next launch may try again
            except RezupError as error:
                note_failure(self.folder, timestamp, error.message, error.hint, error.code)
                raise
            forget_failure(self.folder, timestamp)
        self._record("pull", timestamp, published.message)
        self.report(Happened("pulled", self.folder.name, timestamp, place=remote.place, message=published.message))
        return load_revision(self.folder, timestamp)

    def _pull(self, revision: Revision, published: Metadata, remote: PublishedRoot) -> None:
        """Build a published revision."""
        name, timestamp = self.folder.name, revision.timestamp
        check_format(published, f"{name}@{timestamp} on {remote.place}")
        refuse_occupied(revision)
        why = f": {one_line(published.message)}" if published.message else ""
        self.report(Note(f"Building {name}@{timestamp}, published by {one_line(published.creator)}{why}"))
        sweep(self.folder.path)
        with staged(self.folder.path) as stage, ExitStack() as holds:
            recipe = published_recipe(stage, remote, timestamp, tolerant=published.format == 0)
            refuse_platform(
                recipe, f"{name}@{timestamp}", "ask who published it to name this platform in [lock] platforms"
            )
            metadata = replace(
                self._build(stage, recipe, holds, published_origin(stage, remote, timestamp), LIMIT_OF_PULL),
                creator=published.creator,
                hostname=published.hostname,
                created=published.created,
                message=published.message,
                remote=remote.place,
                origin=published.origin,
            )
            self._finish(stage, recipe, metadata)
            self._appear(stage, timestamp)

    def _refuse_failing(self, timestamp: str) -> None:
        """Raise InstallError if the build has failed too often to spend minutes on it again now; see `failures`."""
        failure = read_failure(self.folder, timestamp)
        if failure is not None and not failure.is_due(time.time()):
            name = self.folder.name
            hint = f"it failed {failure.tries} times, and is tried again once an hour; at once with: rezup pull {name}"
            raise InstallError(failure.message, f"{failure.hint}; {hint}" if failure.hint else hint)

    def waiting(self) -> None:
        """Tell the user that this process waits for another one, which builds the same revision."""
        self.report(Note(f"Waiting for another process that builds {self.folder.name}"))

    def _build(self, stage: Stage, recipe: Recipe, holds: ExitStack, origin: LockSource, limit: float) -> Metadata:
        """Fill a stage with the environments of a recipe.

        Returns:
            What the metadata of the revision records about them.
        """
        built = build_environments(self._workplace(stage, recipe, holds, origin, limit))
        return Metadata(
            format=FORMAT,
            rezup_version=__version__,
            platform=platform_tag(),
            environments=built.environments,
            libraries=built.libraries,
            data=built.data,
        )

    def _workplace(self, stage: Stage, recipe: Recipe, holds: ExitStack, origin: LockSource, limit: float) -> Workplace:
        return workplace(
            recipe,
            self.folder,
            stage,
            settings=self.settings,
            environ=self.environ,
            report=self.report,
            holds=holds,
            origin=origin,
            limit=limit,
        )

    def _finish(self, stage: Stage, recipe: Recipe, metadata: Metadata) -> None:
        """Run the recipe's checks, then write the metadata: the last steps before the revision appears."""
        run_checks(recipe, stage, metadata, environ=self.environ, report=self.report)
        # `revision.json` makes a revision complete, so it is written last, when nothing can fail any more.
        _describe(stage, metadata)

    def _record(self, act: str, timestamp: str, message: str, detail: str = "") -> None:
        done = new_act(act, timestamp, self.environ, message=message, detail=detail)
        local_root(self.folder, self.report).record(done)

    def _publish(
        self, remote: PublishedRoot, recipe: Recipe, metadata: Metadata, stage: Stage, newest: str | None
    ) -> str:
        detail = f"from {metadata.origin}" if metadata.origin else ""

        def act(timestamp: str) -> Act:
            return new_act("publish", timestamp, self.environ, message=metadata.message, detail=detail)

        return remote.publish(published_files(recipe, metadata, stage), newest, act)

    def _appear_published(self, stage: Stage, timestamp: str, remote: PublishedRoot) -> None:
        try:
            self._appear(stage, timestamp)
        except StorageError as error:
            what = f"{self.folder.name}@{timestamp}"
            raise StorageError(
                f"{what} is published on {remote.place}, but {error.message}",
                f"this machine builds it like every other one: rezup pull {what}",
            ) from error

    def _appear(self, stage: Stage, timestamp: str) -> None:
        """Let the build of a published revision appear under its timestamp."""
        with storing("cannot write to"):
            self.folder.revisions.mkdir(exist_ok=True)
            refuse_link(self.folder.revisions)
            # False, which means that another process was first, is no error: its build of the same revision is as good. That
            # happens where hosts share a local root, because the lock of `pull` holds on one machine only.
            stage.appear(self.folder.revisions / timestamp)


def _describe(stage: Stage, metadata: Metadata) -> None:
    with storing("cannot write"):
        write_whole(stage.path / METADATA_FILE, metadata.to_json().encode("utf-8", "replace"))
