"""Choose what others get: pin, roll back, label. Each is one file that changes in one step, and one line of the history.

The same acts work under both roots: this machine's, and the remote root, where an act moves every machine of the studio.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error
from rezup_api.disk.flock import lease
from rezup_api.errors import BusyError, NotFoundError, RemoteError, StorageError, UsageError
from rezup_api.events import silent
from rezup_api.selection.selector import Selector
from rezup_api.store.history import new_act
from rezup_api.store.labels import PIN
from rezup_api.store.names import LATEST, is_label, timestamp_order
from rezup_api.store.pin import Pin, is_step_back, rolled_back
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup_api.events import Reporter
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.root import ContainerRoot


ATTEMPTS = 5


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
        folder: the container under the local root.
        root: the same container under the remote root; None without one.
        remote: whether the acts are for the remote root.
        environ: the caller's environment.
        report: told what a person should know.
    """

    def __init__(
        self,
        folder: ContainerFolder,
        root: ContainerRoot | None,
        environ: Mapping[str, str],
        report: Reporter,
        *,
        remote: bool = False,
    ) -> None:
        self._name = folder.name
        self._folder = folder
        self._environ = environ
        self._report = report
        self._remote = remote
        # What `use NAME` tells about the present choice is of no interest to a user who is about to change it.
        self._quiet = Selector(folder, root, silent)
        self._selector = self._quiet if remote else Selector(folder, root, report)
        self._root = root if remote and root is not None else self._quiet.local
        self._where = "" if root is None else f" on {root.place}" if remote else " on this machine"

    def pin(self, request: str, message: str = "") -> Change:
        """Let `use NAME` give one revision until `unpin`.

        Raises:
            UsageError: `request` is empty, or fits several.
            NotFoundError: there is none such.
            StorageError, RemoteError: it cannot be written there.
        """
        previous = self._given()
        with self._held(request) as timestamp:
            pin = Pin(timestamp)
            self._root.set_label(PIN, pin.to_text())
        return self._done("pin", Change(timestamp, previous, pin), message)

    def unpin(self, message: str = "") -> Change:
        """Let `use NAME` give the newest revision again; ends a rollback too. `previous` is empty where there was neither.

        Raises:
            StorageError, RemoteError: it cannot be written there.
        """
        pin = self._damaged_or_pin()
        if not self._root.remove_label(PIN):
            return Change(self._given(), "", where=self._where)
        return self._done("unpin", Change(self._given(), pin), message)

    def rollback(self, to: str = "", message: str = "") -> Change:
        """Let `use NAME` give the revision before, until there is a new one; what is pinned stays pinned, but one further back.

        Args:
            to: the revision to go to instead, as in `NAME@REV`.

        Raises:
            NotFoundError: there is no earlier one, or none such.
            StorageError, RemoteError: it cannot be written there.
        """
        pin = self._root.pin()
        current = self._given()
        target = to or self._before(pin, current)
        if target is None:
            raise NotFoundError(
                f"there is no revision of {self._name} before {current or 'the first one'} to go back to",
                f"see what there is: rezup status {self._name}",
            )
        with self._held(target) as timestamp:
            made = rolled_back(pin, timestamp, self._down_to(timestamp) or [timestamp])
            if made is None:
                self._root.remove_label(PIN)
            else:
                self._root.set_label(PIN, made.to_text())
        return self._done("rollback", Change(timestamp, current, made), message)

    def tag(self, request: str, label: str, message: str = "") -> Change:
        """Give a revision a label, which is moved if it was another's.

        Raises:
            UsageError: it is no label, or `request` is empty or fits several.
            NotFoundError: there is no such revision.
            StorageError, RemoteError: it cannot be written there.
        """
        self._check_label(label)
        previous = self._root.label(label) or ""
        with self._held(request) as timestamp:
            self._root.set_label(label, f"{timestamp}\n")
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
            timestamp = self._root.label(label) or ""
        except (StorageError, RemoteError):
            timestamp = ""  # it holds nonsense, which is a reason to remove it
        if not self._root.remove_label(label):
            raise NotFoundError(
                f"{self._name} has no label {label!r}{self._where}",
                f"see what there is: rezup status {self._name}",
            )
        return self._done("untag", Change(timestamp), message, label)

    def _before(self, pin: Pin | None, current: str) -> str | None:
        """The revision before `current` that nobody has taken back; no more are read than that takes."""
        withdrawn = pin.withdrawn if pin is not None else ()
        return next(
            (one for one in self._selector.known(remote=self._remote) if is_step_back(one, current, withdrawn)), None
        )

    def _down_to(self, timestamp: str) -> list[str]:
        """The revisions from the newest to one, newest first."""
        order = timestamp_order(timestamp)
        return list(takewhile(lambda one: timestamp_order(one) >= order, self._selector.known(remote=self._remote)))

    @contextmanager
    def _held(self, request: str) -> Iterator[str]:
        """The revision that `NAME@REQUEST` means, which is not removed meanwhile."""
        for _ in range(ATTEMPTS):
            timestamp = self._meant(request)
            with self._holding(timestamp) as there:
                if there:
                    yield timestamp
                    return
        raise BusyError(f"the revisions of {self._name} are being removed", "try again")

    @contextmanager
    def _holding(self, timestamp: str) -> Iterator[bool]:
        """Keep a revision from being removed while it is given a name; False where it is being removed already.

        A published revision, and one that is yet to be built, have no lease to take.
        """
        held = None
        there = True
        if not self._remote:
            try:
                held = lease(load_revision(self._folder, timestamp).lock_file)
                there = held is not None
            except FileNotFoundError:
                there = timestamp in self._selector.known(remote=False)
            except OSError as error:
                raise storage_error("cannot hold", error) from error
        with held or nullcontext():
            yield there

    def _meant(self, request: str) -> str:
        if not request:
            raise UsageError(f"which revision of {self._name}?", f"name one: {self._name}@{LATEST}, {self._name}@~1")
        timestamp = self._selector.meant(request, remote=self._remote)
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
            return self._quiet.meant("", remote=self._remote) or ""
        except (NotFoundError, RemoteError, StorageError):
            return ""

    def _damaged_or_pin(self) -> str:
        """What the pin names; a damaged one may be removed too."""
        try:
            pin = self._root.pin()
        except (StorageError, RemoteError):
            return ""
        return pin.timestamp if pin is not None else ""

    def _done(self, act: str, change: Change, message: str, detail: str = "") -> Change:
        """Write down what was done."""
        act_done = new_act(
            act, change.revision, self._environ, message=message, detail=detail, previous=change.previous
        )
        self._root.record(act_done, self._report)
        return replace(change, where=self._where)
