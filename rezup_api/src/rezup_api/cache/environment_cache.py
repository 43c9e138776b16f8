"""Environments that were built before, as lists of their files: what makes a further revision of the same content cheap."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rezup_api.cache.content_store import FileStore, Listing, parse_listing
from rezup_api.disk.files import remove_tree, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.packages.request import EnvironmentRequest


class Template:
    """An environment made ahead of the answer of the index: most of the time a recipe gives what it gave last time.

    Args:
        folder: where lists are kept: `<key>.json`, and for what was asked `<digest>.last`, the key it led to.
        request: what is asked for.
        store: gives the files.
        path: where the environment goes.
    """

    def __init__(self, folder: Path, request: EnvironmentRequest, store: FileStore, path: Path) -> None:
        asked = [request.interpreter.identity, *request.lines]
        asked += [" ".join(flags) for flags in request.flags]
        self._folder = folder
        self._pointer = folder / f"{hashlib.sha256(chr(10).join(asked).encode('utf-8')).hexdigest()}.last"
        self._store = store
        self._path = path
        self._key = ""
        self._listing: Listing | None = None

    def prepare(self) -> None:
        """Make the environment of last time, if there was one."""
        try:
            key = self._pointer.read_text(encoding="utf-8")
        except OSError:
            return
        self._listing = self._from(key)
        self._key = key

    def confirm(self, key: str) -> Listing | None:
        """The listing of the environment with that key, which is in place then; None when it must be made."""
        if self._listing is not None and self._key == key:
            return self._listing
        self.discard()
        return self._from(key)

    def discard(self) -> None:
        """Remove what was prepared: it is another environment that is wanted."""
        remove_tree(self._path)

    def remember(self, key: str, listing: Listing) -> None:
        """Keep a listing for the next time."""
        write_whole(self._folder / f"{key}.json", listing.to_json().encode("utf-8"))
        write_whole(self._pointer, key.encode("utf-8"))

    def _from(self, key: str) -> Listing | None:
        try:
            listing = parse_listing((self._folder / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if self._store.materialise(listing, self._path):
            return listing
        remove_tree(self._path)
        return None
