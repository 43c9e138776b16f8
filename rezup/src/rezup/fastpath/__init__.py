"""The quick launch, and what every start of rezup passes through; it imports next to nothing.

This module has what every start needs: the path that identifies this rezup, the stamp that shows a change of a file, and the
*record* of a launch, with its fields, its place, and how it is read and written. It is one file, because a further module costs a
seventieth of the start of Python.
"""

import _imp
import marshal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rezup.fastpath.record import (
        Record as Record,
        Request as Request,
        Stamp as Stamp,
        Stamps as Stamps,
        Variables as Variables,
    )

FORMAT = 3
# These variables may differ from one terminal to the next, so each combination of their values has records of its own.
DISTINGUISHING = ("REZUP_ROOT_LOCAL", "REZUP_ROOT_REMOTE", "REZUP_RECIPES", "REZUP_REVISION")
# The length in bytes of the digest that `seal` puts before a value.
_DIGEST = 8
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


def seal(value: "Any", salt: str = "") -> bytes:
    """Write a value as bytes, with a digest before them; `unseal` reads them.

    Args:
        value: a value of the types that `marshal` supports.
        salt: a text without which the bytes cannot be unsealed.
    """
    payload = marshal.dumps(value)
    return _imp.source_hash(_key(salt), payload) + payload


def unseal(data: bytes, salt: str = "") -> "Any":
    """Read the bytes that `seal` has written.

    Raises:
        ValueError: the bytes are damaged or incomplete, or the salt is wrong.
    """
    # `marshal` crashes, or never ends, on bytes that it has not written, so the digest is compared first. Python has SipHash for
    # its byte code (PEP 552); any other digest would need an import.
    if len(data) <= _DIGEST or _imp.source_hash(_key(salt), data[_DIGEST:]) != data[:_DIGEST]:
        raise ValueError("the bytes are damaged")
    return marshal.loads(data[_DIGEST:])


def _key(salt: str) -> int:
    return int.from_bytes(salt.encode(), "big") % 2305843009213693951


if not TYPE_CHECKING:
    # `types.SimpleNamespace`, without an import. A class of our own would cost a launch more than all else here.
    Record = type(sys.implementation)


def dumped(record: "Record") -> bytes:
    """The content of a record's file. A Python of another version cannot unseal it, because its byte code differs."""
    return seal(vars(record), sys.version)


def record_path(request: "Request", environ: "Mapping[str, str]") -> str:
    """The path of the record that answers a request; empty if there is no folder for records.

    The path depends on the request and on variables alone, because it is needed before any recipe is read. It has the name of the
    host in it, because hosts often share the home folder.
    """
    home = environ.get("HOME")
    cache = environ.get("XDG_CACHE_HOME") or (home + "/.cache" if home else "")
    if cache[:1] != "/":
        return ""
    values = "\0".join([environ.get(name, "") for name in DISTINGUISHING])
    key = int.from_bytes(os.fsencode(values), "big") % 2305843009213693951  # a remainder by a prime tells them apart
    name = request[0] + ("+local" if request[1] else "") + ("" if request[2] else "+shell")
    return f"{cache}/rezup/{os.uname().nodename}/launches/{name}+{key:x}"


def load(path: str) -> "Record | None":
    """Read a record, settled or not; None if there is none, or if it cannot be trusted.

    The file must belong to this user and be closed to all others, because what it names is run. The record must have been
    written by this very rezup and Python, and not in the future: after the clock was set back, a changed file can get the same
    stamp a second time.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # The open descriptor is asked, not the path, which could name another file by then.
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid() or found.st_mode & 0o77:
                return None
            record = Record(**unseal(os.read(descriptor, found.st_size), sys.version))
        finally:
            os.close(descriptor)
        return record if record.identity == identity() and record.written <= time.time() else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def identity() -> "tuple[object, ...]":
    """What a record is bound to: its format, the version of Python (for the script's byte code), and the files of this rezup."""
    return FORMAT, sys.version, VERSION_FILE, stamp(VERSION_FILE)
