"""Keep the data folders of packages once for each container, and link them in every environment.

    <container>/.data/<digest>/<folder>     beside it shared.json and files.json, as for shared libraries

Environments can share files of equal content, but not folders, and each folder takes a block of the disk. Half of the folders of
a Rez environment belong to `rez/data`, with which Rez tests itself. Measured: they took half of the space of a further revision.
A symbolic link of less than 60 bytes takes no space, because ext4 keeps it in the inode.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.cache.content_store import parse_listing
from rezup_api.disk.files import write_whole
from rezup_api.disk.reading import LISTING_LIMIT, read_file
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

# A data folder with fewer folders in it is not worth a link.
LEAST = 32
_TARGET = re.compile(r"(?:\.\./)+\.data/(?P<name>[0-9a-f]{16})/[^/]+")


@dataclass(frozen=True, slots=True)
class DataTrees:
    """The data folders that environments of a container link.

    Args:
        folder: the folder of the container.
        store: shares their files.
        lists: the folder of the lists of their files, from which another container can make them.
        holds: keeps the locks on them until the revision has appeared.
        made_for: the stage of that revision.
    """

    folder: ContainerFolder
    store: FileStore
    lists: Path
    holds: ExitStack
    made_for: Path

    def split(self, packages: Path) -> dict[str, Listing]:
        """Move the data folders of an unfinished environment to `.data/`, and link them.

        Args:
            packages: the `site-packages` of the environment.

        Returns:
            The lists of their files, by their names under `.data/`.

        Raises:
            OSError: a folder cannot be moved.
        """
        found = {}
        # A list, because the loop changes the tree that the generator walks through.
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
        """Provide the data folders that an environment links, from the lists of their files.

        Returns:
            Those lists, by the names under `.data/`; None if a list or a content is missing.

        Raises:
            OSError: a folder cannot be written.
        """
        found = {}
        for name in sorted(linked(environment)):
            try:
                listing = parse_listing(read_file(self._list(name), LISTING_LIMIT).decode("utf-8"))
            except (OSError, ValueError):
                return None
            if not self._held(name):
                with staged(self.folder.path) as stage:
                    os.rmdir(stage.path)  # `materialise` creates its target itself; the lock of the stage stays
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
        """Hold a data folder until the revision has appeared; if the build fails, remove the folder unless others use it."""
        self.holds.callback(withdraw, self.folder, self.folder.data / name, self.made_for)
        self.holds.enter_context(held)

    def _list(self, name: str) -> Path:
        return self.lists / f"data-{name}.json"


def data_folders(packages: Path) -> Iterator[Path]:
    """The folders inside of packages that hold many other folders and are no packages themselves."""
    for place, folders, files in os.walk(packages):
        if "__init__.py" not in files:
            continue
        for name in [name for name in folders if name != "__pycache__"]:
            path = os.path.join(place, name)
            if not os.path.islink(path) and not os.path.exists(os.path.join(path, "__init__.py")) and _is_large(path):
                folders.remove(name)  # so that `os.walk` does not go into it
                yield packages / os.path.relpath(path, packages)


def linked(environment: Listing) -> set[str]:
    """The names under `.data/` of the data folders that an environment links."""
    matches = (_TARGET.fullmatch(target) for target in environment.links.values())
    return {match["name"] for match in matches if match is not None}


def _is_large(path: str) -> bool:
    return sum(1 for _ in os.walk(path)) >= LEAST


def _link(path: Path, target: Path, staged_revision: Path) -> None:
    """Put a relative link to a data folder into a stage."""
    # A stage and a revision lie equally deep in the container, so the link is also right after the stage is renamed.
    container = staged_revision.parent.parent
    up = os.path.relpath(container, path.parent)
    os.symlink("/".join([*up.split(os.sep), *target.relative_to(container).parts]), path)
