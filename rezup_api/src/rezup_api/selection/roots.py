"""The two roots on which one chooses: this machine's, and the remote root, where an act moves every machine of the studio."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from rezup_api.disk.files import storage_error
from rezup_api.disk.flock import lease
from rezup_api.errors import RemoteError
from rezup_api.events import Reporter, silent
from rezup_api.selection.selector import Selector
from rezup_api.store.history import Act, write_act
from rezup_api.store.labels import read_label, remove_label, write_label
from rezup_api.store.pin import Pin, read_pin
from rezup_api.store.revision import load_revision, newest_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.remote import Remote


class Place(Protocol):
    """One container under one root, as far as choosing is concerned."""

    @property
    def where(self) -> str:
        """How to name the place in a sentence, empty where there is no other."""

    def known(self) -> Iterator[str]:
        """The revisions that can be chosen, newest first; read one by one, as far as they are asked for."""

    def meant(self, request: str) -> str | None:
        """The revision that `NAME@REQUEST` means there; None if nothing was asked for and there is none."""

    def pin(self) -> Pin | None:
        """The pin or rollback, in force or over."""

    def label(self, label: str) -> str | None:
        """The revision that a label names, None where there is none."""

    def holding(self, timestamp: str) -> AbstractContextManager[bool]:
        """Keep a revision from being removed while it is given a name; False where it is being removed already."""

    def write(self, label: str, text: str) -> None:
        """Let a label, or the pin, hold something else."""

    def remove(self, label: str) -> bool:
        """Remove a label, or the pin; False where there is none."""

    def record(self, act: Act) -> None:
        """Write down what was done."""


class Here:
    """A container under the local root.

    Args:
        remote: the remote root whose revisions it takes; None without one.
        report: told what a person should know about what is chosen now.
    """

    def __init__(self, folder: ContainerFolder, remote: Remote | None, report: Reporter) -> None:
        self._folder = folder
        self._selector = Selector(folder, remote, report)
        self._quiet = Selector(folder, remote, silent)
        self.where = " on this machine" if remote is not None else ""

    def known(self) -> Iterator[str]:
        """Those of the remote root if it can be asked, else those that are ready here."""
        try:
            published = self._selector.published()
        except RemoteError:
            published = []
        yield from published or (one.timestamp for one in newest_first(self._folder) if one.ready)

    def meant(self, request: str) -> str | None:
        """The revision that `NAME@REQUEST` means on this machine; what `use NAME` tells meanwhile is not of interest here."""
        selection = (self._selector if request else self._quiet).select(request)
        return selection.timestamp if selection is not None else None

    def pin(self) -> Pin | None:
        """The pin or rollback of this machine."""
        return read_pin(self._folder)

    def label(self, label: str) -> str | None:
        """The revision that a label of this machine names."""
        return read_label(self._folder, label)

    @contextmanager
    def holding(self, timestamp: str) -> Iterator[bool]:
        """Hold a revision as a session does; one that is yet to be built has nothing to hold."""
        try:
            held = lease(load_revision(self._folder, timestamp).lock_file)
        except FileNotFoundError:
            yield timestamp in self.known()
            return
        except OSError as error:
            raise storage_error("cannot hold", error) from error
        if held is None:
            yield False
            return
        with held:
            yield True

    def write(self, label: str, text: str) -> None:
        """Write a label of this machine."""
        write_label(self._folder, label, text)

    def remove(self, label: str) -> bool:
        """Remove a label of this machine."""
        return remove_label(self._folder, label)

    def record(self, act: Act) -> None:
        """Write down what was done on this machine."""
        write_act(self._folder, act)


class There:
    """A container on a remote root."""

    def __init__(self, folder: ContainerFolder, remote: Remote) -> None:
        self._name = folder.name
        self._remote = remote
        self._selector = Selector(folder, remote, silent)
        self.where = f" on {remote.place}"

    def known(self) -> Iterator[str]:
        """The published revisions."""
        yield from self._selector.published()

    def meant(self, request: str) -> str | None:
        """The revision that `NAME@REQUEST` means where it is published."""
        return self._selector.select_there(request).timestamp

    def pin(self) -> Pin | None:
        """The studio's pin or rollback."""
        return self._remote.pin(self._name)

    def label(self, label: str) -> str | None:
        """The revision that a label of the studio names."""
        return self._remote.label(self._name, label)

    def holding(self, timestamp: str) -> AbstractContextManager[bool]:
        """Nothing is held there."""
        return nullcontext(True)

    def write(self, label: str, text: str) -> None:
        """Write a label of the studio."""
        self._remote.write_label(self._name, label, text)

    def remove(self, label: str) -> bool:
        """Remove a label of the studio."""
        return self._remote.remove_label(self._name, label)

    def record(self, act: Act) -> None:
        """Write down what was done to the studio's container."""
        self._remote.record(self._name, act)
