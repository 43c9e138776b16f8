"""The record of a launch: what it holds, where it lies, how it is read and written.

Every launch loads this module, so nothing is imported that Python has not loaded at its start.
"""

import os
import sys
import time
from _operator import itemgetter

from rezup.fastpath import VERSION_FILE, seal, stamp, unseal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType

    from rezup.fastpath import Stamp

    Request = tuple[str, bool, list[str] | None]
    Stamps = Iterable[tuple[str, Stamp]]
    Variables = Iterable[tuple[str, str | None]]

FORMAT = 3
# They may differ from one terminal to the next: each combination of their values has records of its own.
DISTINGUISHING = ("REZUP_ROOT_LOCAL", "REZUP_ROOT_REMOTE", "REZUP_RECIPES", "REZUP_REVISION")


class Record(tuple):  # type: ignore[type-arg]
    """The prepared answer to one request, and all that it depends on: a named tuple, made by `make_record`.

    `typing.NamedTuple` would cost a launch more than all of rezup. Stamps are pairs of path and stamp, variables pairs of name
    and value, None where the variable must be unset.

    Attributes:
        settled: whether a launch may use it; else it is only there to tell when its files were first seen.
        identity: of the rezup and the Python that wrote it.
        written: when, in seconds since the epoch.
        since: when the files whose stamps are slow to show a change were first seen as they are; 0 where there are no such files.
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

    def dumped(self) -> bytes:
        """What the record's file holds. A Python of another version, whose code is another, cannot unseal it."""
        return seal(tuple(self), sys.version)


FIELDS = tuple(Record.__annotations__)
for _index, _name in enumerate(FIELDS):
    setattr(Record, _name, property(itemgetter(_index)))


def make_record(**fields: object) -> Record:
    """A record of all its fields."""
    return Record(fields[name] for name in FIELDS)


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
            record = Record(unseal(os.read(descriptor, found.st_size), sys.version))
        finally:
            os.close(descriptor)
        if len(record) != len(FIELDS) or record.identity != identity() or record.written > time.time():
            return None
    except (OSError, ValueError, TypeError):
        return None
    return record


def identity() -> "tuple[object, ...]":
    """What a record is bound to: its format, Python with its byte code, and the very files of this rezup."""
    return FORMAT, sys.version, VERSION_FILE, stamp(VERSION_FILE)
