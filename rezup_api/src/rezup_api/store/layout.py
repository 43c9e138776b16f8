"""Where things lie under a root, and which caches belong to whom."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error
from rezup_api.frozen import dataclass
from rezup_api.store.names import newest_first_names

if TYPE_CHECKING:
    from pathlib import Path

RECIPE_FILE = "rezup.toml"
METADATA_FILE = "revision.json"
CACHE_FOLDER = ".cache"
# In a revision: the wheels that were made of what its recipe takes from local paths.
WHEELS = "wheels"
BIN = "Scripts" if os.name == "nt" else "bin"


@dataclass(frozen=True, slots=True)
class ContainerFolder:
    """The folder of one container under a local or remote root; it need not exist."""

    root: Path
    name: str

    @property
    def path(self) -> Path:
        """The container's own folder."""
        return self.root / self.name

    @property
    def revisions(self) -> Path:
        """The folder of its revisions."""
        return self.path / "revisions"

    @property
    def libraries(self) -> Path:
        """The folder of the libraries that its revisions share."""
        return self.path / "libs"

    @property
    def data(self) -> Path:
        """The folder of the data folders that its revisions share."""
        return self.path / ".data"

    def timestamps(self) -> list[str]:
        """The names of its revisions, newest first, ready or not; empty when there is no such container.

        Raises:
            StorageError: the folder cannot be read, or is a file.
        """
        try:
            return newest_first_names(os.listdir(self.revisions))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error("cannot list", error) from error


def lock_name(environment: str) -> str:
    """The file in a revision that holds the lock of one of its environments; the name is that of PEP 751."""
    return f"pylock.{environment}.toml"


def environment_of_lock(lock: str) -> str:
    """The environment that a lock is for, from the name of its file."""
    return lock.removeprefix("pylock.").removesuffix(".toml")


def cache_folder(root: Path) -> Path:
    """This user's caches under a local root.

    On the root's own file system, because files are linked from there into revisions; and one for each user, because a file
    that another user may write is not one to link.
    """
    return root / CACHE_FOLDER / user_key()


def user_key() -> str:
    """What tells the users of a machine apart in names of folders."""
    if os.name != "nt":
        return f"user-{os.getuid()}"
    import getpass

    return f"user-{getpass.getuser()}"


def platform_tag() -> str:
    """The platform that a revision is made for and on: `linux-x86_64`, `darwin-arm64`, `windows-amd64`."""
    if os.name == "nt":
        import platform

        return f"windows-{platform.machine().lower()}"
    system = os.uname()
    return f"{system.sysname.lower()}-{system.machine.lower()}"


def platform_name() -> str:
    """The platform's name in recipes: linux, darwin or windows."""
    return {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")


def site_packages(environment: Path, version: tuple[int, ...]) -> Path:
    """The folder into which an environment installs pure Python packages."""
    if os.name == "nt":
        return environment / "Lib" / "site-packages"
    return environment / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"
