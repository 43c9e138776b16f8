"""A container on a machine and on the remote root of its studio, made up of the files that selection reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rezup_api.disk.files import write_whole
from rezup_api.events import Event, Warned
from rezup_api.selection.selector import Selector
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.labels import LABELS
from rezup_api.store.root import ContainerRoot

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder

A, B, C, D = (f"170000000{digit}.000000" for digit in range(1, 5))


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
    def remote(self) -> ContainerRoot:
        """The container under the remote root."""
        return ContainerRoot(SharedFolder(self.there.root), self.there.name)

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
        """Have revisions on the remote root."""
        for timestamp in timestamps:
            _write(self.there, timestamp, {"format": 1, "rezup_version": "3", "message": timestamp})

    def unmount(self) -> None:
        """Take the remote root away."""
        self.there.root.rename(self.there.root.with_name("away"))


def remote_dev(root: Path) -> ContainerRoot:
    """The container `dev` under a remote root."""
    return ContainerRoot(SharedFolder(root), "dev")


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
