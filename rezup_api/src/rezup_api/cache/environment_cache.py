"""Make an environment from the list of files of an equal one that was built before."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rezup_api.cache.content_store import FileStore, Listing, parse_listing
from rezup_api.disk.files import remove_tree, write_whole
from rezup_api.disk.reading import LISTING_LIMIT, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.packages.request import EnvironmentRequest


class Template:
    """An environment that is made while an index has not answered yet, because a recipe mostly gives what it gave last time.

    Args:
        folder: the folder of the lists: `<key>.json`, and for each request `<digest>.last`, which holds the key of last time.
        request: the environment that the recipe asks for.
        store: gives the contents of the files.
        path: the folder of the environment; it does not exist yet.
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
        """Make the environment that the same request gave last time, if there was one.

        Raises:
            OSError: the environment cannot be written.
        """
        try:
            key = read_file(self._pointer).decode("ascii", "replace")
        except OSError:
            return
        # A guess: a stale or damaged pointer costs time only, because `confirm` compares the key with the real one.
        self._listing = self._from(key)
        self._key = key

    def confirm(self, key: str) -> Listing | None:
        """The listing of the environment with that key, which then lies at `path`; None when the caller must make it.

        Raises:
            OSError: the environment cannot be written, or the one that was guessed wrongly cannot be removed.
        """
        if self._listing is not None and self._key == key:
            return self._listing
        self.discard()
        return self._from(key)

    def discard(self) -> None:
        """Remove the environment that was prepared, because another one is wanted."""
        remove_tree(self._path)

    def remember(self, key: str, listing: Listing) -> None:
        """Keep a listing for the next build.

        Raises:
            OSError: it cannot be written.
        """
        # The list first: a pointer must never name a list that is not there yet.
        write_whole(self._folder / f"{key}.json", listing.to_json().encode("utf-8"), 0o600)
        write_whole(self._pointer, key.encode("utf-8"), 0o600)

    def _from(self, key: str) -> Listing | None:
        try:
            listing = parse_listing(read_file(self._folder / f"{key}.json", LISTING_LIMIT).decode("utf-8"))
        except (OSError, ValueError):
            return None
        if self._store.materialise(listing, self._path):
            return listing
        remove_tree(self._path)
        return None
