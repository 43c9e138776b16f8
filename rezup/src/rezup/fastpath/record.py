"""The types of a launch: its request, stamps, and the fields of its record. Launches do not load this module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType

    Stamp = tuple[int, int, int, int] | int
    Stamps = Iterable[tuple[str, Stamp]]
    Variables = Iterable[tuple[str, str | None]]
    Request = tuple[str, bool, list[str] | None]
    ScriptRun = tuple[str, Mapping[str, str], BaseException | None]


@dataclass
class Record:
    """The answer to one request, and everything on which it depends.

    Stamps are pairs of a path and its `stamp`. Variables are pairs of a name and a value, which is None if the variable must
    not be set. Moments are seconds since the epoch.

    Args:
        settled: whether a launch may use the record. If not, it only says since when its files have been unchanged.
        identity: the `identity` of the rezup and the Python that wrote it.
        written: when it was written.
        since: since when the files whose stamps show a change late have been unchanged; 0 if there are no such files.
        early: the variables that decide which site-customize script runs.
        early_stamps: the files that decide which site-customize script runs.
        shared: for each file system that may hang, its marker file (see `rezup_api.netfs`) and the stamps of its files.
        mounted: folders on local file systems, at which a share could be mounted meanwhile.
        script: the path and the code of the site-customize script; empty if there is none.
        variables: the variables on which the answer depends after the script has run.
        stamps: all other files on which the answer depends.
        revision: the file of which a session holds the lease.
        values: the variables that the session sets, None for one that it unsets; PATH only if `prefix` cannot give it.
        prefix: the entries that go before the caller's PATH.
        removed: the entries of the caller's PATH that come from an outer session, and are left out.
        opening: the command that opens a shell; empty if the request has a command.
        parent: the command line of the parent process for which that is the right shell; empty if it is right for any parent.
    """

    settled: bool
    identity: tuple[object, ...]
    written: float
    since: float
    early: Variables
    early_stamps: Stamps
    shared: tuple[tuple[str, Stamps], ...]
    mounted: tuple[str, ...]
    script: tuple[()] | tuple[str, CodeType]
    variables: Variables
    stamps: Stamps
    revision: str
    values: Mapping[str, str | None]
    prefix: str
    removed: tuple[str, ...]
    opening: tuple[str, ...]
    parent: tuple[str, ...]
