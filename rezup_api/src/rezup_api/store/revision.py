"""Find the revisions under a local root: which exist, which are ready on this machine, and which one a user means."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from rezup_api.disk.files import storage_error, storing
from rezup_api.disk.flock import Held, lease_at_last
from rezup_api.errors import NotFoundError, StorageError, UsageError
from rezup_api.frozen import dataclass
from rezup_api.store.layout import BIN, METADATA_FILE, RECIPE_FILE, ContainerFolder, platform_tag
from rezup_api.store.metadata import FORMAT, Metadata, read_metadata
from rezup_api.store.names import CURRENT, LATEST, ahead, is_label, moment, next_timestamp, timestamp_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from rezup_api.disk.staging import Stage
    from rezup_api.store.layout import ContainerFolder

DAMAGED, INCOMPLETE = "damaged", "incomplete"
_UNFINISHED = "it is not complete"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision under a root.

    Args:
        folder: the folder of the container that it belongs to.
        timestamp: the revision's name.
        metadata: what `revision.json` records; None if the revision is incomplete, or that file is damaged.
        obstacle: why a session cannot enter it on this machine; empty if it can.
        fault: "damaged" or "incomplete" if no session can ever enter it, on any machine; else empty.
    """

    folder: ContainerFolder
    timestamp: str
    metadata: Metadata | None
    obstacle: str
    fault: str = ""

    @property
    def container(self) -> str:
        """The container's name."""
        return self.folder.name

    @property
    def path(self) -> Path:
        """The revision's folder."""
        return self.folder.revisions / self.timestamp

    @property
    def moment(self) -> datetime:
        """When it was made, according to its name, as an aware `datetime` in UTC."""
        return moment(self.timestamp)

    @property
    def recipe_file(self) -> Path:
        """The file with the effective recipe that it was made from."""
        return self.path / RECIPE_FILE

    @property
    def lock_file(self) -> Path:
        """The file on which every process that uses the revision holds a lease."""
        return self.path / METADATA_FILE

    @property
    def ready(self) -> bool:
        """Whether a session can enter it on this machine."""
        return not self.obstacle

    @property
    def style(self) -> str:
        """The generation of rezup that made it: "3", "2.x" or "1.x"."""
        if self.metadata is None or self.metadata.format:
            return "3"
        return "2.x" if self.metadata.rezup_version else "1.x"

    @property
    def tool_folders(self) -> tuple[Path, ...]:
        """The folders of its production scripts, in the order in which they go on PATH."""
        if self.style == "1.x":
            return (self.path / BIN,)
        names = [environment.name for environment in self.metadata.environments] if self.metadata else []
        return tuple(self.path / "venv" / name / BIN / "rez" for name in names)

    def __str__(self) -> str:
        return f"{self.container}@{self.timestamp}"


def load_revision(folder: ContainerFolder, timestamp: str) -> Revision:
    """The revision of that name under a local root, ready or not. If it is missing or damaged, its `obstacle` says so."""
    path = folder.revisions / timestamp
    try:
        metadata = read_metadata(path / METADATA_FILE, folder.root)
    except StorageError as error:
        return Revision(folder, timestamp, None, error.message, DAMAGED if error.damaged else "")
    revision = Revision(folder, timestamp, metadata, "")
    obstacle = _obstacle(revision)
    return Revision(folder, timestamp, metadata, obstacle, INCOMPLETE if obstacle == _UNFINISHED else "")


def _obstacle(revision: Revision) -> str:
    metadata = revision.metadata
    if metadata is None:
        return _UNFINISHED if revision.path.is_dir() else "it is not a folder"
    if metadata.format > FORMAT:
        return (
            f"its format is {metadata.format}, made by rezup {metadata.rezup_version}; this rezup reads up to {FORMAT}"
        )
    if revision.style == "1.x" and not revision.recipe_file.is_file():
        return _UNFINISHED
    if too_early := ahead(revision.timestamp):
        return f"{too_early}; if the clock is right, remove {revision.path}"
    if metadata.platform and metadata.platform != platform_tag():
        return f"it was made for {metadata.platform}"
    for environment in metadata.environments:
        if environment.interpreter and not os.path.exists(environment.interpreter):
            return f"its interpreter {environment.interpreter} is missing here"
    return ""


