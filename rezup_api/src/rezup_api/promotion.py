"""Take the recipe and the locks for a new revision from another revision: `prod` gets exactly what was tested in `staging`.

The locks say what to install. The recipe of the other revision comes along, except for the keys that concern its container.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.bundles.archive import unpack
from rezup_api.errors import NotFoundError
from rezup_api.packages.lock_source import LockSource, read_lock_source
from rezup_api.recipe.load import adopt, load_recipe
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE
from rezup_api.store.metadata import read_metadata
from rezup_api.store.revision import hold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rezup_api.recipe.model import Recipe
    from rezup_api.store.revision import Revision


def taken_over(own: Recipe, folder: Path, told: str, upgrades: Sequence[str]) -> tuple[Recipe, LockSource]:
    """The recipe and the locks for a new revision.

    Args:
        own: the recipe of the container that gets the new revision.
        folder: the folder with the recipe and the locks of the other revision.
        told: the name of the other revision, for messages.
        upgrades: names of packages to resolve anew; all others keep the versions that they have.

    Raises:
        NotFoundError: the other revision has no locks, or does not hold a package of `upgrades`.
    """
    origin = read_lock_source(folder, told, upgrades)
    if not origin.locks:
        raise NotFoundError(
            f"{told} has no locks: an older rezup has made it, or what it holds cannot be locked",
            f"make one from its recipe: rezup add {own.container} --file {folder / RECIPE_FILE}",
        )
    metadata = read_metadata(folder / METADATA_FILE)
    python = metadata.environments[0].python if metadata is not None and metadata.environments else ""
    other = load_recipe(own.container, folder / RECIPE_FILE, tolerant=True)
    return adopt(own, other, ".".join(python.split(".")[:2])), origin


@contextmanager
def opened(source: Revision | Path) -> Iterator[tuple[Path, str]]:
    """The folder with the recipe and the locks of a revision or a bundle, and its name for messages.

    A revision is held, and the content of a bundle is unpacked, until the end of the body.

    Raises:
        NotFoundError: the revision has been removed, or the path is neither a bundle nor the folder of a revision.
        VerificationError: the bundle is damaged.
    """
    if not isinstance(source, Path):
        with hold(source):
            yield source.path, str(source)
    elif source.is_file():
        with tempfile.TemporaryDirectory(prefix="rezup-") as folder:
            yield Path(folder), unpack(source, Path(folder))
    elif (source / RECIPE_FILE).is_file():
        yield source, str(source)
    else:
        raise NotFoundError(f"{source} is neither a bundle nor the folder of a revision", "see: rezup add --help")
