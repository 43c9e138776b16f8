"""What a prepared record holds; the quick launch reads the same fields by their order."""

from __future__ import annotations

import marshal
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from rezup.fastpath.replay import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType

    from rezup.fastpath import Stamp

    Stamps = tuple[tuple[str, Stamp], ...]
    Variables = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The prepared answer to one request, and all that it depends on.

    Stamps are pairs of path and stamp (`quick.stamp`), variables pairs of name and value, None where it must be unset.

    Args:
        settled: whether it may be used; else it is only there to tell when its files were first seen.
        identity: of the rezup and the Python that wrote it.
        written: when, in seconds since the epoch.
        since: when the files whose stamps are slow to show a change were first seen as they are; 0 where there are none.
        early: the variables that decide which site-customize script runs.
        early_stamps: the files that decide it.
        shared: stamps of files on file systems that may hang; for each, after where `guard` keeps in mind that it does.
        mounted: folders on local file systems, where one that may hang could be mounted meanwhile.
        script: path and code of the site-customize script; empty without one.
        variables: the variables that the answer depends on once the script has run.
        stamps: all other files that it depends on.
        revision: the file on which the revision is held.
        values: the variables that the session sets, None for those that it does not have; PATH only if `prefix` does not say it.
        prefix: what goes before the caller's PATH.
        removed: the entries of it that are an outer session's.
        opening: the command that opens a shell; empty without one.
        parent: the command line of the process for which that is the shell; empty where it is the shell for all.
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

    def dumped(self) -> bytes:
        """What the record's file holds."""
        return marshal.dumps(tuple(getattr(self, field.name) for field in fields(self)))


def read(path: str) -> Record | None:
    """The record in a file, settled or not; None if there is none that can be trusted."""
    found = load(path)
    return Record(*found) if found is not None and len(found) == len(fields(Record)) else None
