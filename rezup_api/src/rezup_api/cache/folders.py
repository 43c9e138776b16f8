"""Name and open the folders of one user's caches under a local root."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.disk.trust import is_mine
from rezup_api.errors import StorageError
from rezup_api.events import Reporter, Warned, silent
from rezup_api.settings import home_folder
from rezup_api.store.layout import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDERS = ("files", "environments", "bytecode", "probed")


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


def find_caches(root: Path, environ: Mapping[str, str] | None = None) -> tuple[Caches, str]:
    """The caches of this user for a local root, and why they are not below it; the reason is empty if they are.

    Files of the cache become files of revisions by a hard link. So a cache that somebody else could write is not there: the
    caches are then below the user's own cache folder, which costs copies instead of links if that is on another disk.

    Args:
        root: the root's folder.
        environ: the caller's environment, which may name the user's own cache folder.
    """
    path = cache_folder(root)
    obstacle = _obstacle(path)
    if not obstacle:
        return Caches(path), ""
    own = (environ or {}).get("XDG_CACHE_HOME", "")
    above = Path(own) if os.path.isabs(own) else home_folder(environ or {}) / ".cache"
    key = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
    return Caches(above / "rezup" / "roots" / key), obstacle


def open_caches(root: Path, environ: Mapping[str, str] | None = None, report: Reporter = silent) -> Caches:
    """The caches of this user for a local root; they are made if they do not exist, and closed to other users.

    Args:
        root, environ: see `find_caches`.
        report: gets a warning if they are not below the root.

    Raises:
        StorageError: they cannot be made, other users could write to each place for them, or nothing can be built there, because
            the path of the root is not UTF-8.
    """
    _refuse_other_encodings(root)
    caches, obstacle = find_caches(root, environ)
    path = caches.path
    if obstacle:
        report(Warned(f"{obstacle}, so that nothing is taken from there; using {path}"))
    with storing("cannot write to"):
        if obstacle:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _let_others_in(path.parent)
        # Closed to other users: the files in it are linked into revisions, and whoever can write here can change those.
        path.mkdir(mode=0o700, exist_ok=True)
        for folder in FOLDERS:
            (path / folder).mkdir(mode=0o700, exist_ok=True)
    # Asked again, because somebody may have made the folder just before us.
    second = _obstacle(path)
    if second:
        raise StorageError(f"{second}, so that no cache can be there", f"ask for it to be removed: {path}")
    return caches


def _obstacle(path: Path) -> str:
    """Why a cache folder cannot be trusted, as the beginning of a sentence; empty if it can, or does not exist yet."""
    if os.name == "nt":
        return ""
    try:
        above = os.lstat(path.parent)
        if stat.S_ISLNK(above.st_mode) and above.st_uid not in (0, os.geteuid()):
            return f"{path.parent} is a link of another user"
    except OSError:
        return ""  # it does not exist yet
    if os.path.lexists(path) and not is_mine(path):
        return f"{path} belongs to another user, or others can write to it"
    return ""


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
