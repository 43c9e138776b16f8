"""The quick launch, and what every start of rezup passes through; it imports next to nothing.

This module has what every start needs: the path that identifies this rezup, and the stamp that shows a change of a file.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stamp = tuple[int, int, int, int] | int

# This path must stay as it is: the file that names the release to run is found by a number made from it.
VERSION_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "_version.py")
# The stamp of a path that only has to exist.
EXISTS = 0


def stamp(path: str) -> "Stamp":
    """The stamp of a file, which differs after any change: its times in nanoseconds, its size and its inode.

    If there is no file, the stamp is the negative number of the error. A link that leads nowhere is not the same as no file: its
    stamp is the inode of the link.
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
