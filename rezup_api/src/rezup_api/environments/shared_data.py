"""Data folders of packages: kept once for each container, and linked by every environment.

    <container>/.data/<digest>/<folder>     beside it shared.json and files.json, as for shared libraries

Files of equal content are shared between environments, but folders cannot be, and each takes a block of the disk. Half of the
folders of a Rez environment are those of `rez/data`, with which Rez tests itself; they made up half of what a further revision
took. A link of less than 60 bytes takes nothing (ext4 keeps it in the inode).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.cache.content_store import parse_listing
from rezup_api.disk.files import write_whole
from rezup_api.disk.staging import staged
from rezup_api.store.shared_folders import appear_shared, hold_shared, withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from rezup_api.cache.content_store import FileStore, Listing
    from rezup_api.disk.flock import Held
    from rezup_api.disk.staging import Stage
    from rezup_api.store.layout import ContainerFolder

# Folders; what has fewer is not worth a link.
LEAST = 32
_TARGET = re.compile(r"(?:\.\./)+\.data/(?P<name>[0-9a-f]{16})/[^/]+")


@dataclass(frozen=True, slots=True)
class DataTrees:
    """The data folders that environments of a container link.

    Args:
        folder: the container.
        store: shares their files.
        lists: where the lists of their files are kept, for containers that have them not yet.
        holds: keeps them from being removed until the revision has appeared.
        made_for: the stage of that.
    """

    folder: ContainerFolder
    store: FileStore
    lists: Path
    holds: ExitStack
    made_for: Path

    def split(self, packages: Path) -> dict[str, Listing]:
        """Move the data folders of an environment in the making to where they are shared, and link them.

        Args:
            packages: its site-packages.

        Returns:
            Their names under `.data/`, and what they hold.

        Raises:
            OSError: one cannot be moved.
        """
        found = {}
        for path in list(data_folders(packages)):
            with staged(self.folder.path) as stage:
                os.rename(path, stage.path / path.name)
                listing = self.store.adopt(stage.path)
                name = listing.digest[:16]
                write_whole(self._list(name), listing.to_json().encode("utf-8"))
                self._provide(stage, name, listing)
            _link(path, self.folder.data / name / path.name, self.made_for)
            found[name] = listing
        return found

    def restore(self, environment: Listing) -> dict[str, Listing] | None:
        """Provide the data folders that an environment links, from what is known of them; None if that is not enough.

        Raises:
            OSError: one cannot be written.
        """
        found = {}
        for name in sorted(linked(environment)):
            try:
                listing = parse_listing(self._list(name).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return None
            if not self._held(name):
                with staged(self.folder.path) as stage:
                    os.rmdir(stage.path)
                    if not self.store.materialise(listing, stage.path):
                        return None
                    self._provide(stage, name, listing)
            found[name] = listing
        return found

    def _provide(self, stage: Stage, name: str, listing: Listing) -> None:
        self._keep(name, appear_shared(stage, self.folder.data / name, listing.to_json(), '{"format": 1}\n'))

    def _held(self, name: str) -> bool:
        held = hold_shared(self.folder.data / name)
        if held is None:
            return False
        self._keep(name, held)
        return True

    def _keep(self, name: str, held: Held) -> None:
        """Hold it until the revision has appeared; if that does not come about, it is not needed."""
        self.holds.callback(withdraw, self.folder, self.folder.data / name, self.made_for)
        self.holds.enter_context(held)

    def _list(self, name: str) -> Path:
        return self.lists / f"data-{name}.json"


def data_folders(packages: Path) -> Iterator[Path]:
    """The folders of packages that hold many others and are no packages themselves."""
    for place, folders, files in os.walk(packages):
        if "__init__.py" not in files:
            continue
        for name in [name for name in folders if name != "__pycache__"]:
            path = os.path.join(place, name)
            if not os.path.islink(path) and not os.path.exists(os.path.join(path, "__init__.py")) and _is_large(path):
                folders.remove(name)
                yield packages / os.path.relpath(path, packages)


def linked(environment: Listing) -> set[str]:
    """The names under `.data/` of the data folders that an environment links."""
    matches = (_TARGET.fullmatch(target) for target in environment.links.values())
    return {match["name"] for match in matches if match is not None}


def _is_large(path: str) -> bool:
    return sum(1 for _ in os.walk(path)) >= LEAST


def _link(path: Path, target: Path, staged_revision: Path) -> None:
    """Link a folder in a stage relatively: stages and revisions lie equally deep, so that it holds after the rename."""
    container = staged_revision.parent.parent
    up = os.path.relpath(container, path.parent)
    os.symlink("/".join([*up.split(os.sep), *target.relative_to(container).parts]), path)
