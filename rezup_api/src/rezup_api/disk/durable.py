"""Bring files and names onto the disk itself, so that a power loss leaves what others read whole: the old state or the new one.

A rename may reach the disk before the content of what was renamed; after a power loss the name then leads to an empty file. So
whoever lets something appear calls `flush_file` or `flush_tree` before the rename, and `flush_folder` after it. What other
machines or later commands can make again without a loss does without: caches, records of launches, markers.

The name of a folder that was just made is not flushed into the folder above it. The journals of ext4, xfs and btrfs keep the
order: the name of the new folder comes to the disk with what lies in it. A server of NFS makes folders at once.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What a file system answers that cannot do this at all. Anything else, such as EIO or ENOSPC, means that data may be lost.
CANNOT = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
# Up to so many files and folders are flushed one by one, without a wait for what other programs have written to the same disk.
# Each costs a command to the disk (0.2 to 2.6 ms, measured), so that a whole environment would take half a second or more.
FEW = 16
# Windows flushes only what is open for writing.
_MODE = os.O_RDONLY if os.name != "nt" else os.O_RDWR


def flush_file(path: str | os.PathLike[str]) -> None:
    """Wait until the content of a file is on the disk.

    Raises:
        OSError: it could not be written there, or the file cannot be opened. A file system that cannot flush is no error.
    """
    try:
        descriptor = os.open(path, _MODE)
    except PermissionError:
        if os.name == "nt":  # a write-protected file, which Windows opens for nobody who could flush it
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT:
            raise OSError(error.errno, os.strerror(error.errno or 0), os.fspath(path)) from error
    finally:
        with suppress(OSError):  # everything is written, so nothing can be lost
            os.close(descriptor)


def flush_folder(path: str | os.PathLike[str]) -> None:
    """Wait until the names in a folder are on the disk, after one of them has changed. A failure is passed over."""
    # The name is there for all to see, so the act is done, and an error would say the opposite: a publisher would remove the
    # files of a revision that machines already build, a user would repeat what has happened. At worst a power loss in the next
    # seconds takes the name back, and leaves the old state, which is whole.
    with suppress(OSError):
        if os.name != "nt":  # Windows opens no folders
            flush_file(path)


def flush_tree(top: Path) -> None:
    """Wait until a folder and all that it holds is on the disk.

    Raises:
        OSError: something could not be written there. A file system that cannot flush is no error.
    """
    # syncfs(2) takes a few milliseconds for any number of files, where they are all that is new on the disk. It may fail because
    # of what another program has written, so a failure is no answer: then each file tells about itself.
    if len(list(islice(_below(top), FEW + 1))) > FEW and _flush_file_system(top):
        return
    for path in _below(top):
        flush_file(path)


def _below(top: Path) -> Iterator[str]:
    """The regular files and the folders of a tree; a folder comes after what it holds. Links are names in their folder."""

    def refuse(error: OSError) -> None:
        raise error

    for folder, _, names in os.walk(top, topdown=False, onerror=refuse):
        for name in names:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path
        if os.name != "nt":
            yield folder


def _flush_file_system(path: Path) -> bool:
    """Flush all that is new on a file system; False where the system cannot, or could not write something."""
    import ctypes  # takes a third of the start of Python; few commands build anything

    try:
        # syncfs(2) of Linux; Python has no function for it. Before Linux 5.8 it does not tell of failures.
        flush = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError, TypeError):
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return bool(flush(descriptor) == 0)
    finally:
        with suppress(OSError):
            os.close(descriptor)
