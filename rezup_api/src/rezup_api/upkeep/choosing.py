"""Choose what others get: pin, roll back, label. Each is one file that changes in one step, and one line of the history.

The same acts work on two roots: this machine's, and the remote root, where they move every machine of the studio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from rezup_api.errors import NotFoundError, RemoteError, StorageError, UsageError
from rezup_api.events import Reporter, silent
from rezup_api.store.history import Act, new_act, record, write_act
from rezup_api.store.labels import read_label, remove_label, write_label
from rezup_api.store.names import LATEST, is_label
from rezup_api.store.pins import PIN, Pin, read_pin, rolled_back, step_back
from rezup_api.store.revisions import newest_first
from rezup_api.store.selection import Selector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.remote import Remote


class Place(Protocol):
    """One container under one root, as far as choosing is concerned."""

    @property
    def where(self) -> str:
        """How to name the place in a sentence, empty where there is no other."""

    def known(self) -> list[str]:
        """The revisions that can be chosen, newest first."""

    def meant(self, request: str) -> str | None:
        """The revision that `NAME@REQUEST` means there; None if nothing was asked for and there is none."""

    def pin(self) -> Pin | None:
        """The pin or rollback, in force or over."""

    def label(self, label: str) -> str | None:
        """The revision that a label names, None where there is none."""

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

    def known(self) -> list[str]:
        """Those of the remote root if it can be asked, else those that are ready here."""
        try:
            published = self._selector.published()
        except RemoteError:
            published = []
        return published or [one.timestamp for one in newest_first(self._folder) if one.ready]

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

    def known(self) -> list[str]:
        """The published revisions."""
        return self._selector.published()

    def meant(self, request: str) -> str | None:
        """The revision that `NAME@REQUEST` means where it is published."""
        return self._selector.select_there(request).timestamp

    def pin(self) -> Pin | None:
        """The studio's pin or rollback."""
        return self._remote.pin(self._name)

    def label(self, label: str) -> str | None:
        """The revision that a label of the studio names."""
        return self._remote.label(self._name, label)

    def write(self, label: str, text: str) -> None:
        """Write a label of the studio."""
        self._remote.write_label(self._name, label, text)

    def remove(self, label: str) -> bool:
        """Remove a label of the studio."""
        return self._remote.remove_label(self._name, label)

    def record(self, act: Act) -> None:
        """Write down what was done to the studio's container."""
        self._remote.record(self._name, act)


@dataclass(frozen=True, slots=True)
class Change:
    """What an act has changed, as timestamps; empty for none.

    Args:
        revision: what it was about, or what `use` gives now.
        previous: what was there before.
        pin: what decides from now on, None where the newest does.
        where: the place, for a sentence.
    """

    revision: str
    previous: str = ""
    pin: Pin | None = None
    where: str = ""


class Chooser:
    """Chooses among the revisions of one container under one root.

    Args:
        name: the container's.
        environ: the caller's environment.
        report: told what a person should know.
    """

    def __init__(self, name: str, place: Place, environ: Mapping[str, str], report: Reporter) -> None:
        self._name = name
        self._place = place
        self._environ = environ
        self._report = report

    def pin(self, request: str, message: str = "") -> Change:
        """Let `use NAME` give one revision until `unpin`.

        Raises:
            UsageError: `request` is empty, or fits several.
            NotFoundError: there is none such.
            StorageError, RemoteError: it cannot be written there.
        """
        timestamp = self._meant(request)
        previous = self._given()
        pin = Pin(timestamp)
        self._place.write(PIN, pin.to_text())
        return self._done("pin", Change(timestamp, previous, pin), message)

    def unpin(self, message: str = "") -> Change:
        """Let `use NAME` give the newest revision again; ends a rollback too. `previous` is empty where there was neither.

        Raises:
            StorageError, RemoteError: it cannot be written there.
        """
        pin = self._damaged_or_pin()
        if not self._place.remove(PIN):
            return Change(self._given(), "", where=self._place.where)
        return self._done("unpin", Change(self._given(), pin), message)

    def rollback(self, to: str = "", message: str = "") -> Change:
        """Let `use NAME` give the revision before, until there is a new one; what is pinned stays pinned, but one further back.

        Args:
            to: the revision to go to instead, as in `NAME@REV`.

        Raises:
            NotFoundError: there is no earlier one, or none such.
            StorageError, RemoteError: it cannot be written there.
        """
        known = self._place.known()
        pin = self._place.pin()
        current = self._given()
        target = self._meant(to) if to else step_back(pin, current, known) if current else None
        if target is None:
            raise NotFoundError(
                f"there is no revision of {self._name} before {current or 'the first one'} to go back to",
                f"see what there is: rezup status {self._name}",
            )
        made = rolled_back(pin, target, known or [target])
        if made is None:
            self._place.remove(PIN)
        else:
            self._place.write(PIN, made.to_text())
        return self._done("rollback", Change(target, current, made), message)

    def tag(self, request: str, label: str, message: str = "") -> Change:
        """Give a revision a label, which is moved if it was another's.

        Raises:
            UsageError: it is no label, or `request` is empty or fits several.
            NotFoundError: there is no such revision.
            StorageError, RemoteError: it cannot be written there.
        """
        self._check_label(label)
        timestamp = self._meant(request)
        previous = self._place.label(label) or ""
        self._place.write(label, f"{timestamp}\n")
        return self._done("tag", Change(timestamp, previous), message, label)

    def untag(self, label: str, message: str = "") -> Change:
        """Remove a label.

        Raises:
            UsageError: it is no label.
            NotFoundError: there is no such label.
            StorageError, RemoteError: it cannot be removed.
        """
        self._check_label(label)
        try:
            timestamp = self._place.label(label) or ""
        except StorageError:
            timestamp = ""  # it holds nonsense, which is a reason to remove it
        if not self._place.remove(label):
            raise NotFoundError(
                f"{self._name} has no label {label!r}{self._place.where}",
                f"see what there is: rezup status {self._name}",
            )
        return self._done("untag", Change(timestamp), message, label)

    def _meant(self, request: str) -> str:
        if not request:
            raise UsageError(f"which revision of {self._name}?", f"name one: {self._name}@{LATEST}, {self._name}@~1")
        timestamp = self._place.meant(request)
        if timestamp is None:
            raise NotFoundError(f"there is no container {self._name}", f"make it: rezup add {self._name}")
        return timestamp

    def _check_label(self, label: str) -> None:
        if not is_label(label):
            raise UsageError(
                f"{label!r} is not a label", f"a letter first, then letters, digits, '_' and '-'; not {LATEST!r}"
            )

    def _given(self) -> str:
        """What `use` gives now; empty where it would give an error, which is no reason not to change that."""
        try:
            return self._place.meant("") or ""
        except (NotFoundError, RemoteError, StorageError):
            return ""

    def _damaged_or_pin(self) -> str:
        """What the pin names; a damaged one may be removed too."""
        try:
            pin = self._place.pin()
        except (StorageError, RemoteError):
            return ""
        return pin.timestamp if pin is not None else ""

    def _done(self, act: str, change: Change, message: str, detail: str = "") -> Change:
        """Write down what was done."""
        act_done = new_act(
            act, change.revision, self._environ, message=message, detail=detail, previous=change.previous
        )
        record(self._place.record, act_done, self._report)
        return replace(change, where=self._place.where)
