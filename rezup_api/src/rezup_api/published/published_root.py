"""Read and change one container under a remote root: by its log, or by the names of its files as long as it has no log.

A remote root has no log if only rezup 1.x, 2.x or an early rezup 3 has published there. The first change begins the log; what was
published before goes on to count. From then on, only revisions that the log names are published.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from rezup_api.disk.files import token
from rezup_api.errors import BusyError, InstallError, NotFoundError, RemoteError
from rezup_api.published.accepted import Accepted
from rezup_api.published.log import ATTEMPTS, LOG, Log, UndecidedError, decided_anew
from rezup_api.published.log_entry import Entry, make_entry
from rezup_api.published.manifest import MANIFEST, content_of, manifest_of
from rezup_api.published.published_state import Publication, State
from rezup_api.published.sealed_files import SealedFiles
from rezup_api.published.unlogged_root import UnloggedRoot
from rezup_api.store.history import newest_acts_first
from rezup_api.store.labels import LABELS
from rezup_api.store.layout import METADATA_FILE, REVISIONS, WHEELS
from rezup_api.store.metadata import parse_metadata
from rezup_api.store.names import ahead, newest_first_names, next_timestamp, timestamp_order
from rezup_api.store.root import REPUBLISH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rezup_api.errors import RezupError
    from rezup_api.events import Reporter
    from rezup_api.storage.interface import Storage, Witness
    from rezup_api.store.history import Act
    from rezup_api.store.metadata import Metadata
    from rezup_api.store.pin import Pin

# How many entries of a log are read for the history.
REACH = 1000


class PublishedRoot(UnloggedRoot):
    """One container under a remote root.

    An object reads the log once, when it is first asked, and answers from that: so all its answers fit together. An act that it
    is told to do fails with OutrunError if somebody has changed the container since.

    Args:
        storage: the storage of the remote root.
        name: the container's name.
        environ: the caller's environment; see `Accepted`.
        report: called with the warnings that the user should see.
    """

    def __init__(self, storage: Storage, name: str, environ: Mapping[str, str], report: Reporter) -> None:
        super().__init__(storage, name, report)
        self._accepted = Accepted(environ, storage.place, name)
        self._log = Log(storage, name, self._accepted, report)
        self._head: tuple[Entry | None] | None = None
        self._listed: dict[str, Publication] | None = None
        self._files: dict[tuple[str, type[RezupError]], SealedFiles] = {}

    def _entry(self) -> Entry | None:
        """The newest entry of the log; None if there is no log."""
        if self._head is None:
            self._head = (self._log.head(),)
        return self._head[0]

    def exists(self) -> bool:
        """Whether something is published."""
        entry = self._entry()
        return super().exists() if entry is None else not entry.state.dropped

    def dropped(self) -> Act | None:
        """The act by which the container was dropped; None if it was not."""
        entry = self._entry()
        return entry.act if entry is not None and entry.state.dropped else None

    def timestamps(self) -> list[str]:
        """The timestamps of the published revisions, newest first; see `publications`."""
        if self._entry() is None:
            return super().timestamps()
        return [one.timestamp for one in self.publications()]

    def publications(self) -> Iterator[Publication]:
        """The published revisions, newest first: those that the log names, then those that are older than the log."""
        entry = self._entry()
        if entry is None:
            yield from map(Publication, super().timestamps())
            return
        seen = set()
        for one in entry.state.recent:
            seen.add(one.timestamp)
            yield one
        # Some of the recent ones may have been removed, so there can be earlier ones however few there are. And revisions that
        # were removed later are still in the earlier entries, so ask what is there.
        there = newest_first_names(self.storage.names(f"{self.name}/{REVISIONS}"))
        left = set(there) - seen
        for one in self._log.earlier(entry):
            if one.timestamp in left:
                left.remove(one.timestamp)
                yield one
        before = entry.state.before
        yield from (
            Publication(one)
            for one in there
            if one in left and before and timestamp_order(one) <= timestamp_order(before)
        )

    def publication(self, timestamp: str) -> Publication | None:
        """How a revision was published; None if it is not published."""
        entry = self._entry()
        if entry is None:
            return Publication(timestamp)
        named = entry.state.named(timestamp)
        if named is None and self._listed is None:
            self._listed = {one.timestamp: one for one in self.publications()}
        return named or (self._listed or {}).get(timestamp)

    def newest(self) -> tuple[str, Metadata] | None:
        """The timestamp and the metadata of the newest revision; None if nothing is published."""
        entry = self._entry()
        if entry is None:
            return super().newest()
        newest = entry.state.present
        if newest is None:
            return None
        metadata = self.metadata(newest.timestamp)
        if metadata is None:
            raise RemoteError(
                f"{self.name}@{newest.timestamp} on {self.place} has lost its files", REPUBLISH, damaged=True
            )
        return newest.timestamp, metadata

    def newest_name(self) -> str | None:
        """The timestamp of the newest revision, even if a file of it is damaged; None if nothing is published."""
        entry = self._entry()
        if entry is None:
            return super().newest_name()
        return entry.state.present.timestamp if entry.state.present is not None else None

    def metadata(self, timestamp: str) -> Metadata | None:
        """The metadata of a revision; None if it is not published, or has been removed."""
        if self.publication(timestamp) is None:
            return None
        # What is damaged here cannot be chosen, as if the remote root did not answer; what is damaged below cannot be built.
        sealed = self._sealed(timestamp, RemoteError)
        if sealed is None:
            return super().metadata(timestamp)
        data = sealed.read(METADATA_FILE)
        return sealed.understood(METADATA_FILE, data, parse_metadata) if data is not None else None

    def _sealed(self, timestamp: str, damage: type[RezupError] = InstallError) -> SealedFiles | None:
        """The files of a revision; None if it is older than the log, which then cannot say what they must be."""
        if (timestamp, damage) not in self._files:
            publication = self._publication(timestamp)
            if not publication.manifest:
                return None
            files = SealedFiles(self.storage, self._folder(timestamp), publication.manifest, damage)
            self._files[timestamp, damage] = files
        return self._files[timestamp, damage]

    def text(self, timestamp: str, file: str) -> str | None:
        """The text of a file of a revision; None if the revision has no such file."""
        sealed = self._sealed(timestamp)
        if sealed is None:
            return super().text(timestamp, file)
        data = sealed.read(file)
        return sealed.understood(file, data, lambda data: data.decode("utf-8")) if data is not None else None

    def files(self, timestamp: str, folder: str = "") -> list[str]:
        """The names of a revision's files in one of its folders, sorted; `folder` is empty for the revision's own."""
        sealed = self._sealed(timestamp)
        if sealed is None:
            return super().files(timestamp, folder)
        return sorted(name.rpartition("/")[2] for name in sealed.contents if name.rpartition("/")[0] == folder)

    def fetch_wheel(self, timestamp: str, wheel: str, target: Path) -> bool:
        """Copy a published wheel to the file `target` of this machine; False if it is not there, an error if it is another."""
        there = super().fetch_wheel(timestamp, wheel, target)
        sealed, name = self._sealed(timestamp), f"{WHEELS}/{wheel}"
        if there and sealed is not None and content_of(target) != sealed.contents.get(name):
            raise sealed.altered(name)
        return there

    def pin(self) -> Pin | None:
        """The pin or rollback, even a rollback that has ended; None if there is neither."""
        entry = self._entry()
        return super().pin() if entry is None else entry.state.pin

    def label(self, label: str) -> str | None:
        """The timestamp that a label holds; None if the label does not exist."""
        return super().label(label) if self._entry() is None else self.labels().get(label)

    def labels(self) -> dict[str, str]:
        """All labels with their timestamps, sorted by name."""
        entry = self._entry()
        if entry is None:
            return super().labels()
        return {label: one.timestamp for label, one in entry.state.labels.items()}

    def acts(self) -> list[Act]:
        """The recorded acts, newest first: at most the last thousand of the log, and those that are older than the log."""
        entry = self._entry()
        logged = [one.act for one in self._log.below(entry, REACH)] if entry is not None else []
        return newest_acts_first([*logged, *super().acts()])

    def offer_witness(self, labels: Sequence[str], offered: str | None) -> Witness | None:
        """The files whose stamps change when the remote root may name another revision, or a label may move.

        Args:
            labels: the labels that matter; the pin is one of them.
            offered: the revision that the remote root names now; None if it names none.

        Returns:
            The files; None if stamps are not enough: a revision without a log that is incomplete may become complete without a
            change to the stamp of the folder above it.
        """
        if self._entry() is not None:
            accepted = [self._accepted.path] if self._accepted.path is not None else []
            return self.storage.witness([self._log.pointer, f"{self.name}/{LOG}"]).with_files(*accepted)
        newest = self.newest()
        if self.timestamps()[:1] != ([newest[0]] if newest is not None else []):
            return None
        wanted = {*([offered] if offered is not None else []), *([newest[0]] if newest is not None else [])}
        return self.witness(labels, sorted(wanted), (f"{self.name}/{LOG}",))

    def publish(self, files: Mapping[str, bytes | Path], newest: str | None, act: Callable[[str], Act]) -> str:
        """Publish a revision: its files appear in one step, and then an entry of the log makes them what is published.

        Args:
            files: the revision's files by their names in its folder: bytes, or a file of this machine to copy.
            newest: a timestamp that the new one must be greater than, in addition to those under the root.
            act: makes the act from the timestamp of the new revision.

        Returns:
            The timestamp of the new revision.
        """
        manifest = manifest_of(files)
        sealed = {MANIFEST: manifest, **files}
        digest = hashlib.sha256(manifest).hexdigest()
        for _ in range(ATTEMPTS):
            last = self.state().newest
            # The folder of the last publication may have been removed since, so the names that are there are not enough.
            known = [*([newest] if newest is not None else []), *([last.timestamp] if last is not None else [])]
            greatest = max(known, key=timestamp_order, default=None)
            # The storage asks for the timestamp at the moment when the files appear, and again if another machine was faster.
            follow = partial(next_timestamp, newest=greatest)
            timestamp = self.storage.append(f"{self.name}/{REVISIONS}", sealed, follow)
            try:
                if self._publish(timestamp, digest, act(timestamp)):
                    return timestamp
            except UndecidedError:
                raise  # it may be published, and then machines need the files
            except BaseException:
                # rezup 2.x takes what lies in the folder for published.
                self._remove_files(timestamp)
                raise
            self._remove_files(timestamp)
        raise BusyError(f"others keep changing {self.name} on {self.place}", "try again")

    def _publish(self, timestamp: str, manifest: str, act: Act) -> bool:
        """Create the entry of a publication; False if there is a greater timestamp meanwhile."""

        def attempt() -> bool:
            self._head = None
            last = self.last()
            if last is not None and timestamp_order(last.timestamp) >= timestamp_order(timestamp):
                return False
            self._commit(act, lambda state, number: state.with_publication(Publication(timestamp, manifest, number)))
            return True

        return decided_anew(attempt)

    def set_pin(self, pin: Pin | None, act: Act) -> None:
        """Set the pin, or remove it if `pin` is None."""
        pinned = self._publication(pin.timestamp) if pin is not None else None
        self._commit(act, lambda state, _: state.with_pin(pin, pinned), replaces_pin=True)

    def set_label(self, label: str, timestamp: str, act: Act) -> None:
        """Let a label name a revision, or remove the label if `timestamp` is empty."""
        one = self._publication(timestamp) if timestamp else None
        self._commit(act, lambda state, _: state.with_label(label, one))

    def remove(self, timestamps: Sequence[str], act: Act) -> list[str]:
        """Remove revisions from the log, and then their files; those whose files stay, and which are there as before."""
        self._commit(act, lambda state, _: state.without(timestamps), removed=timestamps)
        return [timestamp for timestamp in timestamps if not self._remove_files(timestamp)]

    def drop(self, act: Act) -> bool:
        """Remove everything that is published, but for the log; whether all files went, too."""
        last = self.state(replaces_pin=True).newest
        self._commit(act, lambda state, _: state.emptied(anew=last is not None and bool(ahead(last.timestamp))))
        try:  # the container is gone for everybody now, and files that stay harm nobody
            for name in {REVISIONS, LABELS}.intersection(self.storage.names(self.name)):
                self.storage.delete_below(f"{self.name}/{name}")
        except RemoteError:
            return False
        return True

    def _publication(self, timestamp: str) -> Publication:
        one = self.publication(timestamp)
        if one is None:
            raise NotFoundError(f"{self.name}@{timestamp} is not published", f"see what is: rezup status {self.name}")
        return one

    def _commit(
        self,
        act: Act,
        change: Callable[[State, int], State],
        *,
        removed: Sequence[str] = (),
        replaces_pin: bool = False,
    ) -> None:
        """Create the next entry of the log.

        Args:
            act: the act.
            change: computes the new state from the present one and the number of the new entry.
            removed: the timestamps of the revisions that the act removes.
            replaces_pin: whether it does not matter if the present pin is damaged.

        Raises:
            OutrunError: somebody has changed the container since this object has read the log.
            RemoteError: the entry cannot be created.
        """
        head = self._entry()
        state = change(self.state(replaces_pin=replaces_pin), number := self._log.place_for_next(head))
        log = head.log if head is not None else token() + token()
        try:
            entry = make_entry(
                head, number, state, act, log=log, container=self.name, identity=token() + token(), removed=removed
            )
        except ValueError as error:
            raise RemoteError(
                f"cannot write this into the log of {self.name}: {error}",
                f"shorten the message, or remove labels: rezup untag {self.name} LABEL",
            ) from error
        self._log.append(entry)
        self._head, self._listed = (entry,), None

    def state(self, *, replaces_pin: bool = False) -> State:
        """What is published; without a log, what the files say."""
        entry = self._entry()
        if entry is not None:
            return entry.state
        return super().state(replaces_pin=replaces_pin)
