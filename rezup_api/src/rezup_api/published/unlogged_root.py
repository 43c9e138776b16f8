"""Read a container under a remote root that has no log, and say what the first entry of its log must state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.errors import RemoteError
from rezup_api.published.manifest import MANIFEST
from rezup_api.published.published_state import RECENT, Publication, State
from rezup_api.store.layout import REVISIONS
from rezup_api.store.root import ContainerRoot

if TYPE_CHECKING:
    from rezup_api.store.metadata import Metadata


class UnloggedRoot(ContainerRoot):
    """One container under a remote root, as rezup 1.x, 2.x or an early rezup 3 has left it; see `ContainerRoot`."""

    def newest(self) -> tuple[str, Metadata] | None:
        """The timestamp and the metadata of the newest complete revision; None if there is none."""
        for timestamp in ContainerRoot.timestamps(self):
            metadata = ContainerRoot.metadata(self, timestamp)
            # One with a manifest waits for its entry in the log, which will be the first, or its publisher was killed before.
            if metadata is not None and not self.storage.get_many([f"{self._folder(timestamp)}/{MANIFEST}"]):
                return timestamp, metadata
        return None

    def state(self, *, replaces_pin: bool = False) -> State:
        """What is published, as the files say it.

        Args:
            replaces_pin: whether the caller replaces the pin, so that it may be damaged.
        """
        newest = UnloggedRoot.newest(self)
        if newest is None:
            return State()
        every = ContainerRoot.timestamps(self)
        try:
            pin = ContainerRoot.pin(self)
        except RemoteError:
            if not replaces_pin:
                raise
            pin = None
        return State(
            newest=Publication(newest[0]),
            pin=pin,
            pinned=Publication(pin.timestamp) if pin is not None else None,
            labels={label: Publication(timestamp) for label, timestamp in ContainerRoot.labels(self).items()},
            recent=tuple(map(Publication, every[every.index(newest[0]) :][:RECENT])),
            before=newest[0],
        )

    def _folder(self, timestamp: str) -> str:
        """The name of a revision's folder in the storage."""
        return f"{self.name}/{REVISIONS}/{timestamp}"
