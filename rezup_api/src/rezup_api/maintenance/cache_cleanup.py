"""Remove what this user's caches hold for revisions that no longer exist.

The decision need not be exact, and no lock is taken: a builder makes whatever the caches lack, and tries again if something
vanishes while it builds.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.cache.folders import find_caches
from rezup_api.disk.documents import parse_json
from rezup_api.disk.flock import claim
from rezup_api.disk.reading import LISTING_LIMIT, read_file
from rezup_api.disk.staging import LOCK_SUFFIX, STAGING
from rezup_api.storage.folder import FolderStorage
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.root import list_containers
from rezup_api.store.shared_folders import LISTING, shared_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Seconds; a younger file may belong to a revision that is being built.
YOUNG = 3600.0
_DIGEST = re.compile(r"[0-9a-f]{64}")


def prune(root: Path, environ: Mapping[str, str] | None = None) -> None:
    """Remove contents and byte code that no revision under a local root has, and the lists of environments that need them."""
    caches = find_caches(root, environ)[0].path
    wanted = _wanted(root)
    # The age is the time of the last change of the inode, which removing another name of the file sets anew. So a file that has
    # just lost its revision looks young; the age is only used while a process builds.
    young = YOUNG if _is_building(root) else 0.0
    dropped = _drop_unwanted(caches / "files", wanted, young) | _drop_unwanted(caches / "bytecode", wanted, young)
    if dropped:
        drop_lists(root, dropped, environ)


def _wanted(root: Path) -> set[str]:
    """The digests of all files of all revisions, and of the shared folders."""
    found: set[str] = set()
    for listing in _listings(root):
        with suppress(OSError):
            found.update(_DIGEST.findall(read_file(listing, LISTING_LIMIT).decode("utf-8", "replace")))
    return found


def _listings(root: Path) -> Iterator[Path]:
    for name in list_containers(FolderStorage(root)):
        folder = ContainerFolder(root, name)
        for timestamp in folder.timestamps():
            revision = folder.revisions / timestamp
            yield from (
                revision / one for one in _names(revision) if one.startswith("files.") and one.endswith(".json")
            )
        yield from (path / LISTING for path in shared_folders(folder))


def _names(folder: Path) -> list[str]:
    """The names in a folder; none if another process has removed it meanwhile."""
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _is_building(root: Path) -> bool:
    """Whether a process builds anything under a root, which the lock of its stage shows."""
    for name in list_containers(FolderStorage(root)):
        stages = root / name / STAGING
        for lock_file in (stages / one for one in _names(stages) if one.endswith(LOCK_SUFFIX)):
            with suppress(OSError):
                held = claim(lock_file)
                if held is None:
                    return True
                held.release()
    return False


def _drop_unwanted(folder: Path, wanted: set[str], young: float) -> set[str]:
    """Remove each file whose digest is not wanted and whose age is at least `young` seconds; return the digests removed."""
    dropped = set()
    now = time.time()
    for place, _, names in os.walk(folder):
        for name in names:
            match = _DIGEST.match(name)
            if match is None or match[0] in wanted:
                continue
            path = os.path.join(place, name)
            with suppress(OSError):
                if now - os.stat(path).st_ctime >= young:
                    os.unlink(path)
                    dropped.add(match[0])
    return dropped


def drop_lists(root: Path, dropped: set[str], environ: Mapping[str, str] | None = None) -> None:
    """Remove the lists of environments that need one of the removed contents, so that the next build starts from nothing."""
    with suppress(OSError):
        for path in find_caches(root, environ)[0].environments.glob("*.json"):
            with suppress(OSError, ValueError, AttributeError, KeyError, IndexError, TypeError):
                files = parse_json(read_file(path, LISTING_LIMIT), limit=LISTING_LIMIT, paths=True)["files"]
                if any(values[0] in dropped for values in files.values()):
                    path.unlink()
