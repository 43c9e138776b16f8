"""Read what a new revision takes over from another one: its locks, and the wheels that lie beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.disk.reading import read_file
from rezup_api.errors import InstallError, NotFoundError
from rezup_api.packages.pylock import Lock, parse_lock
from rezup_api.recipe.values import canonical
from rezup_api.store.layout import WHEELS, environment_of_lock, lock_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LockSource:
    """The locks of another revision; empty where a revision is made from its recipe alone.

    Args:
        told: the name of that revision or bundle for messages and metadata, as `staging@1619780350.588625`.
        locks: the locks, by the names of their environments.
        wheels: the folder of the wheels that lie beside the locks; None where there is no such folder.
        upgrades: the normalised names of the distributions whose versions are resolved anew.
    """

    told: str = ""
    locks: Mapping[str, Lock] = field(default_factory=lambda: MappingProxyType({}))
    wheels: Path | None = None
    upgrades: tuple[str, ...] = ()

    def is_same(self, folder: Path) -> bool:
        """Whether the locks in a folder name the same packages, file by file; locks that cannot be read are others."""
        try:
            return read_lock_source(folder, self.told).locks == self.locks
        except InstallError:
            return False


def read_lock_source(folder: Path, told: str, upgrades: Sequence[str] = ()) -> LockSource:
    """The locks and wheels in the folder of a revision, or of an unpacked bundle.

    Args:
        folder: that folder.
        told: see `LockSource`.
        upgrades: the names of distributions whose versions are resolved anew, in any spelling.

    Raises:
        InstallError: a lock in the folder is damaged.
        NotFoundError: no lock in the folder has a distribution of an upgrade's name.
        StorageError: the folder cannot be read.
    """
    locks: dict[str, Lock] = {}
    with storing("cannot read"):
        files = {path.name: read_file(path) for path in sorted(folder.glob(lock_name("*")))}
    for name, data in files.items():
        try:
            locks[environment_of_lock(name)] = parse_lock(data.decode("utf-8"))
        except ValueError as error:
            raise InstallError(
                f"the lock {name} of {told} is damaged: {error}", "ask the person who published it to publish it again"
            ) from error
    free = tuple(map(canonical, upgrades))
    known = {package["name"] for lock in locks.values() for package in lock.packages}
    for name in free:
        if name not in known:
            raise NotFoundError(f"there is no {name} in {told}", f"it has {', '.join(sorted(known))}")
    wheels = folder / WHEELS
    return LockSource(told, MappingProxyType(locks), wheels if wheels.is_dir() else None, free)
