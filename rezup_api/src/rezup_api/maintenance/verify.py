"""Compare a revision with what was recorded when it was made: every file, every link and every interpreter.

No program of the revision is run and nothing of it is imported, so that this works when the environment itself is broken. The
interpreter, which lies outside of it, is asked for its version if only this user and the administrator can write what names it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.cache.content_store import File, Listing, parse_listing
from rezup_api.disk.files import digest_of
from rezup_api.disk.reading import LISTING_LIMIT, open_below, read_file
from rezup_api.disk.trust import changeable_by
from rezup_api.errors import InstallError
from rezup_api.process import runner
from rezup_api.pythons.interpreter import clean_environ
from rezup_api.pythons.provided import damage, provided_by, pythons_folder, read_provided
from rezup_api.store.revision import DAMAGED
from rezup_api.store.shared_folders import LISTING, RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rezup_api.cache.content_store import FileStore
    from rezup_api.events import Step
    from rezup_api.pythons.provided import Provided
    from rezup_api.store.metadata import Environment, Metadata
    from rezup_api.store.revision import Revision

CHANGED, MISSING, EXTRA, LINK = "changed", "missing", "extra", "link"
INTERPRETER, EDITABLE, LISTED, CACHE = "interpreter", "editable", "record", "cache"
METADATA, LINKED, PROVIDED = "metadata", "linked", "python"
DAMAGED_PYTHON = "is not as it was when rezup provided that Python"
# What an interpreter is asked for, and the seconds that it may take for the answer.
_VERSION = "import platform; print(platform.python_version())"
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was recorded.

    Args:
        kind: "changed", "missing", "extra", "link", "interpreter", "editable", "record", "cache", "metadata", "linked",
            or "python" for one that rezup has provided.
        path: the file, link or folder in question.
        text: what is wrong with it, as the end of a sentence that begins with the path.
        file: for a file, what was recorded of it; else None.
        target: for a link, the target that was recorded; else empty.
    """

    kind: str
    path: str
    text: str
    file: File | None = None
    target: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


@dataclass(frozen=True, slots=True)
class Part:
    """A folder of a revision, and the record of what it held.

    Args:
        top: the folder.
        record: the file with the digests.
        own: names at the top of the folder that belong there without being listed.
    """

    top: Path
    record: Path
    own: frozenset[str] = frozenset()

    def listing(self) -> Listing | None:
        """What was recorded; None if the record cannot be read."""
        try:
            return parse_listing(read_file(self.record, LISTING_LIMIT).decode("utf-8"))
        except (OSError, ValueError):
            return None


def parts_of(revision: Revision) -> list[Part]:
    """The environments of a revision, and the folders that they share with other revisions."""
    metadata = revision.metadata
    if metadata is None or revision.style != "3":
        return []
    parts = [
        Part(revision.path / "venv" / environment.name, revision.path / f"files.{environment.name}.json")
        for environment in metadata.environments
    ]
    folder = revision.folder
    shared = [folder.libraries / name for name in metadata.libraries] + [folder.data / name for name in metadata.data]
    return [*parts, *(Part(path, path / LISTING, frozenset({LISTING, RECORD})) for path in shared)]


def examine_revision(revision: Revision, store: FileStore, environ: Mapping[str, str], running: Step) -> list[Finding]:
    """Find everything that is wrong with a revision.

    Args:
        revision: the revision, on which the caller holds a lease.
        store: this user's cache of contents, whose damaged entries are found as well.
        environ: the environment for the interpreters, which are asked for their version.
        running: the step whose progress is reported.
    """
    found: list[Finding] = []
    if revision.metadata is None:
        return [without_metadata(revision)]  # nothing else is known of it then
    for part in parts_of(revision):
        if os.path.lexists(part.top) and not is_real(revision.folder.root, part.top):
            found.append(Finding(LINKED, str(part.top), "lies behind a symbolic link"))
            continue
        listing = part.listing()
        if listing is None:
            found.append(Finding(LISTED, str(part.record), "its digests cannot be read"))
            continue
        found += compare_listing(part, listing, running)
        found += _damaged_entries(part, listing, store)
        found += _editable(part, listing)
    # The record names a program. If others can write the record, it is not run: they would say what this user runs.
    own = not changeable_by(revision.lock_file)
    root = revision.folder.root
    damaged = {key: damage(one) for key, one in provided_for(root, revision.metadata).items()}
    found += [Finding(PROVIDED, path, DAMAGED_PYTHON) for paths in damaged.values() for path in paths]
    for environment in revision.metadata.environments:
        sound = not damaged.get(provided_by(root, environment.interpreter))
        found += _interpreter(environment, environ, run=own and sound)
    return found


def provided_for(root: Path, metadata: Metadata) -> dict[str, Provided]:
    """The interpreters that rezup has provided for the environments of a revision, by their keys."""
    keys = {provided_by(root, environment.interpreter) for environment in metadata.environments} - {""}
    found = {key: read_provided(pythons_folder(root) / key) for key in keys}
    return {key: one for key, one in found.items() if one is not None}


