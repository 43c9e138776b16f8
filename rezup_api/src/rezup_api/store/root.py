"""Read and change one container under one root, local or remote, by the names of its files.

This module serves what both kinds of root have: the list of revisions, their documents, the pin, the labels and the history. Only
under a local root do revisions hold environments, which `store.revision` and `store.layout` know. The package `selection` decides
which revision `use NAME` gives.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from rezup_api.errors import RemoteError, StorageError
from rezup_api.events import Reporter, Warned, silent
from rezup_api.recipe.location import is_container
from rezup_api.storage.folder import FolderStorage
from rezup_api.store.history import HISTORY, MAKING, SUFFIX, act_name, act_of_making, newest_acts_first, parse_act
from rezup_api.store.labels import GIVEN, LABELS, PIN, PUBLISHED, parse_label, parse_timestamps
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, REVISIONS, WHEELS, lock_name
from rezup_api.store.metadata import FORMAT, parse_metadata
from rezup_api.store.names import is_label, newest_first_names
from rezup_api.store.pin import parse_pin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rezup_api.storage.interface import Storage, Witness
    from rezup_api.store.history import Act
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.metadata import Metadata
    from rezup_api.store.pin import Pin

Parsed = TypeVar("Parsed")
REPUBLISH = "ask who published it to publish again"


class ContainerRoot:
    """One container under one root.

    Every method raises the storage's `failure` (StorageError or RemoteError) if the root cannot be reached, read or written, and
    also if a file that the method needs is damaged.

    Args:
        storage: the storage of the root.
        name: the container's name.
        report: called with the warnings that the user should see.
    """

    def __init__(self, storage: Storage, name: str, report: Reporter = silent) -> None:
        self.storage = storage
        self.name = name
        self._report = report

    @property
    def place(self) -> str:
        """The address of the root, for messages."""
        return self.storage.place

    def exists(self) -> bool:
        """Whether the root has the container."""
        return self.name in list_containers(self.storage)

    def timestamps(self) -> list[str]:
        """The timestamps of all revisions, newest first, complete or not."""
        return newest_first_names(self.storage.names(f"{self.name}/{REVISIONS}"))

    def newest(self) -> tuple[str, Metadata] | None:
        """The timestamp and the metadata of the newest complete revision; None if there is none."""
        for timestamp in self.timestamps():
            metadata = self.metadata(timestamp)
            if metadata is not None:
                return timestamp, metadata
        return None

    def metadata(self, timestamp: str) -> Metadata | None:
        """The metadata of a revision; None while the revision is incomplete."""
        return self._parsed(self._file(timestamp, METADATA_FILE), parse_metadata, REPUBLISH)

    def text(self, timestamp: str, file: str) -> str | None:
        """The text of a file of a revision; None if the revision has no such file."""
        return self._parsed(self._file(timestamp, file), lambda data: data.decode("utf-8"), REPUBLISH)

    def files(self, timestamp: str, folder: str = "") -> list[str]:
        """The names of a revision's files in one of its folders, sorted; `folder` is empty for the revision's own."""
        below = f"/{folder}" if folder else ""
        return sorted(self.storage.names(f"{self.name}/{REVISIONS}/{timestamp}{below}"))

    def recipe(self, timestamp: str) -> str:
        """The text of a revision's recipe. A revision without one raises the storage's `failure`."""
        text = self.text(timestamp, RECIPE_FILE)
        if text is None:
            where = self.storage.locate(self._file(timestamp, RECIPE_FILE))
            raise self.storage.failure(f"{where} is not there", REPUBLISH)
        return text

    def locks(self, timestamp: str) -> dict[str, str]:
        """The texts of a revision's locks, by the names of their files; empty if the revision has no locks."""
        begin, _, end = lock_name("*").partition("*")
        names = [name for name in self.files(timestamp) if name.startswith(begin) and name.endswith(end)]
        texts = {name: self.text(timestamp, name) for name in names}
        return {name: text for name, text in texts.items() if text is not None}

    def wheels(self, timestamp: str) -> list[str]:
        """The names of the wheels that are published with a revision, sorted."""
        return [name for name in self.files(timestamp, WHEELS) if name.endswith(".whl")]

    def fetch_wheel(self, timestamp: str, wheel: str, target: Path) -> bool:
        """Copy a published wheel to the file `target` of this machine, piece by piece; False if it is not there."""
        name = self._file(timestamp, f"{WHEELS}/{wheel}")
        piece = self.storage.get_part(name, 0)
        if piece is None:
            return False
        with open(target, "wb") as stream:
            while piece:
                stream.write(piece)
                piece = self.storage.get_part(name, stream.tell())
        return True

    def label(self, label: str) -> str | None:
        """The timestamp that a label holds; None if the label does not exist."""
        return self._parsed(self._label(label), parse_label, self._way_out(f"untag {self.name} {label}"))

    def labels(self) -> dict[str, str]:
        """All labels with their timestamps, sorted by name. Damaged ones are left out."""
        files = {self._label(name): name for name in filter(is_label, self.storage.names(f"{self.name}/{LABELS}"))}
        found = {}
        for name, data in self.storage.get_many(sorted(files)).items():
            with suppress(ValueError):
                found[files[name]] = parse_label(data or b"")
        return found

    def pin(self) -> Pin | None:
        """The pin or rollback, even a rollback that has ended; None if there is neither."""
        return self._parsed(self._label(PIN), parse_pin, self._way_out(f"unpin {self.name}"))

    def set_pin(self, pin: Pin | None, act: Act) -> None:
        """Write the pin, or remove it if `pin` is None; then record the act."""
        self._write(PIN, pin.to_text() if pin is not None else "")
        self.record(act)

    def set_label(self, label: str, timestamp: str, act: Act) -> None:
        """Let a label name a revision, or remove the label if `timestamp` is empty; then record the act."""
        self._write(label, f"{timestamp}\n" if timestamp else "")
        self.record(act)

    def _write(self, label: str, text: str) -> None:
        """Write the file of a label or of the pin in one step; remove it if the text is empty."""
        if text:
            self.storage.put(self._label(label), text.encode("utf-8"))
        else:
            self.storage.delete(self._label(label))

    def named(self) -> dict[str, list[str]]:
        """Why a cleanup must keep revisions, by timestamp: "pinned", "rolled back to", "labelled staging"."""
        named: dict[str, list[str]] = {}
        pin = self.pin()
        if pin is not None:
            named.setdefault(pin.timestamp, []).append("rolled back to" if pin.is_rollback else "pinned")
        for label, timestamp in self.labels().items():
            named.setdefault(timestamp, []).append(f"labelled {label}")
        return named

    def remember_published(self, timestamp: str, withdrawn: Sequence[str] = ()) -> None:
        """Note under a local root which revision the remote root names. A user who cannot write there notes nothing.

        Args:
            timestamp: the revision that the remote root names.
            withdrawn: the revisions that users have gone back from there, so that `use` does not fall back to one of them when
                the remote root does not answer.
        """
        # Read before writing: this runs at launches, and hardly any launch finds something new.
        if self.published() != (timestamp, tuple(withdrawn)):
            with suppress(StorageError, RemoteError):
                self._write(PUBLISHED, "".join(f"{line}\n" for line in (timestamp, *withdrawn)))

    def forget_published(self) -> None:
        """Remove the note that `remember_published` has made: `use` then no longer expects the remote root to name a revision."""
        self._write(PUBLISHED, "")

    def published(self) -> tuple[str | None, tuple[str, ...]]:
        """What `remember_published` noted: the revision, None if there is no readable note, and the withdrawn revisions."""
        try:
            lines = self._parsed(self._label(PUBLISHED), parse_timestamps, "") or []
        except (StorageError, RemoteError):
            lines = []
        return (lines[0], tuple(lines[1:])) if lines else (None, ())

    def given(self) -> str | None:
        """The revision that `remember_given` has noted last; None if there is no readable note."""
        try:
            return self._parsed(self._label(GIVEN), parse_label, "")
        except (StorageError, RemoteError):
            return None

    def remember_given(self, timestamp: str) -> bool:
        """Note under a local root which revision plain `use NAME` has given; False if it cannot be written."""
        try:
            self._write(GIVEN, f"{timestamp}\n")
        except (StorageError, RemoteError):
            return False
        return True

    def acts(self) -> list[Act]:
        """The recorded acts, newest first. Damaged records are left out."""
        folder = f"{self.name}/{HISTORY}"
        names = [name for name in self.storage.names(folder) if name.endswith(SUFFIX) and not name.startswith(".")]
        found = []
        for data in self.storage.get_many(f"{folder}/{name}" for name in sorted(names, reverse=True)).values():
            with suppress(ValueError):
                found.append(parse_act(data or b""))
        return newest_acts_first(found)

    def history(self) -> list[Act]:
        """The recorded acts, and for each revision without one the act by which it was made, from its metadata; newest first.

        Revisions of rezup 1.x and 2.x have no recorded act. The same holds for a revision whose maker was killed before it could
        record the act.
        """
        acts = self.acts()
        told = {act.revision for act in acts if act.act in MAKING}
        files = {self._file(one, METADATA_FILE): one for one in self.timestamps() if one not in told}
        for name, data in self.storage.get_many(files).items():
            with suppress(ValueError):
                acts.append(act_of_making(files[name], parse_metadata(data or b"")))
        return newest_acts_first(acts)

    def record(self, act: Act) -> None:
        """Record an act that has been done. If the record cannot be written, warn the user instead of raising."""
        try:
            self.storage.put(f"{self.name}/{HISTORY}/{act_name(act)}", act.to_json().encode("utf-8", "replace"))
        except (StorageError, RemoteError) as error:
            self._report(Warned(f"it is done, but cannot be written into the history: {error.message}"))

    def witness(
        self, labels: Iterable[str], timestamps: Sequence[str] | None = None, others: Sequence[str] = ()
    ) -> Witness:
        """The files whose stamps change when a label, the metadata of a revision, or the list of revisions changes.

        Args:
            labels: the labels that matter; the pin is one of them.
            timestamps: the revisions whose metadata matters, in addition to the list of revisions; None if that list does not
                matter either.
            others: further names in the storage that matter.
        """
        names = [self._label(label) for label in labels]
        if timestamps is None:
            return self.storage.witness(names)
        records = [self._file(timestamp, METADATA_FILE) for timestamp in timestamps]
        return self.storage.witness([f"{self.name}/{REVISIONS}", *names, *records, *others], complete=bool(records))

    def _label(self, label: str) -> str:
        return f"{self.name}/{LABELS}/{label}"

    def _file(self, timestamp: str, name: str) -> str:
        return f"{self.name}/{REVISIONS}/{timestamp}/{name}"

    def _way_out(self, verb: str) -> str:
        return f"remove it: rezup {verb} {'--remote' if self.storage.failure is RemoteError else '--local'}"

    def _parsed(self, name: str, parse: Callable[[bytes], Parsed], hint: str) -> Parsed | None:
        """The parsed content of a file; None if the file does not exist.

        Args:
            hint: what the user can do if the file is damaged.
        """
        data = self.storage.get(name)
        if data is None:
            return None
        try:
            return parse(data)
        except ValueError as error:
            raise self.storage.failure(
                f"{self.storage.locate(name)} is damaged: {error}", hint, damaged=True
            ) from error


def local_root(folder: ContainerFolder, report: Reporter = silent) -> ContainerRoot:
    """The container of a local folder."""
    return ContainerRoot(FolderStorage(folder.root), folder.name, report)


def list_containers(storage: Storage) -> list[str]:
    """The names of the containers under a root, sorted; empty if a local root does not exist.

    A folder without `revisions` in it is not a container: a failed build may have left it.

    Raises:
        StorageError, RemoteError: the root cannot be read, or is a file; or a remote root does not exist.
    """
    return sorted(filter(is_container, storage.names("", holding=REVISIONS)))


def check_format(metadata: Metadata, what: str) -> None:
    """Refuse a published revision whose format only a newer rezup knows.

    Args:
        what: the revision and its root, for the message.

    Raises:
        RemoteError: the format is newer than `FORMAT`.
    """
    if metadata.format > FORMAT:
        raise RemoteError(
            f"{what} is of format {metadata.format}, which this rezup does not know",
            f"it needs rezup {metadata.rezup_version} or newer",
        )
