"""Collect garbage in a container: remove the revisions that `retention` gives up, and what other processes left behind.

A revision is first locked exclusively: then no process uses it, and none can enter it. One rename takes it away, and only then
are its files deleted. So no failure on the way leaves a part of a revision.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from rezup_api.disk.flock import claim
from rezup_api.disk.reading import open_below
from rezup_api.disk.staging import staged, sweep
from rezup_api.errors import RemoteError, StorageError
from rezup_api.events import Note, Reporter, Warned
from rezup_api.maintenance.cache_cleanup import prune
from rezup_api.maintenance.holders import holders
from rezup_api.maintenance.python_cleanup import prune_pythons
from rezup_api.maintenance.removal import changed_last, freed
from rezup_api.maintenance.retention import Candidate, Policy, Verdict, last_current, plan
from rezup_api.store.history import new_act
from rezup_api.store.holds import forget_holds, read_holds
from rezup_api.store.labels import PIN
from rezup_api.store.layout import REVISIONS, platform_tag
from rezup_api.store.metadata import FORMAT
from rezup_api.store.names import timestamp_order
from rezup_api.store.revision import DAMAGED, Revision, load_revision, newest_first
from rezup_api.store.root import local_root
from rezup_api.store.shared_folders import needed, remove_unneeded, shared_folders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.store.layout import ContainerFolder

# Seconds after which the unfinished file of a writer counts as left behind by a killed process.
STALE = 3600.0
# How many published revisions one act removes: the entry of the log that names them must stay below its limit.
MOST = 500
# Stands in the place of a label, for the revision on whose account a collection was started automatically.
WANTED = ".wanted"
# Why a published revision stays that its log no longer names: whoever looks for it finds it as long as its files are there.
UNDELETED = "its files cannot be removed"
_HIDDEN = {PIN: "pinned by the studio", WANTED: "asked for just now"}


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection has done, or would do.

    Args:
        verdicts: on every revision, newest first.
        folders: the shared folders that were removed, as paths relative to the container's folder.
        bytes: how much room on the disk the collection frees.
    """

    verdicts: tuple[Verdict, ...]
    folders: tuple[str, ...] = ()
    bytes: int = 0

    @property
    def gone(self) -> tuple[str, ...]:
        """The timestamps of the revisions that were removed, or would be."""
        return tuple(verdict.timestamp for verdict in self.verdicts if not verdict.stays)


@dataclass(frozen=True, slots=True)
class Collector:
    """Collects garbage in a container under a local root.

    Args:
        folder: the container's folder.
        given: the revision that `use` gives now; None if that is not known.
        named: the revisions that labels and the pin of the remote root name, by label; such revisions stay.
        environ: the caller's environment.
        report: called with a warning for everything that cannot be removed.
    """

    folder: ContainerFolder
    given: str | None
    environ: Mapping[str, str]
    report: Reporter
    named: Mapping[str, str] = field(default_factory=dict)

    def collect(self, policy: Policy, *, dry_run: bool = False) -> Collected:
        """Remove the revisions that the policy does not keep, and what other processes left behind.

        Args:
            policy: the rules that decide.
            dry_run: change nothing, and return what would be removed.

        Raises:
            StorageError: a file under the root cannot be read or written.
        """
        if not dry_run:
            sweep(self.folder.path)
            sweep(self.folder.root)
        verdicts = plan(self._candidates(policy), policy, time.time())
        verdicts = [verdict if verdict.stays else self._unless_held(verdict) for verdict in verdicts]
        going = [self._path(verdict.timestamp) for verdict in verdicts if not verdict.stays]
        unused = self._unused(going)
        size = freed([*going, *unused])
        if not dry_run:
            verdicts = [verdict if verdict.stays else self._remove(verdict) for verdict in verdicts]
            unused = [path for path in unused if self._remove_shared(path)]
            self._clear(policy)
            self._record([verdict.timestamp for verdict in verdicts if not verdict.stays])
        names = tuple(path.relative_to(self.folder.path).as_posix() for path in unused)
        return Collected(tuple(verdicts), names, size)

    def _path(self, timestamp: str) -> Path:
        return self.folder.revisions / timestamp

    def _candidates(self, policy: Policy) -> list[Candidate]:
        """What `retention` has to know of each revision, newest first."""
        revisions = list(newest_first(self.folder))
        names = self._names()
        used = {holder.revision for holder in holders(revisions)}
        since = time.time() - policy.spared
        handed_out = {timestamp for timestamp, moment in read_holds(self.folder).items() if moment > since}
        ended = self._last_current([revision for revision in revisions if revision.ready])
        return [
            Candidate(
                timestamp=revision.timestamp,
                kept=(*names.get(revision.timestamp, ()), *self._must_stay(revision, used, handed_out, policy)),
                group=_group(revision),
                changed=changed_last(revision) if revision.fault else None,
                fault=revision.fault,
                current_until=ended.get(revision.timestamp),
            )
            for revision in revisions
        ]

    def _names(self) -> dict[str, list[str]]:
        """Why revisions stay against any policy, by timestamp: pins, labels, and what `use` gives without the remote root."""
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

    def _must_stay(self, revision: Revision, used: set[str], handed_out: set[str], policy: Policy) -> list[str]:
        why = ["in use"] if str(revision) in used else []
        if revision.timestamp in handed_out:
            why.append(f"spared: handed out by `rezup env` in the last {policy.spared_text} (retention.spare)")
        if revision.metadata is not None and revision.metadata.format > FORMAT:
            why.append("made by a newer rezup")
        if revision.metadata is None and not revision.fault:
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
        """The verdict on a revision that is to be removed, after a look at whether a process uses it."""
        try:
            held = claim(load_revision(self.folder, verdict.timestamp).lock_file)
        except OSError:
            return verdict  # it is incomplete, so no process can have entered it
        if held is None:
            return Verdict(verdict.timestamp, True, "in use")
        # This look only makes the report right. `_remove` locks again and looks again, because a session may begin in between.
        held.release()
        return verdict

    def _remove(self, verdict: Verdict) -> Verdict:
        """Remove a revision, unless a process has entered it, or a user has named it, since the verdict."""
        # From here on, no process can enter the revision. All that could have changed before is asked again below.
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
            # A process that pins or labels a revision holds a lease on it meanwhile, so that no name can appear after this look.
            if verdict.timestamp in self._names():
                return Verdict(verdict.timestamp, True, "named just now")
            # Some processes use a revision without its lease, because their parent closed it; only /proc shows these.
            if holders([load_revision(self.folder, verdict.timestamp)]):
                return Verdict(verdict.timestamp, True, "in use")
            with (
                staged(self.folder.path) as stage,
                suppress(FileNotFoundError),
                open_below(self.folder.root, f"{self.folder.name}/{REVISIONS}") as revisions,
            ):
                # The rename comes before any deletion: whoever reads the revision finds all of it, or nothing.
                revisions.give(verdict.timestamp, stage.path / verdict.timestamp)
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
        """The shared folders that no revision needs once those in `going` are removed."""
        try:
            wanted = needed(self.folder, {path.name for path in going})
        except StorageError as error:
            self.report(Warned(f"no shared folder was removed: {error.message}"))
            return []
        return [path for path in shared_folders(self.folder) if path not in wanted]

    def _remove_shared(self, path: Path) -> bool:
        try:
            return remove_unneeded(self.folder, path)
        except (OSError, StorageError) as error:
            self.report(Warned(f"cannot remove {path}: {error}"))
            return False

    def _clear(self, policy: Policy) -> None:
        """Remove the files that killed writers left, and what the caches hold for revisions that no longer exist."""
        try:
            for place in ("labels", "history", "failures"):
                _clear_stale(self.folder.path, place)
            forget_holds(self.folder, time.time() - policy.spared)
            prune(self.folder.root, self.environ)
            prune_pythons(self.folder.root)
        except (OSError, StorageError) as error:
            # The revisions are removed, and this can be done another time.
            self.report(Warned(f"some caches are not cleaned up: {error}"))

    def _record(self, gone: Sequence[str]) -> None:
        if gone:
            local_root(self.folder, self.report).record(new_act("gc", "", self.environ, detail=" ".join(gone)))


