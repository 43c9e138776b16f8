"""Decide how entries of a log follow each other. Everything here is a pure function of entries that have been read."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.published.log_entry import Entry

# How many entries an accepted one may be behind, if the entries between them must be read.
FAR = 1000


class Relation(Enum):
    """How an entry stands to one that was accepted before."""

    NEWER = "it follows the accepted one"
    OLDER = "it is older than the accepted one"
    SAME = "it is the accepted one"
    WITHDRAWAL = "its writer could not use the accepted one, and went on from the entry before"
    FORK = "it does not follow the accepted one"
    OTHER = "it belongs to another log"


def is_link(entry: Entry, head: Entry) -> bool:
    """Whether an entry is a valid successor of `head`, the last valid entry so far.

    A writer that could not read `head`, or found it damaged, has gone on from the entry before it. That withdraws `head`.
    """
    if (entry.log, entry.container) != (head.log, head.container) or entry.generation <= head.generation:
        return False
    return entry.chain[:1] in ((head.link,), head.chain[:1]) if entry.chain else False


def relation(entry: Entry, accepted: Entry, fetch: Callable[[int], Entry | None]) -> Relation:
    """How an entry stands to the accepted one.

    Args:
        entry: a valid entry under the same container's name.
        accepted: the accepted one.
        fetch: reads the entry with a number; None if there is no valid entry of that number.
    """
    if entry.log != accepted.log:
        return Relation.OTHER
    if entry.generation <= accepted.generation:
        same = entry.digest == accepted.digest
        return Relation.SAME if same else Relation.OLDER if entry.generation < accepted.generation else Relation.FORK
    chain = entry.chain
    for _ in range(FAR):
        for link in chain:
            if link[0] < accepted.generation:
                return Relation.WITHDRAWAL if link in accepted.chain else Relation.FORK
            if link[0] == accepted.generation:
                return Relation.NEWER if link == accepted.link else Relation.FORK
        # The chain of this entry does not reach down to the accepted one. The oldest entry that it names goes on from there.
        last = fetch(chain[-1][0]) if chain else None
        if last is None or last.link != chain[-1]:
            break
        chain = last.chain
    return Relation.FORK
