"""What a revision is made from besides its recipe: the locks of another one, and the wheels that lie beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.errors import InstallError, NotFoundError
from rezup_api.packages.pylock import Lock, parse_lock
from rezup_api.recipe.values import canonical
from rezup_api.store.layout import WHEELS, environment_of_lock, lock_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LockSource:
    """What was resolved already.

    Args:
        told: what that is, for people and for the metadata: `staging@1619780350.588625`.
        locks: by the environment's name.
        wheels: the folder of the wheels that lie beside them, None where there is none.
        upgrades: the distributions to resolve anew, by their normalised names.
    """

    told: str = ""
    locks: Mapping[str, Lock] = field(default_factory=lambda: MappingProxyType({}))
    wheels: Path | None = None
    upgrades: tuple[str, ...] = ()


def read_lock_source(folder: Path, told: str, upgrades: Sequence[str] = ()) -> LockSource:
    """What the folder of a revision, or of an unpacked bundle, gives to another one.

    Raises:
        InstallError: a lock in it is damaged.
        NotFoundError: nothing in it has the name of an upgrade.
        StorageError: it cannot be read.
    """
    locks: dict[str, Lock] = {}
    with storing("cannot read"):
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob(lock_name("*")))}
    for name, text in texts.items():
        try:
            locks[environment_of_lock(name)] = parse_lock(text)
        except ValueError as error:
            raise InstallError(
                f"the lock {name} of {told} is damaged: {error}", "ask who published it to publish again"
            ) from error
    free = tuple(map(canonical, upgrades))
    known = {package["name"] for lock in locks.values() for package in lock.packages}
    for name in free:
        if name not in known:
            raise NotFoundError(f"there is no {name} in {told}", f"it has {', '.join(sorted(known))}")
    wheels = folder / WHEELS
    return LockSource(told, MappingProxyType(locks), wheels if wheels.is_dir() else None, free)