def collect_published(
    root: PublishedRoot, policy: Policy, environ: Mapping[str, str], *, dry_run: bool = False
) -> Collected:
    """Remove published revisions that the policy does not keep; machines that have built them keep their builds.

    Args:
        root: the container under the remote root.
        environ: the caller's environment.
        dry_run: only say what would go.

    Raises:
        OutrunError: another user has changed the container meanwhile.
        RemoteError: the root cannot be read or written.
    """
    named = root.named()
    candidates = []
    for timestamp in root.timestamps():
        try:
            metadata = root.metadata(timestamp)
        except RemoteError as error:
            if not error.damaged:
                raise
            # A publisher of rezup 2.x may still be copying it, until the day is over that `retention` waits.
            published = float(timestamp_order(timestamp)[0])
            candidates.append(Candidate(timestamp, tuple(named.get(timestamp, ())), changed=published, fault=DAMAGED))
            continue
        if metadata is not None:
            newer = ["made by a newer rezup"] if metadata.format > FORMAT else []
            candidates.append(Candidate(timestamp, (*named.get(timestamp, ()), *newer)))
    done = Collected(tuple(plan(candidates, policy, time.time())))
    left = []
    # If another admin has pinned or labelled one of them since, the log does not take this act, and it is decided anew.
    for start in range(0, 0 if dry_run else len(done.gone), MOST):
        some = done.gone[start : start + MOST]
        left += root.remove(some, new_act("gc", "", environ, detail=" ".join(some)))
    return Collected(
        tuple(replace(one, stays=True, reason=UNDELETED) if one.timestamp in left else one for one in done.verdicts)
    )


def collect_automatically(
    folder: ContainerFolder,
    policy: Policy,
    given: str | None,
    named: Mapping[str, str],
    *,
    environ: Mapping[str, str],
    report: Reporter,
) -> None:
    """Collect garbage and report in one line what was removed; do nothing if this user may not write to the container.

    Args:
        folder, given, named, environ, report: see `Collector`.
        policy: the rules that decide.

    Raises:
        StorageError: a file under the root cannot be read or written.
    """
    if not os.access(folder.path, os.W_OK):
        return
    gone = Collector(folder, given, environ, report, named).collect(policy).gone
    if gone:
        report(Note(f"Removed {len(gone)} revision{'s' if len(gone) > 1 else ''} that are no longer needed"))


def _group(revision: Revision) -> str:
    """The machines on which a revision is ready, as a name for people; empty for this machine."""
    metadata = revision.metadata
    if revision.ready or metadata is None:
        return ""
    if metadata.platform and metadata.platform != platform_tag():
        return metadata.platform
    return "hosts that have its interpreter" if metadata.environments else ""


def _clear_stale(container: Path, place: str) -> None:
    """Remove the hidden files that killed writers left beside the files that they were going to replace."""
    with suppress(OSError), open_below(container, place) as folder:
        for name in folder.names():
            digits = name.rpartition(".")[2]
            if name.startswith(".") and len(digits) == 16 and all(digit in "0123456789abcdef" for digit in digits):
                with suppress(OSError):
                    if time.time() - folder.lstat(name).st_mtime > STALE:
                        folder.unlink(name)
