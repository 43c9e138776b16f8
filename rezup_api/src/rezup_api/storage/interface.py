"""Define what every kind of storage offers to the store: bytes under names, which are read and replaced as a whole.

A name is a relative path with `/` between its parts, such as `dev/labels/staging`. The storage does not know what the names mean.
Every method raises the storage's own `failure` if the storage cannot be reached, read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rezup_api.disk.reading import LIMIT
from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from rezup_api.errors import RezupError


@dataclass(frozen=True, slots=True)
class Witness:
    """The files whose stamps change when an answer of a storage may have changed.

    A launch compares their stamps instead of asking the storage again. They are files of this machine or of a mounted share.

    Args:
        files: files and folders whose stamps must be the same as before.
        present: folders that only have to exist.
        mounted: folders on which the same file system must be mounted as before.
    """

    files: tuple[Path, ...] = ()
    present: tuple[Path, ...] = ()
    mounted: tuple[Path, ...] = ()

    def with_files(self, *files: Path) -> Witness:
        """A witness with these files before its own."""
        return Witness((*files, *self.files), self.present, self.mounted)


class Storage(Protocol):
    """Something that keeps bytes under names."""

    # The error that its methods raise: RemoteError if other machines see the storage, otherwise StorageError.
    failure: type[RezupError]

    @property
    def place(self) -> str:
        """The storage's address, for messages."""

    def locate(self, name: str) -> str:
        """The address of one name, for messages."""

    def get(self, name: str) -> bytes | None:
        """The bytes under a name; None if the storage does not have the name. It is an error if the user may not read them."""

    def get_many(self, names: Iterable[str], limit: int = LIMIT) -> dict[str, bytes | None]:
        """The bytes under each of the names, by name, in one question to the storage.

        Args:
            names: the names.
            limit: the greatest number of bytes that is of use under one of them.

        Returns:
            An item for each name that the storage has. Its value is None if this user may not read the bytes, if there are more
            than `limit`, or if the name leads to something else than bytes.
        """

    def get_part(self, name: str, offset: int) -> bytes | None:
        """A piece of the bytes under a name, from the byte `offset` on; empty at the end, None if the storage does not have it.

        The storage chooses a size that even a slow connection gives within the time limit.
        """

    def names(self, prefix: str, holding: str = "") -> list[str]:
        """The last parts of the names directly below `prefix`, in no particular order; empty if there are no such names.

        Args:
            prefix: a name, or empty for the top of the storage.
            holding: if given, list only names below which there is a name with this last part.
        """

    def check_writable(self, name: str) -> None:
        """Raise `failure` if this user may not add names below `name`; called before work that would be lost otherwise."""

    def put(self, name: str, data: bytes) -> None:
        """Replace the bytes under a name in one step: a reader sees the old bytes or the new ones."""

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Store bytes under a name that the storage does not have yet, in one step; False, and no change, if it has the name."""

    def append(self, prefix: str, files: Mapping[str, bytes | Path], follow: Callable[[list[str]], str]) -> str:
        """Let a group of files appear together, as the next member of a series.

        Args:
            prefix: the name of the series.
            files: the member's files by their relative names: bytes, or a file of this machine to copy.
            follow: computes the new member's name from the names in the series; called again if another writer was faster.

        Returns:
            The new member's name.
        """

    def delete(self, name: str) -> bool:
        """Remove one name; False if the storage does not have it."""

    def delete_below(self, name: str) -> None:
        """Remove a name and everything below it in one step: a reader sees all of it or nothing.

        If the storage does not have the name, this raises `failure` too.
        """

    def witness(self, names: Iterable[str], *, complete: bool = True) -> Witness:
        """The files that change when the bytes under a name, or the list of names directly below it, may have changed.

        Args:
            names: the names that matter.
            complete: whether the files of these names are enough to notice that the storage itself is no longer there.
        """
