"""Open files and folders that other users can write: no symbolic link, device or pipe, and no more than a stated size.

A path is looked up anew at each call, and somebody may have put a link there since the last look. So a folder is opened once, and
all that it holds is then read, renamed and removed relative to it. Windows has no such calls; there the path is used.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

# Bytes. No file that rezup reads as a whole is larger; a lock of a large environment has about one megabyte.
LIMIT = 16 << 20
# The same for the list of the files of an environment: a line of it for each file.
LISTING_LIMIT = 256 << 20
# What the system answers where the file can be seen and cannot be used: no permission, a link, a folder, a device, too large.
UNUSABLE = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EINVAL, errno.EFBIG})
FOLLOWED = "it is a symbolic link, and rezup follows none there"

_RELATIVE = os.open in os.supports_dir_fd
_CLOSED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# O_NONBLOCK: opening a pipe that nobody writes to would wait for ever. For a regular file it changes nothing.
_FILE = os.O_RDONLY | _CLOSED | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# O_PATH needs only the right to search the folder, as a path does, and not the right to list it.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_LIST = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOSED


class Folder:
    """An open folder; close it by `with`. What is done to its entries happens there, whatever its path names meanwhile.

    Args:
        path: its path, for messages, and to name its entries where the system cannot do it relative to a descriptor.
        descriptor: the open folder; None where the system has no such calls.
    """

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str | os.PathLike[str], descriptor: int | None) -> None:
        self.path = os.fspath(path)
        self._descriptor = descriptor

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def folder(self, name: str) -> Folder:
        """Open a folder in this one.

        Raises:
            OSError: it does not exist, or is none; its errno is ELOOP if it is a symbolic link.
        """
        path = os.path.join(self.path, name)
        if self._descriptor is None:
            return _opened(path)
        try:
            return Folder(path, os.open(name, _PASS | os.O_NOFOLLOW, dir_fd=self._descriptor))
        except OSError as error:
            raise self._explained(error, name) from error

    def names(self) -> list[str]:
        """What lies in it."""
        if self._descriptor is None:
            return os.listdir(self.path)
        listed = self._listed()
        try:
            return os.listdir(listed)
        finally:
            os.close(listed)

    def read(self, name: str, limit: int = LIMIT) -> bytes:
        """The content of a regular file in it; see `read_file`."""
        with self.open(name) as stream:
            return _content(stream, os.path.join(self.path, name), limit)

    def open(self, name: str) -> BinaryIO:
        """Open a regular file in it for reading; see `read_file`."""
        path = os.path.join(self.path, name)
        if self._descriptor is None:
            return _stream(os.open(path, _FILE), path)
        try:
            return _stream(os.open(name, _FILE, dir_fd=self._descriptor), path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from error

    def lstat(self, name: str) -> os.stat_result:
        """What the system says of an entry; of a link, and not of what it leads to."""
        return os.stat(self._name(name), dir_fd=self._descriptor, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Remove a file or a link in it."""
        os.unlink(self._name(name), dir_fd=self._descriptor)

    def give(self, name: str, target: str | os.PathLike[str]) -> None:
        """Rename an entry to the path `target`, which must lie on the same file system."""
        os.rename(self._name(name), target, src_dir_fd=self._descriptor)

    def take(self, source: str | os.PathLike[str], name: str) -> None:
        """Rename the file `source` to an entry, and replace what was there."""
        os.replace(source, self._name(name), dst_dir_fd=self._descriptor)

    def link(self, target: str, name: str) -> None:
        """Put a symbolic link in place of an entry, in one step."""
        beside = f".{name}.{os.urandom(8).hex()}"
        os.symlink(target, self._name(beside), dir_fd=self._descriptor)
        os.replace(self._name(beside), self._name(name), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def way(self, name: str) -> str:
        """A path of an entry for calls that take paths only; on Linux it leads through the open folder, wherever that is now."""
        if os.path.isdir("/proc/self/fd"):
            return f"/proc/self/fd/{self._descriptor}/{name}"
        return os.path.join(self.path, name)

    def touch(self, name: str) -> None:
        """Make an empty file in it, or set the time of the one that is there to now."""
        flags = os.O_WRONLY | os.O_CREAT | _CLOSED | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(self._name(name), flags, 0o666, dir_fd=self._descriptor)
        try:
            os.utime(descriptor if os.utime in os.supports_fd else self._name(name))
        finally:
            os.close(descriptor)

    def make(self, name: str) -> None:
        """Make a folder in it; no error if there is one."""
        try:
            os.mkdir(self._name(name), dir_fd=self._descriptor)
        except FileExistsError:
            if not stat.S_ISDIR(self.lstat(name).st_mode):
                raise

    def remove(self, name: str) -> None:
        """Remove an entry and all below it, write-protected folders included; no error if it does not exist.

        Raises:
            OSError: something could not be removed; the rest of its folder is then removed all the same.
        """
        if self._descriptor is None:
            import shutil

            shutil.rmtree(self._name(name))
            return
        try:
            inner = self.folder(name)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            self._gone(name, os.unlink)
            return
        with inner:
            inner.clear()
        self._gone(name, os.rmdir)

    def clear(self) -> None:
        """Remove all that it holds; see `remove`."""
        failure: OSError | None = None
        try:
            names = self.names()
        except PermissionError:
            self._open_up()
            names = self.names()
        for name in names:
            try:
                try:
                    self.remove(name)
                except PermissionError:
                    # The mode of its folder decides whether a file can be removed, so the files keep theirs: they may be hard
                    # links of the cache, and share their mode with the files of other revisions.
                    self._open_up()
                    self.remove(name)
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure

    def _gone(self, name: str, remove: object) -> None:
        try:
            remove(name, dir_fd=self._descriptor)  # type: ignore[operator]
        except FileNotFoundError:
            pass  # another process removes the same folder at this moment
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.path.join(self.path, name)) from error

    def _open_up(self) -> None:
        """Give this user all rights to the folder, which must be the user's own."""
        # fchmod(2) refuses a descriptor of O_PATH, and the folder may be closed to O_RDONLY. `/proc` names what is open; where it
        # is not there, the folder was opened without O_PATH.
        if hasattr(os, "O_PATH"):
            place: int | str = f"/proc/self/fd/{self._descriptor}"
        else:
            place = self._descriptor if self._descriptor is not None else self.path
        os.chmod(place, stat.S_IMODE(os.stat(place).st_mode) | stat.S_IRWXU)

    def _listed(self) -> int:
        try:
            return os.open(".", _LIST, dir_fd=self._descriptor)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.path) from error

    def _name(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self.path, name)

    def _explained(self, error: OSError, name: str) -> OSError:
        """The error for a folder that cannot be opened: the system says of a link only that it is no folder."""
        path = os.path.join(self.path, name)
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            try:
                if stat.S_ISLNK(self.lstat(name).st_mode):
                    return OSError(errno.ELOOP, FOLLOWED, path)
            except OSError:
                pass  # it is gone by now, and the first answer stands
        return OSError(error.errno, error.strerror, path)


