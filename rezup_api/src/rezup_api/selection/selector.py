"""Decide which revision `use` gives, from what the local and the remote root hold.

A pin of this machine comes first. Then, if there is a remote root, comes its pin or else its newest complete revision. Last comes
the newest revision that is ready on this machine. If the remote root cannot be asked, `use` gives the revision that the remote
root named last, or the newest of its revisions on this machine that is not newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.errors import NotFoundError, RemoteError
from rezup_api.events import Reporter, Warned
from rezup_api.frozen import dataclass
from rezup_api.storage.interface import Witness
from rezup_api.store.labels import PIN, PUBLISHED
from rezup_api.store.names import CURRENT, is_label, is_timestamp, timestamp_order
from rezup_api.store.revision import Revision, load_revision, newest_first, resolve
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.metadata import Metadata
    from rezup_api.store.pin import Pin


@dataclass(frozen=True, slots=True)
class Selection:
    """A revision that was chosen; `published` is its metadata on the remote root, None if that was not asked about it."""

    timestamp: str
    published: Metadata | None = None


def fallback(named: str | None, pulled: Sequence[str], withdrawn: Collection[str] = ()) -> str | None:
    """Choose a revision when the remote root cannot be asked, or when its revision cannot be built on this machine.

    Args:
        named: the timestamp that the remote root named last, as far as this machine knows; None if it does not know.
        pulled: the timestamps of the remote root's revisions that are ready on this machine, newest first.
        withdrawn: the timestamps of the revisions that users have gone back from.

    Returns:
        One of `pulled`, or None. It is never newer than `named`: the studio has gone back from anything newer.
    """
    if named in pulled:
        return named
    left = [one for one in pulled if one not in withdrawn]
    if named is None:
        return next(iter(left), None)
    return next((one for one in left if timestamp_order(one) <= timestamp_order(named)), None)


class Selector:
    """Selects revisions of one container.

    Args:
        folder: the container under the local root.
        remote: the container under the remote root; None if there is no remote root, or if the caller does not want to ask it.
        report: called with warnings about the choice.
    """

    def __init__(self, folder: ContainerFolder, remote: PublishedRoot | None, report: Reporter) -> None:
        self.local = local_root(folder)
        self.remote = remote
        self._folder = folder
        self._report = report

    @property
    def _name(self) -> str:
        return self._folder.name

    def select(self, request: str = "", *, strict: bool = False) -> Selection | None:
        """The revision that `NAME@REQUEST` means; None if `request` is empty and there is no revision.

        Args:
            request: `REV` of the command line; empty for the revision that `use NAME` gives.
            strict: raise if the remote root cannot be asked, instead of choosing the last good revision.

        Raises:
            NotFoundError: no revision fits `request`, or a pin or label names a revision that does not exist.
            UsageError: `request` fits several revisions.
            RemoteError: the remote root cannot be asked, and this machine has no revision to take instead.
        """
        # A whole timestamp of a revision that is ready here has one meaning only, so it does not wait for the remote root.
        if is_timestamp(request) and load_revision(self._folder, request).ready:
            return Selection(request)
        try:
            offer = self._needed_offer(request)
        except RemoteError as error:
            if strict:
                raise
            return self._without_remote("" if request == CURRENT else request, error)
        if request not in ("", CURRENT):
            return self._requested(request, offer)
        pin = self.pin_here()
        if pin is not None:
            return self._pinned(pin, offer)
        return offer or self._newest_here()

    def select_there(self, request: str = "") -> Selection:
        """The revision that `NAME@REQUEST` means on the remote root; the pins, labels and builds of this machine do not count.

        Raises:
            NotFoundError: no published revision fits `request`.
            UsageError: `request` fits several revisions.
            RemoteError: the remote root cannot be asked.
        """
        request = "" if request == CURRENT else request
        label = self.remote.label(request) if self.remote is not None and is_label(request) else None
        if label is not None:
            return self._there(label, f"{self._name}@{request} is {label} where it is published")
        offer = self._needed_offer(request)
        current = offer.timestamp if offer is not None else None
        wanted = resolve(self._name, request, self.published(), current) if request else current
        if wanted is None:
            raise NotFoundError(f"{self._name} is not published", f"publish it: rezup add {self._name} --remote")
        return self._there(wanted, f"{self._name}@{wanted} is asked for")

    def known(self, *, remote: bool) -> Iterator[str]:
        """The timestamps among which a user can choose under one of the roots, newest first.

        Under the local root, these are the published revisions if there are any and the remote root can be asked; otherwise the
        revisions that are ready on this machine, each read when the caller comes to it. RemoteError is raised only if `remote`.
        """
        try:
            published = self.published()
        except RemoteError:
            if remote:
                raise
            published = []
        yield from published
        if not (published or remote):
            yield from (one.timestamp for one in newest_first(self._folder) if one.ready)

    def meant(self, request: str, *, remote: bool) -> str | None:
        """The timestamp that `NAME@REQUEST` means under one of the roots; None if `request` is empty and there is no revision.

        Raises:
            NotFoundError, UsageError, RemoteError: see `select`, `select_there`.
        """
        selection = self.select_there(request) if remote else self.select(request)
        return selection.timestamp if selection is not None else None

    def pin_there(self) -> Pin | None:
        """The pin or rollback that holds on the remote root; None if there is neither."""
        return self._in_force(self.remote.pin()) if self.remote is not None else None

    def _in_force(self, pin: Pin | None) -> Pin | None:
        """The pin or rollback of the remote root; None if it is a rollback that has ended."""
        if pin is None or not pin.is_rollback or self.remote is None:
            return pin
        newest = self.remote.newest()
        return pin if pin.holds(newest[0] if newest is not None else None) else None

    def pin_here(self) -> Pin | None:
        """The pin or rollback that holds on this machine; a rollback ends when there is a newer revision, see `newest`."""
        pin = self.local.pin()
        if pin is None or not pin.is_rollback:
            return pin
        return pin if pin.holds(self.newest()) else None

    def offer(self) -> Selection | None:
        """The revision that the remote root names, by its pin or as its newest complete one; None if nothing is published.

        Raises:
            RemoteError: the remote root cannot be asked, or has lost the container, as when its share is not mounted.
            NotFoundError: it is pinned to a revision that it does not have.
        """
        if self.remote is None:
            return None
        offer: Selection | None
        stated = self.remote.pin()
        pin = self._in_force(stated)
        if pin is not None:
            offer = self._there(pin.timestamp, f"{self._name} is {_set(pin)} {pin.timestamp} on {self.remote.place}")
        else:
            offer = self._newest_there()
        if offer is not None:
            self.local.remember_published(offer.timestamp, stated.withdrawn if stated is not None else ())
        # A mount point without its share looks like an empty root. What this machine has noted before tells the two apart.
        elif self.local.published()[0] is not None:
            act = self.remote.dropped()
            if act is not None:
                why = f" ({act.message})" if act.message else ""
                text = f"{act.who} has dropped {self._name} from {self.remote.place}{why}"
                self._report(Warned(f"{text}; taking what is on this machine"))
                return None
            raise RemoteError(
                f"the remote root {self.remote.place} has no container {self._name} any more",
                "check that it is mounted, or work with what is on this machine: --local",
            )
        return offer

    def _needed_offer(self, request: str) -> Selection | None:
        """The revision that the remote root names. A broken pin there is an error only if that pin would decide."""
        try:
            return self.offer()
        except NotFoundError:
            if (request in ("", CURRENT) or request.startswith("~")) and self.pin_here() is None:
                raise
            return None

    def newest(self) -> str | None:
        """The newest revision of the remote root, or of this machine if that cannot be asked; `use` may give another one."""
        try:
            found = self.remote.newest() if self.remote is not None else None
        except RemoteError:
            found = None
        here = self._newest_here()
        return found[0] if found is not None else here.timestamp if here is not None else None

    def basis(self, request: str = "") -> Witness | None:
        """The files on which the answers of `select` and `newest` depend: while their stamps stay, the answers stay.

        None means that stamps are not enough: an incomplete revision is newer than the newest ready one, and may become complete
        without a change to the stamp of the folder above it.
        """
        if is_timestamp(request):
            return Witness()
        if request and not is_label(request):
            return None
        labels = (PIN, request) if request else (PIN,)
        there = Witness()
        offer = self.offer()
        if self.remote is not None:
            watched = self.remote.offer_witness(labels, offer.timestamp if offer is not None else None)
            if watched is None:
                return None
            there = watched
        if offer is not None:
            return there.with_files(*self.local.witness(labels).files)
        first = next(newest_first(self._folder), None)
        if first is not None and not first.ready:
            return None
        return there.with_files(*self.local.witness((*labels, PUBLISHED), ()).files)

    def _newest_here(self) -> Selection | None:
        return next((Selection(one.timestamp) for one in newest_first(self._folder) if one.ready), None)

    def _newest_there(self) -> Selection | None:
        found = self.remote.newest() if self.remote is not None else None
        return Selection(*found) if found is not None else None

    def _there(self, timestamp: str, why: str) -> Selection:
        """A revision of the remote root; NotFoundError, which begins with `why`, if it is not there."""
        metadata = self.remote.metadata(timestamp) if self.remote is not None else None
        if metadata is None:
            raise NotFoundError(f"{why}, which is not there", f"see what there is: rezup status {self._name}")
        return Selection(timestamp, metadata)

    def _pinned(self, pin: Pin, offer: Selection | None) -> Selection:
        """The revision that this machine is pinned to. If the studio uses another one, warn the user at every launch."""
        text = f"{self._name} is {_set(pin)} {pin.timestamp} on this machine"
        selection = self._labelled(pin.timestamp, text)
        if offer is not None and offer.timestamp != pin.timestamp:
            self._report(Warned(f"{text}; others get {offer.timestamp}"))
        return selection

    def _labelled(self, timestamp: str, why: str) -> Selection:
        """The revision that a pin or label names: it is ready on this machine, or can be built because it is published."""
        revision = load_revision(self._folder, timestamp)
        if revision.ready:
            return Selection(timestamp)
        if self.remote is not None:
            return self._there(timestamp, why)
        raise NotFoundError(
            f"{why}, which cannot be entered here: {revision.obstacle}", f"see what there is: rezup status {self._name}"
        )

    def _requested(self, request: str, offer: Selection | None) -> Selection:
        """The revision that `REV` means among those ready on this machine and those published."""
        if is_label(request):
            label = self.local.label(request)
            if label is not None:
                return self._labelled(label, f"{self._name}@{request} is {label} on this machine")
            label = self.remote.label(request) if self.remote is not None else None
            if label is not None:
                return self._labelled(label, f"{self._name}@{request} is {label} where it is published")
        here = [one.timestamp for one in newest_first(self._folder) if one.ready]
        there = self.published()
        every = sorted({*here, *there}, key=timestamp_order, reverse=True)
        pin = self.pin_here()
        given = pin.timestamp if pin is not None else offer.timestamp if offer is not None else None
        current = given or next(iter(here), None)
        timestamp = resolve(self._name, request, every, current, there or here)
        if timestamp in here:
            return Selection(timestamp)
        return self._there(timestamp, f"{self._name}@{timestamp} is asked for")

    def published(self) -> list[str]:
        """The timestamps of the published revisions, newest first; empty if there is no remote root.

        Another machine is still copying those that are newer than the newest complete one, so they are left out.
        """
        found = self._newest_there()
        if self.remote is None or found is None:
            return []
        every = self.remote.timestamps()
        return every[every.index(found.timestamp) :] if found.timestamp in every else [found.timestamp]

    def _without_remote(self, request: str, error: RemoteError) -> Selection:
        """The revision to take while the remote root cannot be asked. The user is warned at every launch."""
        ready = [one for one in newest_first(self._folder) if one.ready]
        named, withdrawn = self.local.published()
        pulled = self._pulled(ready, named)
        pin = self.local.pin()
        current = pin.timestamp if pin is not None and pin.holds(named) else fallback(named, pulled, withdrawn)
        if request:
            chosen = self._requested_here(request, [one.timestamp for one in ready], pulled, current, error)
        elif current is not None and current in [one.timestamp for one in ready]:
            chosen = current
        else:
            raise error
        self._report(Warned(f"{error.message}; taking {self._name}@{chosen}, which is on this machine"))
        return Selection(chosen)

    def _pulled(self, ready: list[Revision], named: str | None) -> list[str]:
        """The timestamps of those revisions of this machine that came from the remote root."""
        # The revision that the remote root named counts in any case: rezup 2.x did not record where a revision came from.
        return [one.timestamp for one in ready if one.timestamp == named or (one.metadata and one.metadata.remote)]

    def stand_in(self, timestamp: str) -> str | None:
        """The revision that `use` gives instead of a published one that cannot be built here; None if there is none."""
        _, withdrawn = self.local.published()
        ready = [one for one in newest_first(self._folder) if one.ready]
        return fallback(timestamp, self._pulled(ready, None), withdrawn)

    def _requested_here(
        self, request: str, here: list[str], pulled: list[str], current: str | None, error: RemoteError
    ) -> str:
        label = self.local.label(request) if is_label(request) else None
        try:
            return resolve(self._name, label or request, here, current, pulled or here)
        except NotFoundError:
            raise error from None


def _set(pin: Pin) -> str:
    return "rolled back to" if pin.is_rollback else "pinned to"
