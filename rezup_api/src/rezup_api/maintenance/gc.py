"""Remove the revisions of a container that nobody needs, and what was left over: carries out what `retention` decides.

A revision goes in one rename, under its exclusive lock, so that nobody is in it and nobody can enter it any more; then its files
are deleted. Nothing that fails on the way leaves half of one.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from rezup_api.disk.flock import claim
from rezup_api.disk.staging import staged, sweep
from rezup_api.errors import StorageError
from rezup_api.events import Note, Reporter, Warned
from rezup_api.maintenance.cache_cleanup import prune
from rezup_api.maintenance.holders import holders
from rezup_api.maintenance.removal import freed
from rezup_api.maintenance.retention import Candidate, Policy, Verdict, last_current, plan
from rezup_api.store.history import new_act
from rezup_api.store.labels import PIN
from rezup_api.store.layout import platform_tag
from rezup_api.store.metadata import FORMAT
from rezup_api.store.revision import Revision, load_revision, newest_first
from rezup_api.store.root import local_root
from rezup_api.store.shared_folders import needed, remove_unneeded, shared_folders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.root import ContainerRoot

# Seconds after which the file of a killed writer is nobody's any more.
STALE = 3600.0
# In the place of a label: the revision for which a collection that runs by itself was started.
WANTED = ".wanted"
_HIDDEN = {PIN: "pinned by the studio", WANTED: "asked for just now"}


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection has done, or would do.

    Args:
        verdicts: on every revision, newest first.
        folders: shared folders that went, by their names under the container.
        bytes: what that frees on the disk.
    """

    verdicts: tuple[Verdict, ...]
    folders: tuple[str, ...] = ()
    bytes: int = 0

    @property
    def gone(self) -> tuple[str, ...]:
        """The revisions that went."""
        return tuple(verdict.timestamp for verdict in self.verdicts if not verdict.stays)


@dataclass(frozen=True, slots=True)
class Collector:
    """Collects what is not needed in a container under a local root.

    Args:
        given: what `use` gives now, None if that cannot be told.
        named: further revisions that the studio has named: its labels and its pin.
        environ: the caller's environment.
        report: told what cannot be removed.
    """

    folder: ContainerFolder
    given: str | None
    environ: Mapping[str, str]
    report: Reporter
    named: Mapping[str, str] = field(default_factory=dict)

    def collect(self, policy: Policy, *, dry_run: bool = False) -> Collected:
        """Remove what the policy does not keep, and clear what is left over.

        Args:
            dry_run: only say what would go.

        Raises:
            StorageError: it cannot be read or written there.
        """
        if not dry_run:
            sweep(self.folder.path)
            sweep(self.folder.root)
        verdicts = plan(self._candidates(), policy, time.time())
        verdicts = [verdict if verdict.stays else self._unless_held(verdict) for verdict in verdicts]
        going = [self._path(verdict.timestamp) for verdict in verdicts if not verdict.stays]
        unused = self._unused(going)
        size = freed([*going, *unused])
        if not dry_run:
            verdicts = [verdict if verdict.stays else self._remove(verdict) for verdict in verdicts]
            unused = [path for path in unused if self._remove_shared(path)]
            self._clear()
            self._record([verdict.timestamp for verdict in verdicts if not verdict.stays])
        names = tuple(path.relative_to(self.folder.path).as_posix() for path in unused)
        return Collected(tuple(verdicts), names, size)

    def _path(self, timestamp: str) -> Path:
        return self.folder.revisions / timestamp

    def _candidates(self) -> list[Candidate]:
        """Everything that is known of every revision."""
        revisions = list(newest_first(self.folder))
        names = self._names()
        used = {holder.revision for holder in holders(revisions)}
        ended = self._last_current([revision for revision in revisions if revision.ready])
        return [
            Candidate(
                timestamp=revision.timestamp,
                kept=(*names.get(revision.timestamp, ()), *self._must_stay(revision, used)),
                group=_group(revision),
                changed=_changed(revision),
                current_until=ended.get(revision.timestamp),
            )
            for revision in revisions
        ]

    def _names(self) -> dict[str, list[str]]:
        """Who names which revision: pins, labels, and what is given when the remote root is away."""
        root = local_root(self.folder)
        names = root.named()
        own = root.labels()
        for label, timestamp in self.named.items():
            if label not in own:
                names.setdefault(timestamp, []).append(_HIDDEN.get(label) or f"labelled {label}")
        good, _ = root.published()
        if good is not None:
            names.setdefault(good, []).append("the last that was published")
        if self.given is not None and self.given not in names:
            names[self.given] = ["what `use` gives"]
        return names

    def _must_stay(self, revision: Revision, used: set[str]) -> list[str]:
        why = ["in use"] if str(revision) in used else []
        if revision.metadata is not None and revision.metadata.format > FORMAT:
            why.append("made by a newer rezup")
        if revision.metadata is None and _changed(revision) is None:
            why.append("its metadata cannot be read")
        return why

    def _last_current(self, ready: Sequence[Revision]) -> dict[str, float]:
        built = {}
        for revision in ready:
            with suppress(OSError):
                built[revision.timestamp] = revision.lock_file.stat().st_mtime
        named: dict[str, float] = {}
        for act in local_root(self.folder).acts():
            when = datetime.fromisoformat(act.when).timestamp()
            for timestamp in filter(None, (act.previous, act.revision if act.act in {"pin", "rollback"} else "")):
                named[timestamp] = max(named.get(timestamp, 0.0), when)
        return last_current([revision.timestamp for revision in ready], built, named)

    def _unless_held(self, verdict: Verdict) -> Verdict:
        """A verdict on what is to go, after a look at whether somebody is in it."""
        try:
            held = claim(load_revision(self.folder, verdict.timestamp).lock_file)
        except OSError:
            return verdict  # it is incomplete: nobody can be in it
        if held is None:
            return Verdict(verdict.timestamp, True, "in use")
        held.release()
        return verdict

    def _remove(self, verdict: Verdict) -> Verdict:
        """Remove a revision, unless somebody has entered or named it since."""
        path = self._path(verdict.timestamp)
        try:
            held = claim(load_revision(self.folder, verdict.timestamp).lock_file)
        except FileNotFoundError:
            held = None
        except OSError as error:
            return self._left(verdict, error.strerror or str(error))
        else:
            if held is None:
                return Verdict(verdict.timestamp, True, "in use")
        try:
            if verdict.timestamp in self._names():  # who names one holds it meanwhile, so this is the last word
                return Verdict(verdict.timestamp, True, "named just now")
            if holders(
                [load_revision(self.folder, verdict.timestamp)]
            ):  # one that closed the lease may have come since
                return Verdict(verdict.timestamp, True, "in use")
            with staged(self.folder.path) as stage, suppress(FileNotFoundError):
                os.rename(path, stage.path / verdict.timestamp)
        except (OSError, StorageError) as error:
            return self._left(verdict, str(error))
        finally:
            if held is not None:
                held.release()
        return verdict

    def _left(self, verdict: Verdict, why: str) -> Verdict:
        self.report(Warned(f"cannot remove {self.folder.name}@{verdict.timestamp}: {why}"))
        return Verdict(verdict.timestamp, True, "cannot be removed")

    def _unused(self, going: Sequence[Path]) -> list[Path]:
        """The shared folders that nobody needs once some revisions are gone."""
        try:
            wanted = needed(self.folder, {path.name for path in going})
        except StorageError as error:
            self.report(Warned(f"shared folders are left as they are: {error.message}"))
            return []
        return [path for path in shared_folders(self.folder) if path not in wanted]

    def _remove_shared(self, path: Path) -> bool:
        try:
            return remove_unneeded(self.folder, path)
        except (OSError, StorageError) as error:
            self.report(Warned(f"cannot remove {path}: {error}"))
            return False

    def _clear(self) -> None:
        """Clear what killed writers left, and what the caches hold for revisions that are gone."""
        for place in ("labels", "history", "failures"):
            _clear_stale(self.folder.path / place)
        prune(self.folder.root)

    def _record(self, gone: Sequence[str]) -> None:
        if gone:
            local_root(self.folder).record(new_act("gc", "", self.environ, detail=" ".join(gone)), self.report)


