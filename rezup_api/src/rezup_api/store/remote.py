"""Remote roots: where a studio publishes recipes and metadata, never environments.

`Remote` is all that selection and pulling ask of one; `PathRemote` is a folder that all machines see. A consumer only reads.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rezup_api.errors import RemoteError, StorageError
from rezup_api.store.files import write_whole
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, ContainerFolder, container_names
from rezup_api.store.metadata import FORMAT, Metadata, parse_metadata
from rezup_api.store.staging import appear_next, staged, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


REPUBLISH = "ask who published it to publish again"


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

    def check_writable(self, container: str) -> None:
        """Raise RemoteError where this user cannot publish a revision of the container."""

    def publish(self, container: str, recipe: str, metadata: Metadata, newest: str | None) -> str:
        """Publish a revision under the next timestamp, which is returned.

        Args:
            newest: a timestamp that the new one must be greater than, besides all that are there.
        """


class PathRemote:
    """A remote root that is a folder."""

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
                raise RemoteError(
                    f"the remote root {self._root} is not there",
                    "check that it is mounted, or work with what is on this machine: --local",
                )
            yield
        except StorageError as error:
            raise RemoteError(f"remote root {self._root}: {error.message}", "ask whoever keeps that share") from error
        except OSError as error:
            raise RemoteError(f"{doing} the remote root {self._root}: {error.strerror or error}") from error

    def containers(self) -> list[str]:
        """The names of the containers published there."""
        with self._reaching("cannot read"):
            return container_names(self._root)

    def timestamps(self, container: str) -> list[str]:
        """The revisions of a container, newest first, ready or not."""
        with self._reaching("cannot read"):
            return self._folder(container).timestamps()

    def metadata(self, container: str, timestamp: str) -> Metadata | None:
        """What is recorded of a revision; None when it is not ready."""
        path = self._folder(container).revisions / timestamp / METADATA_FILE
        with self._reaching("cannot read"):
            try:
                return parse_metadata(path.read_text(encoding="utf-8"))
            except (FileNotFoundError, NotADirectoryError):
                return None
            except ValueError as error:
                raise RemoteError(f"{path} is damaged: {error}", REPUBLISH) from error

    def recipe(self, container: str, timestamp: str) -> str:
        """The text of its recipe."""
        path = self._folder(container).revisions / timestamp / RECIPE_FILE
        with self._reaching("cannot read"):
            try:
                return path.read_text(encoding="utf-8")
            except ValueError as error:
                raise RemoteError(f"{path} is damaged: it is not UTF-8", REPUBLISH) from error

    def check_writable(self, container: str) -> None:
        """Refuse early what `publish` would fail at: a root or container that this user cannot write to."""
        folder = self._folder(container)
        with self._reaching("cannot publish to"):
            places = [path for path in (folder.path, folder.revisions) if path.is_dir()] or [self._root]
            for place in places:
                if not os.access(place, os.W_OK | os.X_OK):
                    raise RemoteError(f"you cannot write to {place}", "ask whoever keeps the remote root to publish it")

    def publish(self, container: str, recipe: str, metadata: Metadata, newest: str | None) -> str:
        """Publish a revision; see `Remote.publish`."""
        folder = self._folder(container)
        with self._reaching("cannot publish to"):
            sweep(folder.path)
            with staged(folder.path) as stage:
                write_whole(stage.path / RECIPE_FILE, recipe.encode("utf-8"))
                write_whole(stage.path / METADATA_FILE, metadata.to_json().encode("utf-8"))
                return appear_next(stage, folder, newest)


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
