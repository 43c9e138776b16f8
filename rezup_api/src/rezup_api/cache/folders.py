"""Name and open the folders of one user's caches under a local root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.errors import StorageError
from rezup_api.store.layout import cache_folder

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Caches:
    """The folders of the caches below `path`. Users may delete them at any time: the next build makes their content again."""

    path: Path

    @property
    def uv(self) -> Path:
        """uv's cache: unpacked wheels, and the answers of indexes."""
        return self.path / "uv"

    @property
    def virtualenv(self) -> Path:
        """virtualenv's application data."""
        return self.path / "virtualenv"

    @property
    def tools(self) -> Path:
        """Environments of programs that cannot run in rezup's own process."""
        return self.path / "tools"

    @property
    def files(self) -> Path:
        """The contents of installed files, by digest."""
        return self.path / "files"

    @property
    def environments(self) -> Path:
        """Lists of the files of whole environments, by the versions to which they were resolved."""
        return self.path / "environments"

    @property
    def bytecode(self) -> Path:
        """Byte code, by the digest of its source."""
        return self.path / "bytecode"

    @property
    def probed(self) -> Path:
        """Empty files that record which contents were tested and work."""
        return self.path / "probed"

    @property
    def interpreters(self) -> Path:
        """What the interpreters of this machine have said of themselves."""
        return self.path / "interpreters.json"


def open_caches(root: Path) -> Caches:
    """The caches of this user under a local root; they are made if they do not exist.

    Raises:
        StorageError: they cannot be made, or nothing can be built there, because the path of the root is not UTF-8.
    """
    path = cache_folder(root)
    _refuse_other_encodings(root)
    with storing("cannot write to"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _let_others_in(path.parent)
        # Closed to other users: the files in it are linked into revisions, and whoever can write here can change those.
        path.mkdir(mode=0o700, exist_ok=True)
        for folder in ("files", "environments", "bytecode", "probed"):
            (path / folder).mkdir(exist_ok=True)
    return Caches(path)


def _refuse_other_encodings(root: Path) -> None:
    # uv, virtualenv and pip cannot handle such paths. A revision that was built elsewhere can be used there all the same.
    try:
        os.fsencode(root).decode("utf-8")
    except UnicodeDecodeError as error:
        raise StorageError(
            f"no revision can be built in the local root {root}: its path is not UTF-8",
            "set REZUP_ROOT_LOCAL to another folder, or rename this one",
        ) from error


def _let_others_in(folder: Path) -> None:
    """Let every user of a shared root make a folder of their own here, and remove nobody else's, as in /tmp."""
    try:
        mode = folder.stat().st_mode
        # The umask has narrowed the folder's mode, so take the root's. 0o1000 is the sticky bit (chmod(2)).
        if folder.parent.stat().st_mode & 0o022 and not mode & 0o1000:
            folder.chmod((folder.parent.stat().st_mode & 0o777) | 0o1000)
    except OSError:
        pass  # the folder belongs to another user, whose rezup has done this
