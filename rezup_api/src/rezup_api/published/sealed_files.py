"""Read the files of a published revision, and refuse each that is not the one that was published."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

from rezup_api.published.manifest import MANIFEST, Content, parse_manifest
from rezup_api.store.root import REPUBLISH

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.errors import RezupError
    from rezup_api.storage.interface import Storage

Parsed = TypeVar("Parsed")


class SealedFiles:
    """The files of one published revision.

    Args:
        storage: the storage of the remote root. Every method raises its `failure` if the storage cannot be read.
        prefix: the name of the revision's folder in it.
        manifest: the digest of the revision's manifest, which the log states.
        damage: the error to raise if a file is not the published one, or damaged.
    """

    def __init__(self, storage: Storage, prefix: str, manifest: str, damage: type[RezupError]) -> None:
        self._damage = damage
        self._storage = storage
        self._prefix = prefix
        self._manifest = manifest
        self._contents: dict[str, Content] | None = None

    @property
    def contents(self) -> dict[str, Content]:
        """The contents of the files by their names; empty if the revision has been removed."""
        if self._contents is None:
            data = self._storage.get(f"{self._prefix}/{MANIFEST}")
            if data is None:
                return {}
            if hashlib.sha256(data).hexdigest() != self._manifest:
                raise self.altered(MANIFEST)
            self._contents = self.understood(MANIFEST, data, parse_manifest)
        return self._contents

    def read(self, file: str) -> bytes | None:
        """The bytes of a file; None if the revision has no such file."""
        if file not in self.contents:
            return None
        data = self._storage.get(f"{self._prefix}/{file}")
        if data is None or not self.contents[file].fits(data):
            raise self.altered(file)
        return data

    def altered(self, file: str) -> RezupError:
        """The error that a file is missing, or not the one that was published."""
        where = self._storage.locate(f"{self._prefix}/{file}")
        return self._damage(f"{where} is not the file that was published", REPUBLISH)

    def understood(self, file: str, data: bytes, parse: Callable[[bytes], Parsed]) -> Parsed:
        """What `parse` makes of the bytes of a file; its ValueError becomes the error for damage."""
        try:
            return parse(data)
        except ValueError as error:
            where = self._storage.locate(f"{self._prefix}/{file}")
            raise self._damage(f"{where} is damaged: {error}", REPUBLISH) from error
