"""The quick launch and all that a start of rezup passes through; it imports next to nothing.

What every start needs is here: which rezup this is, and what shows whether a file has changed.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stamp = tuple[int, int, int, int] | int

# The releases that a user has taken are told by a digest of this path, so it stays as it is.
VERSION_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "_version.py")
# The stamp of a path that only has to exist.
EXISTS = 0


def stamp(path: str) -> "Stamp":
    """What shows whether a file has changed: its times, size and inode; where it is not there, the number of the error.

    A link that leads nowhere is not the same as no file: it has the inode of the link.
    """
    try:
        found = os.lstat(path)
        if found.st_mode & 0o170000 == 0o120000:  # a link: nearly always one to a file
            try:
                found = os.stat(path)
            except OSError:
                return found.st_ino
    except OSError as error:
        return -(error.errno or 1)
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
