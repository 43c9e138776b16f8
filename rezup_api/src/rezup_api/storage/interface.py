"""What every kind of storage offers to the store: named bytes that are read and replaced as a whole.

A name is a relative path with `/` between its parts, such as `dev/labels/staging`. The storage knows nothing of what the names
mean. Every method raises the storage's own `failure` where the storage cannot be reached, read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from rezup_api.errors import RezupError


@dataclass(frozen=True, slots=True)
class Witness:
    """Files of this machine, or of a mounted file system, that change when an answer of a storage may have changed.

    A launch compares their stamps instead of asking the storage again.

    Args:
        files: files and folders whose stamps count.
        present: folders that only have to exist.
        mounted: folders on which another file system may be mounted later.
    """

    files: tuple[Path, ...] = ()
    present: tuple[Path, ...] = ()
    mounted: tuple[Path, ...] = ()

    def with_files(self, *files: Path) -> Witness:
        """The same witness, with further files before its own."""
        return Witness((*files, *self.files), self.present, self.mounted)


class Storage(Protocol):
    """A place that keeps bytes under names."""

    # What its methods raise: RemoteError where other machines see the storage, else StorageError.
    failure: type[RezupError]

    @property
    def place(self) -> str:
        """The storage's address, for people."""

    def locate(self, name: str) -> str:
        """The address of one name, for people."""

    def get(self, name: str) -> bytes | None:
        """The bytes under a name; None where the storage has no such name. What may not be read is an error."""

    def get_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """The bytes under each of the names; one question for all of them.

        Names that the storage does not have, or that this user may not read, are left out.
        """

    def get_part(self, name: str, offset: int) -> bytes:
        """A piece of the bytes under a name from `offset` on; empty at the end.

        Its size is one that a slow storage, too, gives within its time limit.
        """

    def names(self, prefix: str, holding: str = "") -> list[str]:
        """The last parts of the names directly below `prefix`, in no order; empty where there are none.

        Args:
            prefix: a name, or empty for the top of the storage.
            holding: only those below which this further part exists.
        """

    def check_writable(self, name: str) -> None:
        """Raise where this user may not add names below `name`, before work is spent on what would be put there."""

    def put(self, name: str, data: bytes) -> None:
        """Let a name hold these bytes, in one step: a reader sees the old bytes or the new ones."""

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Let a name hold these bytes if the storage does not have it yet; False where it does."""

    def append(self, prefix: str, files: Mapping[str, bytes | Path], follow: Callable[[list[str]], str]) -> str:
        """Let a group of files appear together, as the next member of a series.

        Args:
            prefix: the name of the series.
            files: what the member holds, by relative names: bytes, or a file of this machine to copy.
            follow: gives the member's name from the names that the series has; called again where another writer was faster.

        Returns:
            The member's name.
        """

    def delete(self, name: str) -> bool:
        """Remove one name; False where the storage does not have it."""

    def delete_below(self, name: str) -> None:
        """Remove a name and all below it; a reader sees all of it or nothing.

        Raises:
            FileNotFoundError: the storage has no such name.
        """

    def witness(self, names: Iterable[str], *, complete: bool = True) -> Witness:
        """What changes when the bytes under any of the names, or the list of names directly below them, may have changed.

        Args:
            complete: whether the names are enough to see that the storage itself has gone.
        """
