"""A container on a machine and on the remote root of its studio, made up of the files that selection reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from rezup_api.disk.files import write_whole
from rezup_api.events import Event, Reporter, Warned, silent
from rezup_api.published.published_root import PublishedRoot
from rezup_api.selection.selector import Selector
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.history import Act, new_act
from rezup_api.store.labels import LABELS
from rezup_api.store.metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder

A, B, C, D = (f"170000000{digit}.000000" for digit in range(1, 5))

RECIPE = 'description = "für alle"\n'


@dataclass
class Studio:
    """A container `dev` here and where it is published.

    Args:
        told: the warnings so far.
    """

    here: ContainerFolder
    there: ContainerFolder
    told: list[str] = field(default_factory=list)

    def report(self, event: Event) -> None:
        """Keep a warning."""
        assert isinstance(event, Warned)
        self.told.append(event.text)

    @property
    def remote(self) -> PublishedRoot:
        """The container under the remote root, as it is from now on."""
        return remote_dev(self.there.root, self.report)

    def selector(self, *, local: bool = False) -> Selector:
        """What selects, with the remote root or without."""
        return Selector(self.here, None if local else self.remote, self.report)

    def given(self, request: str = "", *, local: bool = False, strict: bool = False) -> str | None:
        """The timestamp that is selected."""
        selection = self.selector(local=local).select(request, strict=strict)
        return selection.timestamp if selection is not None else None

    def build(self, *timestamps: str, remote: str = "") -> None:
        """Have revisions here: pulled ones name where they are from."""
        for timestamp in timestamps:
            _write(self.here, timestamp, {"format": 1, "rezup_version": "3", "remote": remote})

    def pull(self, *timestamps: str) -> None:
        """Have builds of published revisions here."""
        self.build(*timestamps, remote=str(self.there.root))

    def publish(self, *timestamps: str) -> None:
        """Have revisions on the remote root, as rezup 2.x published them: without a log."""
        for timestamp in timestamps:
            _write(self.there, timestamp, {"format": 1, "rezup_version": "3", "message": timestamp})

    def publish_next(self) -> str:
        """Publish a revision as this rezup does: the log names it. Its timestamp is greater than all before."""
        return publish(self.remote)

    def unmount(self) -> None:
        """Take the remote root away."""
        self.there.root.rename(self.there.root.with_name("away"))


def remote_dev(
    root: Path, report: Reporter = silent, environ: Mapping[str, str] = MappingProxyType({})
) -> PublishedRoot:
    """The container `dev` under a remote root; without an environment, nothing is kept as accepted."""
    return PublishedRoot(SharedFolder(root), "dev", environ, report)


def publish(
    remote: PublishedRoot, newest: str | None = None, message: str = "", more: Mapping[str, bytes | Path] | None = None
) -> str:
    """Publish a revision.

    Args:
        newest: a timestamp that its own must be greater than.
        message: the reason, which is in its metadata and in the log.
        more: its files besides the recipe and the metadata.

    Returns:
        Its timestamp.
    """
    metadata = Metadata(1, "3.0.0", "ana", message=message)
    files = {"rezup.toml": RECIPE.encode(), **(more or {}), "revision.json": metadata.to_json().encode()}
    return remote.publish(files, newest, lambda timestamp: act("publish", timestamp, message))


def act(kind: str, revision: str = "", message: str = "") -> Act:
    """An act of whoever runs the tests."""
    return new_act(kind, revision, {}, message=message)


def _write(folder: ContainerFolder, timestamp: str, document: dict[str, object]) -> None:
    path = folder.revisions / timestamp
    path.mkdir(parents=True)
    (path / "rezup.toml").touch()
    (path / "revision.json").write_text(json.dumps(document), encoding="utf-8")


def label(folder: ContainerFolder, name: str, timestamp: str) -> None:
    """Set a label."""
    path = folder.path / LABELS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"{timestamp}\n".encode())
