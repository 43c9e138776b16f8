"""Make a revision from another one: what was tested in `staging` is exactly what goes to `prod`.

What the other one holds is taken from its locks; its recipe comes along, except for what that says of the container itself.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.bundles.archive import unpack
from rezup_api.container import Container
from rezup_api.disk.flock import lease
from rezup_api.errors import BusyError, NotFoundError
from rezup_api.packages.lock_source import read_lock_source
from rezup_api.recipe.load import adopt, load_recipe
from rezup_api.settings import absolute
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE
from rezup_api.store.metadata import read_metadata
from rezup_api.store.names import parse_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rezup_api.store.revision import Revision
    from rezup_api.studio import Studio


def add_from(
    studio: Studio, container: Container, source: str, *, upgrades: Sequence[str], message: str, publish: bool
) -> Revision:
    """Make a new revision of a container from another revision, or from a bundle.

    Args:
        source: `NAME@REV`, the folder of a revision, or the file of a bundle.
        upgrades: packages to resolve anew; all others keep the versions that they have.
        message: why, for those who look later.
        publish: let all machines that see the remote root have it.

    Raises:
        UsageError: `source` names nothing.
        NotFoundError: there is no such revision, or it has no locks; or no such package.
        VerificationError: the bundle is damaged.
        RezupError: as `Container.add`.
    """
    with _opened(studio, source) as (folder, told):
        origin = read_lock_source(folder, told, upgrades)
        if not origin.locks:
            raise NotFoundError(
                f"{told} has no locks: an older rezup has made it, or what it holds cannot be locked",
                f"make one from its recipe: rezup add {container.name} --file {folder / RECIPE_FILE}",
            )
        metadata = read_metadata(folder / METADATA_FILE)
        python = metadata.environments[0].python if metadata is not None and metadata.environments else ""
        other = load_recipe(container.name, folder / RECIPE_FILE, tolerant=True)
        recipe = adopt(container.recipe, other, ".".join(python.split(".")[:2]))
        made = Container(recipe, studio.settings, studio.environ, studio.report)
        return made.add(message=message, publish=publish, origin=origin)


@contextmanager
def _opened(studio: Studio, source: str) -> Iterator[tuple[Path, str]]:
    """The folder with the recipe and the locks of what `source` names, and what people call that; held meanwhile."""
    path = absolute(source, studio.environ)
    if path.is_file():
        with tempfile.TemporaryDirectory(prefix="rezup-") as folder:
            yield Path(folder), unpack(path, Path(folder))
    elif "/" in source or os.sep in source:
        if not (path / RECIPE_FILE).is_file():
            raise NotFoundError(f"{path} is neither a bundle nor the folder of a revision", "see: rezup add --help")
        yield path, str(path)
    else:
        target = parse_target(source)
        revision = studio.container(target.container).find(target.revision, strict=True)
        held = lease(revision.lock_file)
        if held is None:
            raise BusyError(f"{revision} is being removed", f"see what there is: rezup status {revision.container}")
        with held:
            yield revision.path, str(revision)
