"""The quick launch and all that a start of rezup passes through; it imports next to nothing.

What every start needs is here: which rezup this is, and what shows whether a file has changed.
"""

import _imp
import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Stamp = tuple[int, int, int, int] | int

# Bytes of the digest before what is sealed.
_DIGEST = 8
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


def seal(value: "Any", salt: str = "") -> bytes:
    """A value as bytes that `unseal` reads, after a digest of them.

    Args:
        value: of the types that `marshal` knows.
        salt: who does not know it cannot unseal.
    """
    payload = marshal.dumps(value)
    return _imp.source_hash(_key(salt), payload) + payload


def unseal(data: bytes, salt: str = "") -> "Any":
    """Read what `seal` made.

    `marshal` crashes, or never ends, on bytes that it has not written: so a digest comes first. SipHash is built into every
    Python, for byte code (PEP 552); any other digest would have to be imported.

    Raises:
        ValueError: a byte is another one, some are missing, or the salt is wrong.
    """
    if len(data) <= _DIGEST or _imp.source_hash(_key(salt), data[_DIGEST:]) != data[:_DIGEST]:
        raise ValueError("the bytes are damaged")
    return marshal.loads(data[_DIGEST:])


def _key(salt: str) -> int:
    return int.from_bytes(salt.encode(), "big") % 2305843009213693951