def _opened(path: str) -> Folder:
    if os.path.islink(path):
        raise OSError(errno.ELOOP, FOLLOWED, path)
    if not stat.S_ISDIR(os.stat(path).st_mode):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    return Folder(path, None)


def open_below(root: str | os.PathLike[str], name: str = "") -> Folder:
    """Open a folder below another one. Below `root`, which may be a link, no symbolic link is followed.

    Args:
        root: the path of the upper folder.
        name: the lower one, relative to it, with `/`; empty for the upper one.

    Raises:
        OSError: there is no such folder, or a part of the way cannot be searched; its errno is ELOOP if that is a link.
    """
    folder = Folder(root, os.open(root, _PASS) if _RELATIVE else None)
    for part in name.split("/") if name else ():
        with folder:
            folder = folder.folder(part)
    return folder


def open_file(root: str | os.PathLike[str], name: str) -> BinaryIO:
    """Open a regular file below a folder for reading; see `open_below` and `read_file` for errors."""
    above, _, last = name.rpartition("/")
    with open_below(root, above) as folder:
        return folder.open(last)


def read_below(root: str | os.PathLike[str], name: str, limit: int = LIMIT) -> bytes:
    """The content of a regular file below a folder, by its name relative to that; see `open_below` and `read_file` for errors."""
    above, _, last = name.rpartition("/")
    with open_below(root, above) as folder:
        return folder.read(last, limit)


def read_file(path: str | os.PathLike[str], limit: int = LIMIT) -> bytes:
    """The content of a regular file.

    Args:
        path: the file. If its last part is a symbolic link, that is an error.
        limit: the greatest size, in bytes.

    Raises:
        OSError: the file cannot be read; its errno is in `UNUSABLE` if it is no regular file, or larger than `limit`.
    """
    with _stream(os.open(path, _FILE), str(path)) as stream:
        return _content(stream, str(path), limit)


def _stream(descriptor: int, path: str) -> BinaryIO:
    """A stream of an open file, if it is a regular one."""
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return open(descriptor, "rb")


def _content(stream: BinaryIO, path: str, limit: int) -> bytes:
    # Reading stops behind the limit even if the file grows meanwhile.
    data = stream.read(limit + 1) if os.fstat(stream.fileno()).st_size <= limit else None
    if data is None or len(data) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit} bytes", path)
    return data


def read_own(path: Path, limit: int = LIMIT) -> bytes | None:
    """The content of a file of this user that nobody else can write; None if it does not exist or is not such a file."""
    try:
        found = os.lstat(path)
        if os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
            return None
        return read_file(path, limit)
    except OSError:
        return None
