"""Read a container under a remote root that has no log, and say what the first entry of its log must state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.errors import RemoteError
from rezup_api.events import Warned
from rezup_api.published.log import LOG
from rezup_api.published.manifest import MANIFEST
from rezup_api.published.published_state import RECENT, Publication, State
from rezup_api.store.layout import REVISIONS
from rezup_api.store.names import ahead
from rezup_api.store.root import ContainerRoot

if TYPE_CHECKING:
    from rezup_api.store.metadata import Metadata


class UnloggedRoot(ContainerRoot):
    """One container under a remote root, as rezup 1.x, 2.x or an early rezup 3 has left it; see `ContainerRoot`."""

    def newest(self) -> tuple[str, Metadata] | None:
        """The timestamp and the metadata of the newest complete revision; None if there is none."""
        timestamp = UnloggedRoot.newest_name(self)
        metadata = ContainerRoot.metadata(self, timestamp) if timestamp is not None else None
        return (timestamp, metadata) if timestamp is not None and metadata is not None else None

    def newest_name(self) -> str | None:
        """The timestamp of the newest complete revision, even if its metadata is damaged; None if there is none."""
        for timestamp in ContainerRoot.timestamps(self):
            if too_early := ahead(timestamp):
                where = self.storage.locate(self._folder(timestamp))
                self._report(
                    Warned(f"{self.name}@{timestamp} is not taken: {too_early}; if the clock is right, remove {where}")
                )
                continue
            try:
                complete = ContainerRoot.metadata(self, timestamp) is not None
            except RemoteError as error:
                if not error.damaged:
                    raise
                complete = True
            # One with a manifest waits for its entry in the log, which will be the first, or its publisher was killed before.
            if complete and not self.storage.get_many([f"{self._folder(timestamp)}/{MANIFEST}"]):
                return timestamp
        return None

    def state(self, *, replaces_pin: bool = False) -> State:
        """What is published, as the files say it.

        Args:
            replaces_pin: whether the caller replaces the pin, so that it may be damaged.
        """
        newest = UnloggedRoot.newest_name(self)
        if newest is None:
            return State()
        every = ContainerRoot.timestamps(self)
        try:
            pin = ContainerRoot.pin(self)
        except RemoteError as error:
            if not (replaces_pin and error.damaged):
                raise
            pin = None
        return State(
            newest=Publication(newest),
            pin=pin,
            pinned=Publication(pin.timestamp) if pin is not None else None,
            labels={label: Publication(timestamp) for label, timestamp in ContainerRoot.labels(self).items()},
            recent=tuple(map(Publication, every[every.index(newest) :][:RECENT])),
            before=newest,
        )

    def last(self) -> Publication | None:
        """The last publication. If a later one could only follow it too far into the future, raise RemoteError."""
        last = self.state(replaces_pin=True).newest
        if last is not None and (too_early := ahead(last.timestamp)):
            hint = f"set the clock; if it is right, begin anew: rezup drop {self.name} --remote"
            raise RemoteError(f"nothing can follow {self.name}@{last.timestamp} on {self.place}: {too_early}", hint)
        return last

    def check_writable(self) -> None:
        """Raise RemoteError if this user cannot publish a revision; called before a build, which takes minutes."""
        self.last()
        for name in (REVISIONS, LOG):
            self.storage.check_writable(f"{self.name}/{name}")

    def _remove_files(self, timestamp: str) -> bool:
        """Remove the files of a revision; False if they stay."""
        try:
            self.storage.delete_below(self._folder(timestamp))
        except RemoteError:
            return False
        return True

    def _folder(self, timestamp: str) -> str:
        """The name of a revision's folder in the storage."""
        return f"{self.name}/{REVISIONS}/{timestamp}"
