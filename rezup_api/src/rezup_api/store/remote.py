"""Remote roots: where a studio publishes recipes and metadata, never environments.

`Remote` is all that selection and pulling ask of one; `PathRemote` is a folder that all machines see. A consumer only reads.
"""

from __future__ import annotations

import os
import pickle
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rezup_api.disk.files import write_whole
from rezup_api.disk.staging import staged, sweep
from rezup_api.errors import RemoteError, StorageError
from rezup_api.netfs import reader
from rezup_api.netfs.mounts import may_hang
from rezup_api.store.history import Act, read_history, write_act
from rezup_api.store.labels import label_file, labels_of, read_label, remove_label, write_label
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, WHEELS, ContainerFolder, container_names, lock_name
from rezup_api.store.metadata import FORMAT, Metadata, parse_metadata
from rezup_api.store.pin import Pin, read_pin
from rezup_api.store.revision import appear_next

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

REPUBLISH = "ask who published it to publish again"
WAY_OUT = "check that it is mounted, or work with what is on this machine: --local"
Found = TypeVar("Found")
# Bytes that are read of a share at once.
PIECE = 1 << 20
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Watched:
    """What a selection depends on.

    Args:
        files: files and folders, by their stamps.
        present: folders that only have to be there.
        mounted: folders at which another file system may be mounted meanwhile.
    """

    files: tuple[Path, ...] = ()
    present: tuple[Path, ...] = ()
    mounted: tuple[Path, ...] = ()


