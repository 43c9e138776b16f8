"""Describe what is published of a container, and compute what an act makes of it. Everything here is pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rezup_api.store.pin import Pin

# So many of the last publications are named in each entry of a log.
RECENT = 32


@dataclass(frozen=True, slots=True)
class Publication:
    """A published revision, as the log names it.

    Args:
        timestamp: the revision's name.
        manifest: the digest of its manifest; empty for a revision that is older than the log.
        generation: the number of the entry that published it; 0 for a revision that is older than the log.
        entry: the digest of that entry; empty in that entry itself, and for a revision that is older than the log.
    """

    timestamp: str
    manifest: str = ""
    generation: int = 0
    entry: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What is published of a container at one moment.

    Args:
        newest: the publication with the greatest timestamp that there has ever been; None if there was none.
        pin: the pin or rollback, even a rollback that has ended; None if there is neither.
        pinned: the publication that the pin names; None if there is no pin.
        labels: the labelled publications by their labels.
        recent: the last publications that have not been removed, newest first.
        dropped: whether the container has been dropped since the last publication.
        before: the timestamp up to which revisions count as published although they are older than the log; may be empty.
    """

    newest: Publication | None = None
    pin: Pin | None = None
    pinned: Publication | None = None
    labels: Mapping[str, Publication] = field(default_factory=dict)
    recent: tuple[Publication, ...] = ()
    dropped: bool = False
    before: str = ""

    @property
    def present(self) -> Publication | None:
        """The newest publication; None if there is none, or if the container has been dropped since."""
        return None if self.dropped else self.newest

    def named(self, timestamp: str) -> Publication | None:
        """The publication of that timestamp, if it is the pinned one, a labelled one or one of the recent ones."""
        every = (self.newest, self.pinned, *self.labels.values(), *self.recent)
        return next((one for one in every if one is not None and one.timestamp == timestamp), None)

    def settled(self, generation: int, digest: str) -> State:
        """The same state, as the entry after the one with this generation and digest states it."""

        def settle(one: Publication) -> Publication:
            fits = one.generation == generation and not one.entry
            return Publication(one.timestamp, one.manifest, one.generation, digest) if fits else one

        return State(
            settle(self.newest) if self.newest is not None else None,
            self.pin,
            settle(self.pinned) if self.pinned is not None else None,
            {label: settle(one) for label, one in self.labels.items()},
            tuple(map(settle, self.recent)),
            self.dropped,
            self.before,
        )

    def with_publication(self, one: Publication) -> State:
        """The state after a publication, which also ends that the container is dropped."""
        recent = (one, *self.recent)[:RECENT]
        return State(one, self.pin, self.pinned, self.labels, recent, before=self.before)

    def with_pin(self, pin: Pin | None, pinned: Publication | None) -> State:
        """The state with another pin, or without one.

        Of the revisions that users have gone back from, only those are kept that could still be given.
        """
        if pin is not None:
            known = {one.timestamp for one in (*self.recent, *self.labels.values())}
            pin = type(pin)(pin.timestamp, pin.until, tuple(one for one in pin.withdrawn if one in known))
        return State(self.newest, pin, pinned, self.labels, self.recent, before=self.before)

    def with_label(self, label: str, one: Publication | None) -> State:
        """The state in which a label names another publication, or is not there."""
        labels = {**self.labels, label: one}
        left = {name: one for name, one in labels.items() if one is not None}
        return State(self.newest, self.pin, self.pinned, left, self.recent, before=self.before)

    def without(self, timestamps: Collection[str]) -> State:
        """The state in which these revisions are no longer published."""
        recent = tuple(one for one in self.recent if one.timestamp not in timestamps)
        return State(self.newest, self.pin, self.pinned, self.labels, recent, before=self.before)

    def emptied(self) -> State:
        """The state after the container has been dropped. The next timestamp must be greater than all that there were."""
        return State(newest=self.newest, dropped=True)