def newest_first(folder: ContainerFolder) -> Iterator[Revision]:
    """All revisions of a local container. Each is read when the caller comes to it, so the newest costs one file only."""
    revisions, unfinished = os.fspath(folder.revisions), False
    for timestamp in folder.timestamps():
        # Whoever may write there can make very many empty folders. So behind one of them, the next are only looked at: 0.4 s
        # instead of 1.6 s for 20,000. What holds a file is read as ever.
        if unfinished and _is_bare(f"{revisions}/{timestamp}"):
            yield Revision(folder, timestamp, None, _UNFINISHED, INCOMPLETE)
            continue
        revision = load_revision(folder, timestamp)
        unfinished = revision.fault == INCOMPLETE
        yield revision


def _is_bare(path: str) -> bool:
    """Whether this is a folder without the file that makes it a revision, and no link to one."""
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            return False
        os.lstat(f"{path}/{METADATA_FILE}")
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def newest_ready(folder: ContainerFolder) -> Revision | None:
    """The newest revision that a session can enter on this machine; None if there is no such revision."""
    return next((revision for revision in newest_first(folder) if revision.ready), None)


def resolve(
    container: str, request: str, timestamps: list[str], current: str | None, choices: Sequence[str] | None = None
) -> str:
    """Decide which revision a `REV` means. This only compares names; the caller has looked up labels before.

    Args:
        container: the container's name, for the messages.
        request: a timestamp or its beginning, `current`, `latest`, or `~N`. Any other text is a label that does not exist.
        timestamps: the timestamps of all revisions, newest first.
        current: the timestamp of the revision that `use` gives without `@`; None if it gives none.
        choices: those of them that `use` chooses among, newest first; None for all. `latest` is the first of them, and `~N`
            counts over them, from `current` on.

    Raises:
        NotFoundError: no revision fits.
        UsageError: `request` is the beginning of several timestamps.
    """
    choices = timestamps if choices is None else choices
    if request == CURRENT and current is not None:
        return current
    if request == LATEST and choices:
        return choices[0]
    if request.startswith("~") and current is not None:
        # A machine can be pinned to a revision that is none of the choices. Those that are older than it come after it.
        older = [current, *(one for one in choices if timestamp_order(one) < timestamp_order(current))]
        steps = int(request[1:])
        if steps < len(older):
            return older[steps]
        raise NotFoundError(
            f"{container} has no revision {request[1:]} before {current}",
            f"see what there is: rezup status {container}",
        )
    if request in timestamps:
        return request
    fitting = [timestamp for timestamp in timestamps if timestamp.startswith(request)]
    if len(fitting) > 1:
        raise UsageError(
            f"{request!r} is the beginning of {len(fitting)} revisions of {container}: {', '.join(fitting[:5])}"
        )
    if not fitting:
        kind = "revision or label" if is_label(request) else "revision"
        raise NotFoundError(f"{container} has no {kind} {request!r}", f"see what there is: rezup status {container}")
    return fitting[0]


def appear_next(stage: Stage, folder: ContainerFolder, newest: str | None = None) -> str:
    """Let `stage` appear as the next revision of a container.

    Args:
        newest: a timestamp that the new one must be greater than, in addition to those in the folder.

    Returns:
        The timestamp of the new revision: now, or one microsecond after the greatest if this machine's clock is behind.

    Raises:
        StorageError: the revision cannot be written there.
    """
    with storing("cannot write to"):
        return stage.appear_in(folder.revisions, lambda names: next_timestamp(names, newest))


def hold(revision: Revision) -> Held:
    """Keep a revision from being removed, until the caller releases the lease that this returns.

    Raises:
        NotFoundError: the revision has been removed, or is incomplete.
        StorageError: its file cannot be opened or locked.
    """
    hint = f"see what there is: rezup status {revision.container}"
    # `revision` was read some time ago, so another process may have removed it since. Only the lease tells: whoever removes a
    # revision first locks this file alone, and cannot do that from here on.
    try:
        return lease_at_last(revision.lock_file)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"{revision} is gone", hint) from error
    except OSError as error:
        raise storage_error("cannot hold", error) from error
