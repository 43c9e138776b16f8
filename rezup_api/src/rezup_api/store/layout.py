"""Name the files and folders under a root, and the folder that holds a user's caches."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error
from rezup_api.disk.reading import open_below
from rezup_api.frozen import dataclass
from rezup_api.store.names import newest_first_names

if TYPE_CHECKING:
    from pathlib import Path

RECIPE_FILE = "rezup.toml"
METADATA_FILE = "revision.json"
REVISIONS = "revisions"
CACHE_FOLDER = ".cache"
# In a revision: the wheels that rezup built from the local paths that the recipe names.
WHEELS = "wheels"
BIN = "Scripts" if os.name == "nt" else "bin"


@dataclass(frozen=True, slots=True)
class ContainerFolder:
    """The folder of one container under a root; it need not exist.

    Args:
        root: the root's folder, absolute.
        name: the container's name.
    """

    root: Path
    name: str

    @property
    def path(self) -> Path:
        """The container's own folder."""
        return self.root / self.name

    @property
    def revisions(self) -> Path:
        """The folder that holds the revisions."""
        return self.path / REVISIONS

    @property
    def libraries(self) -> Path:
        """The folder that holds the libraries that revisions share."""
        return self.path / "libs"

    @property
    def data(self) -> Path:
        """The folder that holds the data folders that revisions share."""
        return self.path / ".data"

    def timestamps(self) -> list[str]:
        """The timestamps of all revisions, newest first, ready or not; empty if the container does not exist.

        Raises:
            StorageError: the folder cannot be read, or is a file.
        """
        try:
            with open_below(self.root, f"{self.name}/{REVISIONS}") as revisions:
                return newest_first_names(revisions.names())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error("cannot list", error) from error


def lock_name(environment: str) -> str:
    """The name of the file in a revision that holds the lock of an environment, as PEP 751 prescribes it."""
    return f"pylock.{environment}.toml"


def environment_of_lock(lock: str) -> str:
    """The name of the environment that a lock belongs to, from the name of the lock's file."""
    return lock.removeprefix("pylock.").removesuffix(".toml")


def cache_folder(root: Path) -> Path:
    """The folder of the present user's caches under a local root.

    It is on the root's own file system, because rezup hard-links files from it into revisions. Each user has a folder of their
    own: a file that another user can write must not get into a revision by a link.
    """
    return root / CACHE_FOLDER / user_key()


def user_key() -> str:
    """A part of a folder's name that differs from user to user of this machine."""
    if os.name != "nt":
        return f"user-{os.getuid()}"
    import getpass

    return f"user-{getpass.getuser()}"


def platform_tag() -> str:
    """The platform of this machine, as a revision records it: `linux-x86_64`, `darwin-arm64`, `windows-amd64`."""
    if os.name == "nt":
        import platform

        return f"windows-{platform.machine().lower()}"
    system = os.uname()
    return f"{system.sysname.lower()}-{system.machine.lower()}"


def platform_name() -> str:
    """The name that recipes use for the platform of this machine: linux, darwin or windows."""
    return {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")


def site_packages(environment: Path, version: tuple[int, ...]) -> Path:
    """The folder into which a virtual environment installs pure Python packages.

    Args:
        environment: the environment's folder.
        version: the version of its Python, at least two numbers.
    """
    if os.name == "nt":
        return environment / "Lib" / "site-packages"
    return environment / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"