def without_metadata(revision: Revision) -> Finding:
    """The finding that a revision has no metadata that could be read."""
    text = revision.obstacle.removeprefix(f"{revision.lock_file} ").removeprefix("it ")
    return Finding(METADATA, str(revision.lock_file if revision.fault == DAMAGED else revision.path), text)


def is_real(root: Path, folder: Path) -> bool:
    """Whether a folder below a root exists, and no part of the way to it is a symbolic link."""
    try:
        with open_below(root, folder.relative_to(root).as_posix()):
            return True
    except OSError:
        return False


def compare_listing(part: Part, listing: Listing, running: Step) -> Iterator[Finding]:
    """Yield each difference between a folder and its listing."""
    top = str(part.top)
    seen: set[str] = set()
    for place, folders, names in os.walk(top):
        for name in sorted([*names, *(one for one in folders if os.path.islink(os.path.join(place, one)))]):
            path = os.path.join(place, name)
            relative = os.path.relpath(path, top).replace(os.sep, "/")
            if relative in part.own:
                continue
            seen.add(relative)
            if len(seen) % 200 == 0:
                running.progress(part.top.name, len(seen), len(listing.files) + len(listing.links))
            finding = _judge(path, listing.files.get(relative), listing.links.get(relative))
            if finding is not None:
                yield finding
    for relative, file in listing.files.items():
        if relative not in seen:
            yield Finding(MISSING, f"{top}/{relative}", "is missing", file)
    for relative, target in listing.links.items():
        if relative not in seen:
            yield Finding(LINK, f"{top}/{relative}", "is missing", target=target)


def _judge(path: str, file: File | None, target: str | None) -> Finding | None:
    """What is wrong with one file or link; None if it is as it was recorded."""
    if os.path.islink(path):
        leads = os.readlink(path)
        if target is not None:
            return None if leads == target else Finding(LINK, path, f"leads to {leads}", target=target)
        return Finding(CHANGED, path, "has become a link", file) if file else Finding(EXTRA, path, "was not installed")
    if file is None:
        if target is not None:
            return Finding(LINK, path, "was a link", target=target)
        return Finding(EXTRA, path, "was not installed")
    try:
        if is_good(path, file):
            return None
    except OSError as error:
        return Finding(CHANGED, path, f"cannot be read: {error.strerror}", file)
    return Finding(CHANGED, path, "is not what was installed", file)


def is_good(path: str, file: File) -> bool:
    """Whether the content of a file, and whether it can be executed, are what was recorded.

    Raises:
        OSError: the file cannot be read.
    """
    status = os.lstat(path)
    executable = bool(status.st_mode & 0o111)
    # A pipe would be read without end, and a link leads to something that is not of the revision.
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_size == file.size
        and executable == file.executable
        and digest_of(path) == file.digest
    )


def _damaged_entries(part: Part, listing: Listing, store: FileStore) -> Iterator[Finding]:
    """The cache entries whose content does not fit their digest. A hard link to the installed file was judged with that file."""
    for relative, file in listing.files.items():
        entry = store.entry(file)
        try:
            status = os.stat(entry)
            if os.path.samefile(entry, part.top / relative):
                continue
        except OSError:
            continue
        if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime) and digest_of(entry) != file.digest:
            yield Finding(CACHE, entry, "is damaged, in the cache", file)


def _editable(part: Part, listing: Listing) -> Iterator[Finding]:
    """The sources of editable packages that are not where they were."""
    for relative in listing.files:
        if not relative.endswith(".pth"):
            continue
        try:
            lines = read_file(part.top / relative).decode("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue  # it is already among the findings, as changed or missing
        for line in lines:
            if os.path.isabs(line.strip()) and not os.path.exists(line.strip()):
                yield Finding(EDITABLE, line.strip(), f"is gone, which {part.top.name} takes an editable package from")
    for relative, target in listing.links.items():
        if os.path.isabs(target) and "site-packages" in relative and not os.path.exists(target):
            yield Finding(EDITABLE, target, f"is gone, which {part.top.name} takes an editable package from")


def _interpreter(environment: Environment, environ: Mapping[str, str], *, run: bool) -> Iterator[Finding]:
    """A finding for an interpreter that is gone; if it may be run, also for one that does not run, or has another version now."""
    path = environment.interpreter
    if not path:
        return
    if not os.path.exists(path):
        yield Finding(INTERPRETER, path, f"is gone, which {environment.name} was made from")
        return
    if not run:
        return
    try:
        completed = runner.start([path, "-E", "-s", "-c", _VERSION], environ=clean_environ(environ)).wait(TIMEOUT)
    except InstallError as error:
        yield Finding(INTERPRETER, path, f"does not run: {error.message}")
        return
    version = completed.stdout.strip()
    if completed.status or version != environment.python:
        now = f"is Python {version} now" if version and not completed.status else "does not run"
        yield Finding(INTERPRETER, path, f"{now}; {environment.name} was made with {environment.python}")
