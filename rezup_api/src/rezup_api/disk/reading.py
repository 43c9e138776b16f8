"""Read files that other users can write: a regular file of at most a stated size, never a link, a device or a pipe."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Bytes. No file that rezup reads as a whole is larger; a lock of a large environment has about one megabyte.
LIMIT = 16 << 20
# What the system answers where the file can be seen and cannot be used: no permission, a link, a folder, a device, too large.
UNUSABLE = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EINVAL, errno.EFBIG})


def read_file(path: str | os.PathLike[str], limit: int = LIMIT) -> bytes:
    """The content of a regular file.

    Args:
        path: the file. If its last part is a symbolic link, that is an error.
        limit: the greatest size, in bytes.

    Raises:
        OSError: the file cannot be read; its errno is in `UNUSABLE` if it is no regular file, or larger than `limit`.
    """
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever. For a regular file it changes nothing.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        # `open` refuses a folder, and would then leave the descriptor open.
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        with open(descriptor, "rb", closefd=False) as stream:
            # Reading stops behind the limit even if the file grows meanwhile.
            data = stream.read(limit + 1) if found.st_size <= limit else None
    finally:
        os.close(descriptor)
    if data is None or len(data) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit} bytes", str(path))
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
