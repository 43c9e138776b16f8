"""The quick launch and all that a start of rezup passes through; it imports next to nothing.

What every start needs is in this very file, because a module more costs a seventieth of what starting Python costs: which rezup
this is, what shows whether a file has changed, and the *record* of a launch, its fields, its place, how it is read and written.
"""

import _imp
import marshal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from dataclasses import dataclass
    from types import CodeType
    from typing import Any

    Stamp = tuple[int, int, int, int] | int
    Stamps = Iterable[tuple[str, Stamp]]
    Variables = Iterable[tuple[str, str | None]]
    Request = tuple[str, bool, list[str] | None]

FORMAT = 3
# They may differ from one terminal to the next: each combination of their values has records of its own.
DISTINGUISHING = ("REZUP_ROOT_LOCAL", "REZUP_ROOT_REMOTE", "REZUP_RECIPES", "REZUP_REVISION")
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


if TYPE_CHECKING:

    @dataclass
    class Record:
        """The prepared answer to one request, and all that it depends on.

        Stamps are pairs of path and stamp, variables pairs of name and value, None where the variable must be unset.

        Args:
            settled: whether a launch may use it; else it is only there to tell when its files were first seen.
            identity: of the rezup and the Python that wrote it.
            written: when, in seconds since the epoch.
            since: when the files whose stamps are slow to show a change were first seen as they are; 0 without such files.
            early: the variables that decide which site-customize script runs.
            early_stamps: the files that decide it.
            shared: stamps of files on file systems that may hang, after the marker file that tells whether theirs does.
            mounted: folders on local file systems, where one that may hang could be mounted meanwhile.
            script: path and code of the site-customize script; empty without a script.
            variables: the variables that the answer depends on once the script has run.
            stamps: all other files that it depends on.
            revision: the file on which the revision is held.
            values: the variables that the session sets, None for those that it unsets; PATH only if `prefix` does not say it.
            prefix: what the session puts before the caller's PATH.
            removed: the entries of PATH that are an outer session's.
            opening: the command that opens a shell; empty where the record is for a command.
            parent: the command line of the process for which that is the shell; empty where it is the shell for all.
        """

        settled: bool
        identity: "tuple[object, ...]"
        written: float
        since: float
        early: "Variables"
        early_stamps: "Stamps"
        shared: "tuple[tuple[str, Stamps], ...]"
        mounted: "tuple[str, ...]"
        script: "tuple[()] | tuple[str, CodeType]"
        variables: "Variables"
        stamps: "Stamps"
        revision: str
        values: "Mapping[str, str | None]"
        prefix: str
        removed: "tuple[str, ...]"
        opening: "tuple[str, ...]"
        parent: "tuple[str, ...]"

else:
    # `types.SimpleNamespace`, without an import. A class of our own would cost a launch more than all else here.
    Record = type(sys.implementation)


def dumped(record: "Record") -> bytes:
    """What a record's file holds. A Python of another version, whose code is another, cannot unseal it."""
    return seal(vars(record), sys.version)


def record_path(request: "Request", environ: "Mapping[str, str]") -> str:
    """The file of the record that answers a request; empty where there is no place for one.

    It lies where it can be found before any recipe is read. Homes are often shared by hosts, hence the host's name.
    """
    home = environ.get("HOME")
    cache = environ.get("XDG_CACHE_HOME") or (home + "/.cache" if home else "")
    if cache[:1] != "/":
        return ""
    values = "\0".join([environ.get(name, "") for name in DISTINGUISHING])
    key = int.from_bytes(os.fsencode(values), "big") % 2305843009213693951  # a prime: enough to tell them apart
    name = request[0] + ("+local" if request[1] else "") + ("" if request[2] else "+shell")
    return f"{cache}/rezup/{os.uname().nodename}/launches/{name}+{key:x}"


def load(path: str) -> "Record | None":
    """The record in a file, settled or not; None if there is none that can be trusted.

    It must be the user's own and closed to others, of this very rezup and Python, and not from the future: where the clock was
    set back, a stamp may come a second time.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
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
    """What a record is bound to: its format, Python with its byte code, and the very files of this rezup."""
    return FORMAT, sys.version, VERSION_FILE, stamp(VERSION_FILE)
