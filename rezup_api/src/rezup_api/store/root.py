"""One container under one root, local or remote: the acts on its names.

The revisions of a local root hold environments, which `revision` and `layout` know; here is what both kinds of root have: the
list of revisions, their documents, pin, labels and history. What `use NAME` gives is decided in `selection`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from rezup_api.errors import RemoteError, StorageError
from rezup_api.events import Reporter, Warned
from rezup_api.recipe.location import is_container
from rezup_api.storage.folder import FolderStorage
from rezup_api.store.history import HISTORY, MAKING, SUFFIX, act_name, act_of_making, newest_acts_first, parse_act
from rezup_api.store.labels import LABELS, PIN, PUBLISHED, parse_label, parse_timestamps
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, WHEELS, lock_name
from rezup_api.store.metadata import FORMAT, parse_metadata
from rezup_api.store.names import is_label, newest_first_names, next_timestamp
from rezup_api.store.pin import parse_pin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from rezup_api.storage.interface import Storage, Witness
    from rezup_api.store.history import Act
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.metadata import Metadata
    from rezup_api.store.pin import Pin

Parsed = TypeVar("Parsed")
REVISIONS = "revisions"
REPUBLISH = "ask who published it to publish again"


class ContainerRoot:
    """One container under one root. Every method raises the storage's `failure` where the root cannot be reached or read.

    Args:
        storage: the root.
        name: the container's name.
    """

    def __init__(self, storage: Storage, name: str) -> None:
        self.storage = storage
        self.name = name

    @property
    def place(self) -> str:
        """Where the root is, for people."""
        return self.storage.place

    def exists(self) -> bool:
        """Whether the root has the container."""
        return self.name in list_containers(self.storage)

    def timestamps(self) -> list[str]:
        """The revisions, newest first, ready or not."""
        return newest_first_names(self.storage.names(f"{self.name}/{REVISIONS}"))

    def newest(self) -> tuple[str, Metadata] | None:
        """The newest revision that is complete, with its metadata; None when there is none."""
        for timestamp in self.timestamps():
            metadata = self.metadata(timestamp)
            if metadata is not None:
                return timestamp, metadata
        return None

    def metadata(self, timestamp: str) -> Metadata | None:
        """What is recorded of a revision; None while it is not complete."""
        return self._parsed(self._file(timestamp, METADATA_FILE), parse_metadata, REPUBLISH)

    def recipe(self, timestamp: str) -> str:
        """The text of a revision's recipe."""
        name = self._file(timestamp, RECIPE_FILE)
        text = self._parsed(name, lambda data: data.decode("utf-8"), REPUBLISH)
        if text is None:
            raise self.storage.failure(f"{self.storage.locate(name)} is not there", REPUBLISH)
        return text

    def locks(self, timestamp: str) -> dict[str, str]:
        """The texts of a revision's locks, by the names of their files; empty for none."""
        begin, _, end = lock_name("*").partition("*")
        names = sorted(
            name
            for name in self.storage.names(f"{self.name}/{REVISIONS}/{timestamp}")
            if name.startswith(begin) and name.endswith(end)
        )
        texts = {name: self._parsed(self._file(timestamp, name), lambda data: data.decode("utf-8")) for name in names}
        return {name: text for name, text in texts.items() if text is not None}

    def wheels(self, timestamp: str) -> list[str]:
        """The files of the wheels beside a revision's locks, sorted."""
        names = self.storage.names(f"{self.name}/{REVISIONS}/{timestamp}/{WHEELS}")
        return sorted(name for name in names if name.endswith(".whl"))

    def fetch_wheel(self, timestamp: str, wheel: str, target: Path) -> None:
        """Copy one of the wheels to a path of this machine, piece by piece."""
        name = self._file(timestamp, f"{WHEELS}/{wheel}")
        with open(target, "wb") as stream:
            while piece := self.storage.get_part(name, stream.tell()):
                stream.write(piece)

    def publish(self, files: Mapping[str, bytes | Path], newest: str | None = None) -> str:
        """Publish a revision, which appears whole.

        Args:
            files: its files by their names in the revision's folder.
            newest: a timestamp that the new one must be greater than, besides all that are there.

        Returns:
            Its timestamp.
        """
        prefix = f"{self.name}/{REVISIONS}"
        return self.storage.append(prefix, files, lambda names: next_timestamp(names, newest))

    def check_writable(self) -> None:
        """Raise where this user cannot publish a revision, before one is built."""
        self.storage.check_writable(f"{self.name}/{REVISIONS}")

    def remove(self, timestamp: str | None = None) -> None:
        """Remove a revision, or the whole container, in one step."""
        self.storage.delete_below(self.name if timestamp is None else f"{self.name}/{REVISIONS}/{timestamp}")

    def label(self, label: str) -> str | None:
        """The timestamp that a label holds; None where there is no such label."""
        return self._parsed(self._label(label), parse_label)

    def labels(self) -> dict[str, str]:
        """All labels with their timestamps, sorted by name, without those that are damaged."""
        files = {self._label(name): name for name in filter(is_label, self.storage.names(f"{self.name}/{LABELS}"))}
        found = {}
        for name, data in self.storage.get_many(sorted(files)).items():
            with suppress(ValueError):
                found[files[name]] = parse_label(data)
        return found

    def pin(self) -> Pin | None:
        """The pin or rollback, in force or over; None where there is none."""
        return self._parsed(self._label(PIN), parse_pin)

    def set_label(self, label: str, text: str) -> None:
        """Let a label, or the pin, hold something else, in one step."""
        self.storage.put(self._label(label), text.encode("utf-8"))

    def remove_label(self, label: str) -> bool:
        """Remove a label, or the pin; False where there is none."""
        return self.storage.delete(self._label(label))

    def named(self) -> dict[str, list[str]]:
        """Which revisions are named, and why they therefore stay: "pinned", "rolled back to", "labelled staging"."""
        named: dict[str, list[str]] = {}
        pin = self.pin()
        if pin is not None:
            named.setdefault(pin.timestamp, []).append("rolled back to" if pin.is_rollback else "pinned")
        for label, timestamp in self.labels().items():
            named.setdefault(timestamp, []).append(f"labelled {label}")
        return named

    def remember_published(self, timestamp: str, withdrawn: Sequence[str] = ()) -> None:
        """Keep in mind, under a local root, what the remote root names; nothing happens where that cannot be written.

        Args:
            withdrawn: what was withdrawn there, so that nothing falls back to it when the remote root does not answer.
        """
        if self.published() != (timestamp, tuple(withdrawn)):
            with suppress(StorageError, RemoteError):
                self.set_label(PUBLISHED, "".join(f"{line}\n" for line in (timestamp, *withdrawn)))

    def published(self) -> tuple[str | None, tuple[str, ...]]:
        """What `remember_published` kept: the revision, None when nothing is known of it, and those that were withdrawn."""
        try:
            lines = self._parsed(self._label(PUBLISHED), parse_timestamps) or []
        except (StorageError, RemoteError):
            lines = []
        return (lines[0], tuple(lines[1:])) if lines else (None, ())

    def acts(self) -> list[Act]:
        """The recorded acts, newest first, without those that are damaged."""
        folder = f"{self.name}/{HISTORY}"
        names = [name for name in self.storage.names(folder) if name.endswith(SUFFIX) and not name.startswith(".")]
        found = []
        for data in self.storage.get_many(f"{folder}/{name}" for name in sorted(names, reverse=True)).values():
            with suppress(ValueError):
                found.append(parse_act(data.decode("utf-8")))
        return newest_acts_first(found)

    def history(self) -> list[Act]:
        """The recorded acts, and those by which the other revisions came here, as their metadata tells; newest first.

        Revisions of rezup 1.x and 2.x have no recorded act, nor has one whose maker was killed before it could write it.
        """
        acts = self.acts()
        told = {act.revision for act in acts if act.act in MAKING}
        files = {self._file(one, METADATA_FILE): one for one in self.timestamps() if one not in told}
        for name, data in self.storage.get_many(files).items():
            with suppress(ValueError):
                acts.append(act_of_making(files[name], parse_metadata(data)))
        return newest_acts_first(acts)

    def record(self, act: Act, report: Reporter) -> None:
        """Record an act that is done; where it cannot be written down, the user is warned.

        Args:
            report: told what went wrong.
        """
        try:
            self.storage.put(f"{self.name}/{HISTORY}/{act_name(act)}", act.to_json().encode("utf-8"))
        except (StorageError, RemoteError) as error:
            report(Warned(f"it is done, but cannot be written into the history: {error.message}"))

    def witness(self, labels: Iterable[str], timestamps: Sequence[str] | None = None) -> Witness:
        """What changes when any of this changes: the labels, the metadata of the revisions, and which revisions there are.

        Args:
            timestamps: None where the list of revisions does not matter.
        """
        names = [self._label(label) for label in labels]
        if timestamps is None:
            return self.storage.witness(names)
        records = [self._file(timestamp, METADATA_FILE) for timestamp in timestamps]
        return self.storage.witness([f"{self.name}/{REVISIONS}", *names, *records], complete=bool(records))

    def _label(self, label: str) -> str:
        return f"{self.name}/{LABELS}/{label}"

    def _file(self, timestamp: str, name: str) -> str:
        return f"{self.name}/{REVISIONS}/{timestamp}/{name}"

    def _parsed(
        self, name: str, parse: Callable[[bytes], Parsed], hint: str = "remove it, or set it anew"
    ) -> Parsed | None:
        """What a file holds; None where there is none.

        Args:
            hint: what to do where it is damaged.
        """
        data = self.storage.get(name)
        if data is None:
            return None
        try:
            return parse(data)
        except ValueError as error:
            raise self.storage.failure(f"{self.storage.locate(name)} is damaged: {error}", hint) from error


def local_root(folder: ContainerFolder) -> ContainerRoot:
    """A container under its local root."""
    return ContainerRoot(FolderStorage(folder.root), folder.name)


def list_containers(storage: Storage) -> list[str]:
    """The containers under a root, sorted; empty when the root does not exist.

    A folder without `revisions` in it is no container: a build that failed may have left it.

    Raises:
        StorageError, RemoteError: the root cannot be read, or is a file.
    """
    return sorted(filter(is_container, storage.names("", holding=REVISIONS)))


def check_format(metadata: Metadata, what: str) -> None:
    """Refuse a revision that a newer rezup has laid out.

    Raises:
        RemoteError: it is of a newer format.
    """
    if metadata.format > FORMAT:
        raise RemoteError(
            f"{what} is of format {metadata.format}, which this rezup does not know",
            f"it needs rezup {metadata.rezup_version} or newer",
        )