def collect_published(
    root: ContainerRoot, policy: Policy, environ: Mapping[str, str], report: Reporter, *, dry_run: bool = False
) -> Collected:
    """Remove published revisions that the policy does not keep; machines that have built them keep their builds.

    Args:
        root: the container under the remote root.
        environ: the caller's environment.
        report: told what a person should know.
        dry_run: only say what would go.

    Raises:
        RemoteError: the root cannot be read or written.
    """
    named = root.named()
    candidates = []
    for timestamp in root.timestamps():
        metadata = root.metadata(timestamp)
        if metadata is not None:
            newer = ["made by a newer rezup"] if metadata.format > FORMAT else []
            candidates.append(Candidate(timestamp, (*named.get(timestamp, ()), *newer)))
    done = Collected(tuple(plan(candidates, policy, time.time())))
    if done.gone and not dry_run:
        for timestamp in done.gone:
            if timestamp not in root.named():  # another admin may have pinned or labelled it since
                root.remove(timestamp)
        root.record(new_act("gc", "", environ, detail=" ".join(done.gone)), report)
    return done


def collect_automatically(
    folder: ContainerFolder,
    policy: Policy,
    given: str | None,
    named: Mapping[str, str],
    *,
    environ: Mapping[str, str],
    report: Reporter,
) -> None:
    """Collect, and say in a line what went; nothing happens where this user cannot remove anything.

    Args:
        given, named: see `Collector`.

    Raises:
        StorageError: it cannot be read or written there.
    """
    if not os.access(folder.path, os.W_OK):
        return
    gone = Collector(folder, given, environ, report, named).collect(policy).gone
    if gone:
        report(Note(f"Removed {len(gone)} revision{'s' if len(gone) > 1 else ''} that were not needed any more"))


def _group(revision: Revision) -> str:
    """Where a revision is ready: empty for here."""
    metadata = revision.metadata
    if revision.ready or metadata is None:
        return ""
    if metadata.platform and metadata.platform != platform_tag():
        return metadata.platform
    return "hosts that have its interpreter" if metadata.environments else ""


def _changed(revision: Revision) -> float | None:
    """When something in an incomplete revision changed last; None for one that is complete, or cannot be looked at."""
    try:
        os.lstat(revision.lock_file)
    except FileNotFoundError:
        pass
    except OSError:
        return None
    else:
        return None
    newest = 0.0
    for place, folders, files in os.walk(revision.path):
        for name in (".", *folders, *files):
            with suppress(OSError):
                newest = max(newest, os.lstat(os.path.join(place, name)).st_ctime)
    return newest


def _clear_stale(place: Path) -> None:
    """Remove the files that killed writers left beside those that they were to replace."""
    with suppress(OSError):
        for name in os.listdir(place):
            path = place / name
            digits = name.rpartition(".")[2]
            if name.startswith(".") and len(digits) == 16 and all(digit in "0123456789abcdef" for digit in digits):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > STALE:
                        path.unlink()
