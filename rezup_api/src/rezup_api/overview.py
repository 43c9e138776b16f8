"""Read one container, on this machine and on its remote root: revisions, pins, labels, history, sessions."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.errors import NotFoundError, RemoteError, StorageError, UsageError
from rezup_api.events import Warned
from rezup_api.frozen import dataclass
from rezup_api.selection.selector import Selector
from rezup_api.storage.address import folder_of_root, open_root
from rezup_api.store.labels import PIN
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.metadata import FORMAT
from rezup_api.store.names import DEFAULT_CONTAINER, ahead, timestamp_order
from rezup_api.store.revision import Revision, newest_first
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.builder.failures import Failure
    from rezup_api.events import Reporter
    from rezup_api.maintenance.running import RunningSession
    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.recipe.model import Recipe
    from rezup_api.selection.selector import Selection
    from rezup_api.settings import Settings
    from rezup_api.status import ContainerStatus, ContainerSummary
    from rezup_api.store.history import Act
    from rezup_api.store.pin import Pin


@dataclass(frozen=True, slots=True)
class Recorded:
    """One act of a container's history.

    Args:
        place: the root under which the act is recorded, "local" or "remote".
        act: the act.
    """

    place: str
    act: Act


def behind(timestamp: str, choices: list[str], given: str | None) -> int:
    """How many revisions come after `timestamp`, up to the one that `use` gives.

    Args:
        choices: the timestamps of the revisions among which `use` chooses.
        given: the timestamp of the revision that `use` gives; None if it gives none, and the result is 0.
    """
    if given is None:
        return 0
    order, last = timestamp_order(timestamp), timestamp_order(given)
    return sum(order < timestamp_order(one) <= last for one in choices)


class Overview:
    """The part of `Container` that only looks. It has the recipe, the folder under the local root, and the remote root if any.

    Args:
        recipe: the container's recipe, which may name its roots.
        settings: the settings of the user.
        environ: the caller's environment, without what an outer session has set.
        report: called with progress and warnings.

    Raises:
        UsageError: the recipe or the settings name a root that cannot be used.
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
        self.local = local_root(self.folder, report)
        self._storage = open_root(shared, environ) if shared else None

    @property
    def remote(self) -> PublishedRoot | None:
        """The container under the remote root, as it is from the next question on; None if there is no remote root."""
        if self._storage is None:
            return None
        from rezup_api.published.published_root import PublishedRoot  # without a remote root, nobody waits for it

        return PublishedRoot(self._storage, self.name, self.environ, self.report)

    @property
    def name(self) -> str:
        """The container's name."""
        return self.recipe.container

    @property
    def exists(self) -> bool:
        """Whether the container has a folder under the local root."""
        return os.path.isdir(self.folder.path)

    def revisions(self) -> list[Revision]:
        """The revisions under the local root, newest first, ready or not."""
        return list(newest_first(self.folder))

    def _selector(self, *, local: bool = False) -> Selector:
        return Selector(self.folder, None if local else self.remote, self.report)

    def published(self) -> str | None:
        """The timestamp that the remote root names; None if there is no remote root, or nothing was published there.

        Raises:
            NotFoundError: the remote root is pinned to a revision that it does not have.
            RemoteError: the remote root cannot be asked.
        """
        offer = self._selector().offer()
        return offer.timestamp if offer is not None else None

    def current(self) -> str | None:
        """The timestamp that `use` gives, whether the revision is built here or not; None if there is no revision.

        Raises:
            NotFoundError: a pin names a revision that does not exist.
            RemoteError: the remote root cannot be asked, and this machine has no revision to take instead.
        """
        selector = self._selector()
        selection = selector.select()
        if selection is None:
            return None
        published = selection.published
        failing = published is not None and (
            published.format > FORMAT
            or bool(ahead(selection.timestamp))
            or self.failure(selection.timestamp) is not None
        )
        return (selector.stand_in(selection.timestamp) if failing else None) or selection.timestamp

    def given(self, *, quiet: bool = True) -> str | None:
        """The timestamp that `use` gives; None if there is no revision, or if `use` would fail.

        Args:
            quiet: if false, report that error as a warning.
        """
        try:
            return self.current()
        except (NotFoundError, RemoteError, StorageError) as error:
            if not quiet:
                self.report(Warned(error.message))
            return None

    def failure(self, timestamp: str) -> Failure | None:
        """The failed builds of a published revision on this machine; None if none has failed."""
        from rezup_api.builder.failures import read_failure  # only a user with a remote root needs it

        return read_failure(self.folder, timestamp)

    def pins(self) -> tuple[Pin | None, Pin | None]:
        """The pins or rollbacks that hold: that of this machine, which decides, then that of the remote root; None for neither.

        Raises:
            StorageError: the pin of this machine is damaged.
            RemoteError: the remote root cannot be asked, or its pin is damaged.
        """
        selector = self._selector()
        return selector.pin_here(), selector.pin_there()

    def named(self) -> dict[str, str]:
        """The timestamps that the remote root's labels and its pin name, by label; empty if the remote root cannot be asked."""
        if self.remote is None:
            return {}
        try:
            pin = self._selector().pin_there()
            return {**self.remote.labels(), **({PIN: pin.timestamp} if pin is not None else {})}
        except RemoteError:
            return {}

    def labels(self) -> dict[str, str]:
        """The timestamps of all labels that `NAME@LABEL` accepts. If both roots have a label, that of this machine counts.

        Raises:
            RemoteError: the remote root cannot be asked.
        """
        published = self.remote.labels() if self.remote is not None else {}
        return {**published, **self.local.labels()}

    def newest(self, *, local: bool = False) -> str | None:
        """The timestamp of the newest revision, whether `use` gives it or not; None if there is none.

        Args:
            local: do not ask the remote root.
        """
        return self._selector(local=local).newest()

    def is_published(self) -> bool:
        """Whether the container is published. True also if the remote root cannot be asked: then users must say which root."""
        try:
            return self.published() is not None
        except (NotFoundError, RemoteError):
            return True

    def needed_remote(self, doing: str) -> PublishedRoot:
        """The container under the remote root, for acts that need one.

        Args:
            doing: words that complete the message "NAME has no remote root to ...".

        Raises:
            RemoteError: there is no remote root.
        """
        if self.remote is None:
            raise RemoteError(
                f"{self.name} has no remote root to {doing}", "set root.remote in its recipe, or REZUP_ROOT_REMOTE"
            )
        return self.remote

    def summary(self) -> ContainerSummary:
        """Describe the container in one row. A root that cannot be asked, or a broken pin, is reported as a warning."""
        return self._summary(self.revisions(), self.given(quiet=False), self._offered())

    def _summary(self, revisions: list[Revision], given: str | None, offer: Selection | None) -> ContainerSummary:
        from rezup_api.status import summary  # launches do not need it

        remote = self.remote.place if self.remote is not None else None
        path = str(self.folder.path)
        published = offer.timestamp if offer is not None else None
        note = self._note(offer)
        return summary(self.name, path, remote, published=published, given=given, revisions=revisions, note=note)

    def _note(self, offer: Selection | None) -> str:
        """What an admin should know of the container without asking for it; empty if there is nothing."""
        notes, published = [], offer.timestamp if offer is not None else None
        shared = self.remote is not None
        places = (" on this machine", " for the whole studio") if shared else ("", "")
        with suppress(RemoteError, StorageError, NotFoundError):
            for pin, where in zip(self.pins(), places, strict=True):
                if pin is not None:
                    notes.append(f"{'rolled back' if pin.is_rollback else 'pinned'}{where}")
        metadata = offer.published if offer is not None else None
        if metadata is not None and metadata.format > FORMAT:
            notes.append(f"{published} needs rezup {metadata.rezup_version} or newer")
        elif published is not None and self.failure(published) is not None:
            notes.append(f"{published} cannot be built here")
        return ", ".join(notes)

    def _offered(self) -> Selection | None:
        """What the remote root names; None also if that cannot be asked, about which `given` has warned."""
        try:
            return self._selector().offer()
        except (NotFoundError, RemoteError, StorageError):
            return None

    def status(self) -> ContainerStatus:
        """Describe the container and all its revisions on this machine. If a root cannot be asked, warn the user.

        Raises:
            NotFoundError: the container does not exist.
            StorageError: the local root cannot be read.
        """
        from rezup_api.maintenance.holders import holders  # launches do not need it
        from rezup_api.status import ContainerStatus, revision_status

        revisions, given, offer = self.revisions(), self.given(quiet=False), self._offered()
        published = offer.timestamp if offer is not None else None
        if not revisions and given is None and self.name != DEFAULT_CONTAINER:
            raise NotFoundError(f"there is no container {self.name}", f"make it: rezup add {self.name}")
        used = [holder.revision for holder in holders(revisions)]
        labels = self._known_labels()
        return ContainerStatus(
            summary=self._summary(revisions, given, offer),
            failure=self.failure(published) if published else None,
            why=self._why(given, published),
            labels=labels,
            revisions=tuple(revision_status(one, given, used.count(str(one)), labels) for one in revisions),
        )

    def _known_labels(self) -> dict[str, str]:
        """The labels with their timestamps; only those of this machine if the remote root cannot be asked (`given` warns)."""
        try:
            return self.labels()
        except RemoteError:
            return self.local.labels()

    def _why(self, given: str | None, published: str | None) -> str:
        """Why `use` gives the revision that it gives; empty if that is simply the newest of this machine."""
        try:
            places = ((" on this machine", " --local"), (" for the whole studio", " --remote"))
            for pin, told in zip(self.pins(), places, strict=True):
                if pin is not None and pin.timestamp == given:
                    place, option = told if self.remote is not None else ("", "")
                    if pin.is_rollback:
                        return f"rolled back to it{place}, until the next `add`"
                    return f"pinned to it{place}, until: rezup unpin {self.name}{option}"
        except (RemoteError, StorageError):
            return ""  # `given` has reported it
        return "the newest that is published" if given is not None and given == published else ""

    def history(self) -> list[Recorded]:
        """What users did to the container on this machine and on its remote root, newest first.

        If the remote root cannot be asked, warn the user, and list the acts of this machine.

        Raises:
            NotFoundError: the container does not exist.
            StorageError: the local root cannot be read.
        """
        from datetime import datetime

        acts = [Recorded("local", act) for act in self.local.history()]
        try:
            acts += [Recorded("remote", act) for act in self.remote.history()] if self.remote else []
        except RemoteError as error:
            self.report(Warned(error.message))
        if not acts and not self.exists:
            raise NotFoundError(f"there is no container {self.name}", f"make it: rezup add {self.name}")
        return sorted(acts, key=lambda one: datetime.fromisoformat(one.act.when), reverse=True)

    def sessions(self) -> list[RunningSession]:
        """The sessions that run in any revision of the container on this machine; on Linux only, see `can_tell`."""
        from dataclasses import replace

        from rezup_api.maintenance.running import running_sessions  # launches do not need it

        found = running_sessions(self.revisions())
        given, choices = (self.given(), self.choices()) if found else (None, [])
        return [replace(one, behind=behind(one.revision.timestamp, choices, given)) for one in found]

    def choices(self) -> list[str]:
        """The timestamps of the revisions among which `use` chooses."""
        try:
            # If the remote root decides, revisions that were made for this machine alone do not count.
            remote = self.remote
            if remote is not None and self.published() is not None:
                return remote.timestamps()
        except (NotFoundError, RemoteError, StorageError):
            pass
        return [revision.timestamp for revision in self.revisions() if revision.ready]
