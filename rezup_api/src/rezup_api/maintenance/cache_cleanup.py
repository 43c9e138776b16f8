"""Drop what this user's caches hold for revisions that are gone.

Everything there is made again when it is missing, so that nothing here has to be exact: it is safe beside builders, who look
once more when something is not there.
"""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.flock import claim
from rezup_api.disk.staging import LOCK_SUFFIX, STAGING
from rezup_api.storage.folder import FolderStorage
from rezup_api.store.layout import ContainerFolder, cache_folder
from rezup_api.store.root import list_containers
from rezup_api.store.shared_folders import LISTING, shared_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Seconds; what is younger may belong to a revision that is being made.
YOUNG = 3600.0
_DIGEST = re.compile(r"[0-9a-f]{64}")


def prune(root: Path) -> None:
    """Drop contents and byte code that no revision under a local root has, and the lists of environments that need them."""
    caches = cache_folder(root)
    wanted = _wanted(root)
    # To take one name of a file away makes it young, so that its age tells something only while somebody builds.
    young = YOUNG if _is_building(root) else 0.0
    dropped = _drop_unwanted(caches / "files", wanted, young) | _drop_unwanted(caches / "bytecode", wanted, young)
    if dropped:
        drop_lists(root, dropped)


def _wanted(root: Path) -> set[str]:
    """The digests of all files of all revisions, and of what they share."""
    found: set[str] = set()
    for listing in _listings(root):
        with suppress(OSError):
            found.update(_DIGEST.findall(listing.read_text(encoding="utf-8", errors="replace")))
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
    """What lies in a folder; nothing where it is gone, as others may remove it at any moment."""
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _is_building(root: Path) -> bool:
    """Whether anything is being made under a root."""
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
    """Remove the files that are named by digests which are not wanted, and not too young; the digests that are gone."""
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


def drop_lists(root: Path, dropped: set[str]) -> None:
    """Remove the lists of environments that need contents which the cache has not got, so that they are made from nothing."""
    with suppress(OSError):
        for path in (cache_folder(root) / "environments").glob("*.json"):
            with suppress(OSError, ValueError, AttributeError, KeyError, IndexError):
                files = json.loads(path.read_text(encoding="utf-8"))["files"]
                if any(values[0] in dropped for values in files.values()):
                    path.unlink()
