"""Change which revision `use` gives, and the labels: pin, unpin, roll back, tag, untag.

The acts are the same under both roots. Under the local root, an act changes one file in one step, and then adds one record to the
history; it concerns this machine. Under the remote root, it is one entry of the log, and concerns every machine of the studio.

An act under the remote root raises OutrunError if another user was faster. The caller then decides anew, with a new chooser.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error
from rezup_api.disk.flock import lease_at_last
from rezup_api.errors import BusyError, NotFoundError, RemoteError, StorageError, UsageError
from rezup_api.events import Warned, silent
from rezup_api.selection.selector import Selector
from rezup_api.store.history import new_act
from rezup_api.store.names import CURRENT, LATEST, is_label, timestamp_order
from rezup_api.store.pin import Pin, is_step_back, rolled_back
from rezup_api.store.revision import load_revision
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup_api.events import Reporter
    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.store.history import Act
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.root import ContainerRoot


ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Change:
    """What an act has changed.

    Args:
        revision: the timestamp of the revision that the act was about, or, after `unpin`, that `use` gives now; empty if none.
        previous: the timestamp that `use`, the pin or the label gave before; empty if none.
        pin: the pin or rollback that the act has set; None if it has set none.
        damaged: whether the file that the act has removed was damaged, so that `previous` is not known.
        where: words that complete a sentence: " on this machine", " on " and the address of the remote root, or empty if there
            is no remote root.
        option: the option by which a further act on the same root is asked for: " --local", " --remote", or empty if there is no
            remote root.
    """

    revision: str
    previous: str = ""
    pin: Pin | None = None
    where: str = ""
    option: str = ""
    damaged: bool = False


class Chooser:
    """Changes the pin and the labels of one container under one root.

    Args:
        folder: the container under the local root.
        root: the same container under the remote root; None if there is no remote root.
        environ: the caller's environment.
        report: called with the warnings that the user should see.
        remote: whether the acts change the remote root, and not the local one.
        dry_run: whether the acts only say what they would change.
    """

    def __init__(
        self,
        folder: ContainerFolder,
        root: PublishedRoot | None,
        environ: Mapping[str, str],
        report: Reporter,
        *,
        remote: bool = False,
        dry_run: bool = False,
    ) -> None:
        self._name = folder.name
        self._folder = folder
        self._environ = environ
        self._report = report
        self._remote = remote
        self._dry_run = dry_run
        # Warnings about the present choice do not concern a user who is about to change it.
        self._quiet = Selector(folder, root, silent)
        self._selector = self._quiet if remote else Selector(folder, root, report)
        self._root: ContainerRoot = root if remote and root is not None else local_root(folder, report)
        self._where = "" if root is None else f" on {root.place}" if remote else " on this machine"
        self._option = "" if root is None else " --remote" if remote else " --local"

    def pin(self, request: str, message: str = "") -> Change:
        """Let `use NAME` give one revision until `unpin`.

        Args:
            request: `REV` of the command line; empty for the revision that `use NAME` gives now.
            message: the reason, for the history.

        Raises:
            UsageError: `request` fits several revisions.
            NotFoundError: no revision fits `request`.
            BusyError: other processes keep removing the revisions.
            StorageError, RemoteError: the root cannot be read or written.
        """
        previous = self._given()
        with self._held(request) as timestamp:
            pin = Pin(timestamp)
            if timestamp in self._withdrawn():
                self._report(Warned(f"{self._name}@{timestamp} is one that was rolled back from"))
            self._set_pin(pin, self._act("pin", timestamp, previous, message))
        return Change(timestamp, previous, pin, self._where, self._option)

    def unpin(self, message: str = "") -> Change:
        """Remove the pin or the rollback, so that `use NAME` gives the newest revision again.

        Args:
            message: the reason, for the history.

        Returns:
            The change; its `previous` is empty if there was neither a pin nor a rollback, or if that was damaged.

        Raises:
            NotFoundError: there is no such container.
            StorageError, RemoteError: the root cannot be written.
        """
        try:
            pin = self._root.pin()
            if pin is None:
                if not self._newest() and not self._folder.path.exists():
                    raise NotFoundError(f"there is no container {self._name}", "see what there is: rezup status")
                return Change(self._given(), "", where=self._where, option=self._option)
            previous = pin.timestamp
        except (StorageError, RemoteError):
            previous = ""  # the pin is damaged, which is one more reason to remove it
        self._set_pin(None, self._act("unpin", self._newest(), previous, message))
        given = self._newest() if self._dry_run else self._given()
        return Change(given, previous, where=self._where, option=self._option, damaged=not previous)

    def rollback(self, to: str = "", message: str = "") -> Change:
        """Let `use NAME` give the revision before, until there is a newer one. A pin stays a pin, but to the revision before.

        Args:
            to: the revision to go to instead, as in `NAME@REV`.
            message: the reason, for the history.

        Raises:
            UsageError: `to` fits several revisions.
            NotFoundError: there is no earlier revision, or none fits `to`.
            BusyError: other processes keep removing the revisions.
            StorageError, RemoteError: the root cannot be read or written.
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
            self._set_pin(made, self._act("rollback", timestamp, current, message))
        return Change(timestamp, current, made, self._where, self._option)

    def tag(self, request: str, label: str, message: str = "") -> Change:
        """Give a revision a label. If another revision has the label, it moves.

        Args:
            request: `REV` of the command line; empty for the revision that `use NAME` gives now.
            label: the label.
            message: the reason, for the history.

        Raises:
            UsageError: `label` cannot be a label, or `request` fits several revisions.
            NotFoundError: no revision fits `request`.
            BusyError: other processes keep removing the revisions.
            StorageError, RemoteError: the root cannot be read or written.
        """
        self._check_label(label)
        previous = self._root.label(label) or ""
        with self._held(request) as timestamp:
            self._set_label(label, timestamp, self._act("tag", timestamp, previous, message, label))
        return Change(timestamp, previous, where=self._where, option=self._option)

    def untag(self, label: str, message: str = "") -> Change:
        """Remove a label.

        Args:
            label: the label.
            message: the reason, for the history.

        Raises:
            UsageError: `label` cannot be a label.
            NotFoundError: the container does not have the label under this root.
            StorageError, RemoteError: the label cannot be removed.
        """
        self._check_label(label)
        try:
            timestamp = self._root.label(label)
        except (StorageError, RemoteError):
            timestamp = ""  # the file is damaged, which is one more reason to remove it
        if timestamp is None:
            raise NotFoundError(
                f"{self._name} has no label {label!r}{self._where}",
                f"see what there is: rezup status {self._name}",
            )
        self._set_label(label, "", self._act("untag", timestamp, "", message, label))
        return Change(timestamp, where=self._where, option=self._option)

    def _set_pin(self, pin: Pin | None, act: Act) -> None:
        if not self._dry_run:
            self._root.set_pin(pin, act)

    def _set_label(self, label: str, timestamp: str, act: Act) -> None:
        if not self._dry_run:
            self._root.set_label(label, timestamp, act)

    def _before(self, pin: Pin | None, current: str) -> str | None:
        """The newest revision before `current` that users have not gone back from; None if there is none."""
        withdrawn = pin.withdrawn if pin is not None else ()
        return next(
            (one for one in self._selector.known(remote=self._remote) if is_step_back(one, current, withdrawn)), None
        )

    def _down_to(self, timestamp: str) -> list[str]:
        """The timestamps from the newest revision down to this one, newest first."""
        order = timestamp_order(timestamp)
        return list(takewhile(lambda one: timestamp_order(one) >= order, self._selector.known(remote=self._remote)))

    @contextmanager
    def _held(self, request: str) -> Iterator[str]:
        """The timestamp of the revision that `NAME@REQUEST` means; no other process removes that revision during the body."""
        # If the revision goes before it can be held, ask again what the request means: `~1` may then mean another one.
        for _ in range(ATTEMPTS):
            timestamp = self._meant(request)
            with self._holding(timestamp) as there:
                if there:
                    yield timestamp
                    return
        raise BusyError(f"the revisions of {self._name} are being removed", "try again")

    @contextmanager
    def _holding(self, timestamp: str) -> Iterator[bool]:
        """Keep a revision from being removed during the body, which gives it a name; False if it has been removed already.

        A published revision, and one that is not built yet, have no file on which this process could take a lease.
        """
        # A cleanup first locks the revision alone and then looks at the names once more. So either this lease finds the file
        # removed, or the cleanup finds the name that the body writes. Without it, a name could be left that points to nothing.
        held = None
        there = True
        if not self._remote:
            try:
                held = lease_at_last(load_revision(self._folder, timestamp).lock_file)
            except FileNotFoundError:
                # Removed meanwhile, or published and not built here yet. The second kind may be pinned too.
                there = timestamp in self._selector.known(remote=False)
            except OSError as error:
                raise storage_error("cannot hold", error) from error
        with held or nullcontext():
            yield there

    def _meant(self, request: str) -> str:
        timestamp = self._selector.meant(request, remote=self._remote)
        if timestamp is None:
            raise NotFoundError(f"there is no container {self._name}", f"make it: rezup add {self._name}")
        return timestamp

    def _check_label(self, label: str) -> None:
        if not is_label(label):
            raise UsageError(
                f"{label!r} is not a label",
                f"a letter first, then letters, digits, '_' and '-'; not {CURRENT!r} or {LATEST!r}",
            )

    def _given(self) -> str:
        """The timestamp that `use` gives now; empty if `use` would fail, which may be the very reason for the change."""
        try:
            return self._quiet.meant("", remote=self._remote) or ""
        except (NotFoundError, RemoteError, StorageError):
            with suppress(RemoteError):
                return (self._quiet.named_there() if self._remote else None) or ""
            return ""

    def _withdrawn(self) -> tuple[str, ...]:
        """The revisions that users have gone back from, as far as that can be read."""
        try:
            pin = self._root.pin()
        except (StorageError, RemoteError):
            return ()
        return pin.withdrawn if pin is not None else ()

    def _newest(self) -> str:
        """The timestamp that `use` gives without a pin; empty if there is none."""
        try:
            return next(self._selector.known(remote=self._remote), "")
        except RemoteError:
            return ""

    def _act(self, act: str, revision: str, previous: str, message: str, detail: str = "") -> Act:
        return new_act(act, revision, self._environ, message=message, detail=detail, previous=previous)
