"""The caches of one user under a local root: which there are and how they are opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.store.layout import cache_folder

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Caches:
    """Folders that may be deleted at any time: everything in them is made again."""

    path: Path

    @property
    def uv(self) -> Path:
        """uv's cache: unpacked wheels, index answers."""
        return self.path / "uv"

    @property
    def virtualenv(self) -> Path:
        """virtualenv's application data."""
        return self.path / "virtualenv"

    @property
    def tools(self) -> Path:
        """Environments of tools that cannot run in rezup's own process."""
        return self.path / "tools"

    @property
    def files(self) -> Path:
        """The contents of installed files, by digest."""
        return self.path / "files"

    @property
    def environments(self) -> Path:
        """Lists of the files of whole environments, by what was asked for and what was resolved."""
        return self.path / "environments"

    @property
    def bytecode(self) -> Path:
        """Byte code, by the digest of its source."""
        return self.path / "bytecode"

    @property
    def probed(self) -> Path:
        """Marks of contents that have been tried and found to work."""
        return self.path / "probed"

    @property
    def interpreters(self) -> Path:
        """What was learnt of the interpreters of this machine."""
        return self.path / "interpreters.json"


def open_caches(root: Path) -> Caches:
    """The caches of this user under a local root, readable by nobody else who could then edit what we link.

    Raises:
        StorageError: they cannot be made.
    """
    path = cache_folder(root)
    with storing("cannot write to"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _let_others_in(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        for folder in ("files", "environments", "bytecode", "probed"):
            (path / folder).mkdir(exist_ok=True)
    return Caches(path)


def _let_others_in(folder: Path) -> None:
    """Every user of a shared root keeps caches there, so all may make a folder, and remove only their own, as in /tmp."""
    try:
        mode = folder.stat().st_mode
        if folder.parent.stat().st_mode & 0o022 and not mode & 0o1000:
            folder.chmod((folder.parent.stat().st_mode & 0o777) | 0o1000)
    except OSError:
        pass  # it is another user's folder, who has done it