class Remote(Protocol):
    """What is asked of a remote root. Every method raises RemoteError when the root cannot be reached or read."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def containers(self) -> list[str]:
        """The names of the containers published there."""

    def timestamps(self, container: str) -> list[str]:
        """The revisions of a container, newest first, ready or not."""

    def metadata(self, container: str, timestamp: str) -> Metadata | None:
        """What is recorded of a revision; None when it is not ready."""

    def recipe(self, container: str, timestamp: str) -> str:
        """The text of its recipe."""

    def label(self, container: str, label: str) -> str | None:
        """The timestamp that a label holds there; None where there is no such label."""

    def labels(self, container: str) -> dict[str, str]:
        """All labels there, with their timestamps."""

    def pin(self, container: str) -> Pin | None:
        """The pin or rollback there, in force or over; None where there is none."""

    def history(self, container: str) -> list[Act]:
        """What was done to the container there, newest first."""

    def write_label(self, container: str, label: str, text: str) -> None:
        """Let a label, or the pin, hold something else, in one step."""

    def remove_label(self, container: str, label: str) -> bool:
        """Remove a label, or the pin; False where there is none."""

    def record(self, container: str, act: Act) -> None:
        """Write down what was done."""

    def remove(self, container: str, timestamp: str | None = None) -> None:
        """Remove a revision, or the whole container, in one step."""

    def watched(self, container: str, labels: Iterable[str], timestamps: Iterable[str]) -> Watched:
        """The files by which one sees that any of this, or which revisions there are, has changed."""

    def check_writable(self, container: str) -> None:
        """Raise RemoteError where this user cannot publish a revision of the container."""

    def locks(self, container: str, timestamp: str) -> dict[str, str]:
        """The texts of its locks, by the names of their files; empty for none."""

    def wheels(self, container: str, timestamp: str) -> list[str]:
        """The files of the wheels that lie beside its locks."""

    def fetch_wheel(self, container: str, timestamp: str, name: str, target: Path) -> None:
        """Copy one of them to a path of this machine."""

    def publish(
        self,
        container: str,
        recipe: str,
        metadata: Metadata,
        newest: str | None,
        *,
        locks: Mapping[str, str] = NONE,
        wheels: Iterable[Path] = (),
    ) -> str:
        """Publish a revision under the next timestamp, which is returned.

        Args:
            newest: a timestamp that the new one must be greater than, besides all that are there.
            locks: the texts of its locks, by the names of their files.
            wheels: what lies beside them.
        """


class PathRemote:
    """A remote root that is a folder. Where it may hang, what is read there is read by another process; see `guard`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self._root)

    def _folder(self, container: str) -> ContainerFolder:
        return ContainerFolder(self._root, container)

    @contextmanager
    def _reaching(self, doing: str) -> Iterator[None]:
        """Say everything that goes wrong in the body as an error of this remote root."""
        try:
            if not self._root.is_dir():
                raise RemoteError(f"the remote root {self._root} is not there", WAY_OUT)
            yield
        except StorageError as error:
            raise RemoteError(f"remote root {self._root}: {error.message}", "ask whoever keeps that share") from error
        except OSError as error:
            raise RemoteError(f"{doing} the remote root {self._root}: {error.strerror or error}") from error

    def _asked(self, question: Callable[[], Found]) -> Found:
        """What a question about the root gives, or the RemoteError that it raises."""
        root = str(self._root)

        def told() -> bytes:
            try:
                with self._reaching("cannot read"):
                    return pickle.dumps((question(), None))
            except RemoteError as error:
                return pickle.dumps((None, (error.message, error.hint)))

        try:
            answer = reader.ask(told, reader.marker_of(root)) if may_hang(root) else told()
        except TimeoutError as error:
            raise RemoteError(f"the remote root {root} does not answer", WAY_OUT) from error
        except OSError as error:
            raise RemoteError(f"cannot ask the remote root {root}: {error.strerror or error}") from error
        found: Any
        found, failure = pickle.loads(answer)
        if failure is not None:
            raise RemoteError(*failure)
        return found  # type: ignore[no-any-return]

    def containers(self) -> list[str]:
        """The names of the containers published there."""
        return self._asked(lambda: container_names(self._root))

    def timestamps(self, container: str) -> list[str]:
        """The revisions of a container, newest first, ready or not."""
        return self._asked(self._folder(container).timestamps)

    def metadata(self, container: str, timestamp: str) -> Metadata | None:
        """What is recorded of a revision; None when it is not ready."""
        path = self._folder(container).revisions / timestamp / METADATA_FILE
        return self._asked(lambda: _metadata(path))

    def recipe(self, container: str, timestamp: str) -> str:
        """The text of its recipe."""
        path = self._folder(container).revisions / timestamp / RECIPE_FILE
        return self._asked(lambda: _text(path))

    def label(self, container: str, label: str) -> str | None:
        """The timestamp that a label holds there; None where there is no such label."""
        return self._asked(lambda: read_label(self._folder(container), label))

    def labels(self, container: str) -> dict[str, str]:
        """All labels there, with their timestamps."""
        return self._asked(lambda: labels_of(self._folder(container)))

    def pin(self, container: str) -> Pin | None:
        """The pin or rollback there, in force or over; None where there is none."""
        return self._asked(lambda: read_pin(self._folder(container)))

    def history(self, container: str) -> list[Act]:
        """What was done to the container there, newest first."""
        return self._asked(lambda: read_history(self._folder(container)))

    def write_label(self, container: str, label: str, text: str) -> None:
        """Let a label, or the pin, hold something else, in one step."""
        with self._reaching("cannot write to"):
            write_label(self._folder(container), label, text)

    def remove_label(self, container: str, label: str) -> bool:
        """Remove a label, or the pin; False where there is none."""
        with self._reaching("cannot write to"):
            return remove_label(self._folder(container), label)

    def record(self, container: str, act: Act) -> None:
        """Write down what was done."""
        with self._reaching("cannot write to"):
            write_act(self._folder(container), act)

    def remove(self, container: str, timestamp: str | None = None) -> None:
        """Remove a revision, or the whole container, in one step."""
        folder = self._folder(container)
        path = folder.path if timestamp is None else folder.revisions / timestamp
        stages = self._root if timestamp is None else folder.path
        with self._reaching("cannot write to"):
            sweep(stages)
            with staged(stages) as stage:
                os.rename(path, stage.path / path.name)

    def watched(self, container: str, labels: Iterable[str], timestamps: Iterable[str]) -> Watched:
        """The files by which one sees that any of this, or which revisions there are, has changed."""
        folder = self._folder(container)
        records = [folder.revisions / timestamp / METADATA_FILE for timestamp in timestamps]
        files = (folder.revisions, *(label_file(folder, label) for label in labels), *records)
        return Watched(files, () if records else (self._root,), (self._root,))

    def check_writable(self, container: str) -> None:
        """Refuse early what `publish` would fail at: a root or container that this user cannot write to."""
        folder = self._folder(container)
        with self._reaching("cannot publish to"):
            places = [path for path in (folder.path, folder.revisions) if path.is_dir()] or [self._root]
            for place in places:
                if not os.access(place, os.W_OK | os.X_OK):
                    raise RemoteError(f"you cannot write to {place}", "ask whoever keeps the remote root to publish it")

    def locks(self, container: str, timestamp: str) -> dict[str, str]:
        """The texts of its locks, by the names of their files; empty for none."""
        folder = self._folder(container).revisions / timestamp
        return self._asked(lambda: {path.name: _text(path) for path in sorted(folder.glob(lock_name("*")))})

    def wheels(self, container: str, timestamp: str) -> list[str]:
        """The files of the wheels that lie beside its locks."""
        folder = self._folder(container).revisions / timestamp / WHEELS
        return self._asked(lambda: sorted(path.name for path in folder.glob("*.whl")))

    def fetch_wheel(self, container: str, timestamp: str, name: str, target: Path) -> None:
        """Copy one of them to a path of this machine, in pieces that even a slow share gives in time."""
        path = self._folder(container).revisions / timestamp / WHEELS / name
        with open(target, "wb") as stream:
            while piece := self._asked(lambda: _piece(path, stream.tell())):
                stream.write(piece)

    def publish(
        self,
        container: str,
        recipe: str,
        metadata: Metadata,
        newest: str | None,
        *,
        locks: Mapping[str, str] = NONE,
        wheels: Iterable[Path] = (),
    ) -> str:
        """Publish a revision; see `Remote.publish`."""
        folder = self._folder(container)
        with self._reaching("cannot publish to"):
            sweep(folder.path)
            with staged(folder.path) as stage:
                write_whole(stage.path / RECIPE_FILE, recipe.encode("utf-8"))
                for name, text in locks.items():
                    write_whole(stage.path / name, text.encode("utf-8"))
                for wheel in wheels:
                    (stage.path / WHEELS).mkdir(exist_ok=True)
                    shutil.copyfile(wheel, stage.path / WHEELS / wheel.name)
                write_whole(stage.path / METADATA_FILE, metadata.to_json().encode("utf-8"))
                return appear_next(stage, folder, newest)


def _metadata(path: Path) -> Metadata | None:
    try:
        return parse_metadata(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise RemoteError(f"{path} is damaged: {error}", REPUBLISH) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except ValueError as error:
        raise RemoteError(f"{path} is damaged: it is not UTF-8", REPUBLISH) from error


def _piece(path: Path, offset: int) -> bytes:
    with open(path, "rb") as stream:
        stream.seek(offset)
        return stream.read(PIECE)


def newest_published(remote: Remote, container: str) -> tuple[str, Metadata] | None:
    """The newest ready revision of a container on a remote root; None when there is none.

    Raises:
        RemoteError: the root cannot be read.
    """
    for timestamp in remote.timestamps(container):
        metadata = remote.metadata(container, timestamp)
        if metadata is not None:
            return timestamp, metadata
    return None


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
