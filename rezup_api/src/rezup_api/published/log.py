"""Read and continue the log of a published container.

    <container>/log/<generation>.json    one entry; it is created once and never changed. Its creation is the act
    <container>/pointer                  a copy of the newest entry, by which readers find it

An entry counts if it fits to the one before it; see `published.chain`. Anything else under the name of an entry is *void*:
readers and writers pass it over, and nobody removes it. So nobody can block a container by occupying names.

A pointer may be older than the log: its writer was killed, or was slower than the next one. Readers therefore also ask for the
entry after the one that they know, and writers put the pointer right.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from rezup_api.errors import BusyError, RemoteError
from rezup_api.events import Reporter, Warned
from rezup_api.published.chain import Relation, is_link, relation
from rezup_api.published.log_entry import GREATEST, LIMIT, Entry, UnknownFormatError, parse_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rezup_api.published.accepted import Accepted
    from rezup_api.published.published_state import Publication
    from rezup_api.storage.interface import Storage

LOG = "log"
POINTER = "pointer"
# How many void numbers in a row a reader looks past; beyond them it needs the pointer.
VOIDS = 8
# How many names one question to the storage asks for.
BATCH = 64
# How many numbers a writer looks past. Each costs a reading, so this ends in seconds.
WRITER_VOIDS = 100_000
ATTEMPTS = 1000

Result = TypeVar("Result")


class OutrunError(BusyError):
    """Another user has changed the container first, so what to do must be decided anew."""


class UndecidedError(RemoteError):
    """It cannot be known whether an act has happened, because the storage does not answer any more."""


class Log:
    """The log of one container.

    Args:
        storage: the storage of the remote root.
        name: the container's name.
        accepted: the file that keeps what this user has accepted.
        report: called with the warnings that the user should see.
    """

    def __init__(self, storage: Storage, name: str, accepted: Accepted, report: Reporter) -> None:
        self._storage = storage
        self._name = name
        self._accepted = accepted
        self._report = report

    def name_of(self, generation: int) -> str:
        """The name under which the entry of a generation lies in the storage."""
        return f"{self._name}/{LOG}/{generation}.json"

    @property
    def pointer(self) -> str:
        """The name of the pointer in the storage."""
        return f"{self._name}/{POINTER}"

    def head(self) -> Entry | None:
        """The newest entry; None if the container has no log.

        Raises:
            RemoteError: the remote root cannot be read, its log contradicts what this user has accepted before, or the newest
                entry needs a newer rezup.
        """
        accepted = self._accepted.read()
        if accepted is not None and accepted.container != self._name:
            accepted = None
        found = self._stated(accepted)
        if found is None:
            return None
        head, _ = self._forward(found, VOIDS)
        if accepted is None or head.digest != accepted.digest:
            self._accepted.write(head)
        return head

    def _stated(self, accepted: Entry | None) -> Entry | None:
        """The entry from which to look for newer ones: that of the pointer or the accepted one, whichever is newer."""
        own = self.name_of(accepted.generation) if accepted is not None else self.pointer
        found = self._storage.get_many({self.pointer: None, own: None}, LIMIT)
        stated = self._parsed(found.get(self.pointer))
        if accepted is None:
            return stated or self._recovered(pointed=self.pointer in found)
        kept = self._parsed(found.get(own), accepted.generation)
        if kept is not None and kept.link != accepted.link and (stated is None or stated.generation <= kept.generation):
            raise self._contradiction(Relation.FORK if kept.log == accepted.log else Relation.OTHER)
        if stated is None:
            if own not in found:
                raise self._contradiction(None)
            return accepted
        stands = relation(stated, accepted, self.entry)
        if stands in (Relation.FORK, Relation.OTHER):
            raise self._contradiction(stands)
        if stands is Relation.WITHDRAWAL:
            act = accepted.act
            what = f"{act.act} of {self._name} by {act.who} on {act.host}"
            self._report(Warned(f"{what} is void: a later writer could not read it"))
        if stands is Relation.OLDER:
            if own not in found:
                self._report(
                    Warned(
                        f"{self._storage.place} shows an older state of {self._name} (entry {stated.generation} of its log)"
                        f" than it has shown before (entry {accepted.generation}), which stays in force"
                    )
                )
            return accepted
        return stated

    def _recovered(self, *, pointed: bool) -> Entry | None:
        """The newest entry where the pointer is damaged or missing; None without a log, or, with a warning, for one in ruins."""
        numbers = self._numbers()
        entry = self._greatest(numbers)
        if entry is None and pointed and numbers:
            where = f"{self._name} on {self._storage.place}"
            self._report(Warned(f"nothing in the log of {where} can be read; ask whoever keeps it"))
        return entry

    def _numbers(self) -> list[int]:
        """The numbers under which anything lies in the log, the greatest first."""
        names = self._storage.names(f"{self._name}/{LOG}")
        return sorted((int(name.removesuffix(".json")) for name in names if _is_entry_name(name)), reverse=True)

    def _greatest(self, numbers: list[int]) -> Entry | None:
        """The valid entry with the greatest of these numbers; None if there is none."""
        for start in range(0, min(len(numbers), WRITER_VOIDS), BATCH):
            some = numbers[start : start + BATCH]
            found = self._storage.get_many(map(self.name_of, some), LIMIT)
            for number in some:
                entry = self._parsed(found.get(self.name_of(number)), number)
                if entry is not None:
                    return entry
        return None

    def _forward(self, head: Entry, voids: int) -> tuple[Entry, int]:
        """The newest entry from `head` on, and the first free number after it.

        Args:
            voids: how many void numbers in a row to look past.
        """
        number, count, batch = head.generation + 1, 0, 1
        while True:
            numbers = range(number, number + batch)
            found = self._storage.get_many(map(self.name_of, numbers), LIMIT)
            for number in numbers:
                name = self.name_of(number)
                if name not in found:
                    return head, number
                entry = self._parsed(found[name], number, head)
                head, count = (entry, 0) if entry is not None else (head, count + 1)
                if count > voids:
                    return head, number
            number += 1
            # As a rule there is nothing behind the entry that the pointer names, so the first question is for one name.
            batch = BATCH if voids > VOIDS else VOIDS

    def _parsed(self, data: bytes | None, number: int | None = None, head: Entry | None = None) -> Entry | None:
        """The entry in these bytes; None if they are void.

        Args:
            data: the bytes; None if there are none, or none that can be read.
            number: the generation that the entry must have; None for that of the pointer, which may have any.
            head: the entry that it must follow; None if that is not known.
        """
        if data is None:
            return None
        try:
            entry = parse_entry(data)
        except UnknownFormatError as error:
            log, container, generation = error.stated
            if container == self._name and number in (None, generation) and (head is None or head.log == log):
                text = f"the log of {self._name} on {self._storage.place} needs a newer rezup"
                raise RemoteError(text, "upgrade: rezup upgrade") from error
            return None
        except ValueError:
            return None
        if entry.container != self._name or number not in (None, entry.generation):
            return None
        return entry if head is None or is_link(entry, head) else None

    def _contradiction(self, found: Relation | None) -> RemoteError:
        from shlex import quote  # hardly anybody needs it

        place = self._storage.place
        what = {
            None: f"{place} has lost the log of {self._name}",
            Relation.OTHER: f"{place} has another log of {self._name} than this machine has accepted before",
            Relation.FORK: f"the log of {self._name} on {place} contradicts what this machine has accepted before",
        }[found]
        return RemoteError(
            what,
            f"ask whoever keeps {place}; if it was set up anew on purpose, accept it: rm {quote(str(self._accepted.path))}",
        )

    def entry(self, number: int) -> Entry | None:
        """The entry of that number; None if there is no entry of this container."""
        name = self.name_of(number)
        return self._parsed(self._storage.get_many([name], LIMIT).get(name), number)

    def below(self, head: Entry, count: int) -> Iterator[Entry]:
        """The valid entries from `head` down, `count` at most; they end early if one is missing."""
        yield head
        links, expected = list(head.chain), count - 1
        while links and expected > 0:
            found = self._storage.get_many([self.name_of(number) for number, _ in links[:expected]], LIMIT)
            entry = None
            for number, digest in links[:expected]:
                entry = self._parsed(found.get(self.name_of(number)), number)
                if entry is None or entry.digest != digest:
                    return
                yield entry
            expected -= len(links)
            links = list(entry.chain) if entry is not None else []

    def earlier(self, entry: Entry) -> Iterator[Publication]:
        """What the log has published before the recent publications of `entry`; it ends early if an entry is missing.

        Some may have been removed since, and some may come twice.
        """
        # Each entry names the last publications before it, so the entry of the oldest of them tells of as many more.
        while entry.state.recent and entry.state.recent[-1].entry:
            oldest = entry.state.recent[-1]
            found = self.entry(oldest.generation)
            if found is None or found.digest != oldest.entry:
                return
            entry = found
            yield from entry.state.recent

    def place_for_next(self, head: Entry | None) -> int:
        """The number under which the entry after `head` must be created.

        Raises:
            OutrunError: there is a newer entry than `head`.
            RemoteError: too many numbers are void.
        """
        if head is None:
            return self._first_number()
        newest, number = self._forward(head, WRITER_VOIDS)
        if newest.link != head.link:
            if self._forward(head, VOIDS)[0].link != newest.link:
                # Its writer was killed before the pointer, and more is in the way than readers look past.
                self._point_to(newest)
            raise self._outrun()
        if number > head.generation + WRITER_VOIDS or number > GREATEST:
            raise RemoteError(f"the log of {self._name} on {self._storage.place} is full", "ask whoever keeps it")
        return number

    def _first_number(self) -> int:
        """The first free number of a log that has no entry."""
        numbers = self._numbers()
        # The same list must say that there is no entry and which number is free. With two lists, another writer could create the
        # first entry in between, and this one would then begin a second log behind it.
        if self._greatest(numbers) is not None:
            raise self._outrun()
        taken = set(numbers)
        return next(number for number in range(1, len(taken) + 2) if number not in taken)

    def _outrun(self) -> OutrunError:
        return OutrunError(f"others keep changing {self._name} on {self._storage.place}", "try again")

    def append(self, entry: Entry) -> None:
        """Create an entry; from then on the act has happened. Then let the pointer name it.

        Raises:
            OutrunError: another entry has the number.
            RemoteError: the entry cannot be created, or it cannot be known whether it was.
        """
        if not self._create(entry):
            raise self._outrun()
        try:
            self._accepted.write(entry)
            self._point_to(entry)
        except RemoteError as error:
            self._report(Warned(f"it is done; the next writer must put the pointer right: {error.message}"))
        except KeyboardInterrupt:
            pass  # it is done: readers find the entry without the pointer

    def _create(self, entry: Entry) -> bool:
        name = self.name_of(entry.generation)
        try:
            if self._storage.put_if_absent(name, entry.data):
                return True
        except (RemoteError, KeyboardInterrupt) as error:
            # The storage may have created the entry although its answer was lost, or an interrupt came between.
            if not self._is_ours(entry, error):
                raise
            return True
        # A storage that repeats a request by itself can find what its first try has created.
        return self._is_ours(entry, None)

    def _is_ours(self, entry: Entry, error: BaseException | None) -> bool:
        """Whether the entry was created after all."""
        name = self.name_of(entry.generation)
        try:
            return self._storage.get_many([name], LIMIT).get(name) == entry.data
        except RemoteError as unknown:
            raise UndecidedError(
                f"it cannot be known whether this was done ({entry.act.act} of {self._name}): {unknown.message}",
                f"look when {self._storage.place} answers again: rezup history {self._name}",
            ) from (error or unknown)

    def _point_to(self, entry: Entry) -> None:
        """Copy an entry to the pointer, and then any that has come after it meanwhile.

        Another writer may have set the pointer to a newer entry just before, which this one would then put back.
        """
        while True:
            self._storage.put(self.pointer, entry.data)
            newest, _ = self._forward(entry, WRITER_VOIDS)
            if newest.link == entry.link:
                return
            entry = newest


def decided_anew(attempt: Callable[[], Result]) -> Result:
    """The result of an act that changes a log; it is tried again as long as other users are faster.

    Raises:
        OutrunError: others were faster a thousand times.
    """
    for _ in range(ATTEMPTS - 1):
        with suppress(OutrunError):
            return attempt()
    return attempt()


def _is_entry_name(name: str) -> bool:
    number = name.removesuffix(".json")
    with suppress(ValueError):
        return (
            name.endswith(".json") and number.isascii() and number == str(int(number)) and 0 < int(number) <= GREATEST
        )
    return False
