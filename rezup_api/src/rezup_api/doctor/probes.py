"""Try out what the file system of a root can do, in a staging folder that is removed again."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from rezup_api.disk.flock import claim
from rezup_api.disk.staging import staged
from rezup_api.frozen import dataclass
from rezup_api.netfs.limit import begin
from rezup_api.netfs.mounts import MOUNTS, resolved

if TYPE_CHECKING:
    from pathlib import Path

FICLONE = 0x40049409  # ioctl_ficlone(2)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a file system can do.

    Args:
        links: whether a file can have two names.
        reflinks: whether two files can share their content until one is changed.
        locks: whether a lock of one process keeps another one out.
        skew: how many seconds its clock is ahead of this machine's.
    """

    links: bool
    reflinks: bool
    locks: bool
    skew: float


def try_out(root: Path) -> Abilities:
    """Try out the file system of a root, which must exist.

    Raises:
        StorageError, OSError: nothing can be written there.
    """
    with staged(root) as stage:
        one = stage.path / "one"
        before = time.time()
        one.write_bytes(b"rezup")
        skew = one.stat().st_mtime - before
        return Abilities(
            _links(one, stage.path / "two"), _reflinks(one, stage.path / "three"), _locks(stage.path / "lock"), skew
        )


def _links(one: Path, two: Path) -> bool:
    try:
        os.link(one, two)
        return os.path.samefile(one, two)
    except OSError:
        return False


def _reflinks(one: Path, three: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with open(one, "rb") as source, open(three, "wb") as target:
        try:
            fcntl.ioctl(target.fileno(), FICLONE, source.fileno())
        except OSError:
            return False
    return True


def _locks(path: Path) -> bool:
    """Whether another process is kept out; on some network file systems, a second lock of the same process says nothing."""
    path.touch()
    held = claim(path)
    if held is None:
        return False
    with held:
        return begin(lambda: claim(path) is None, "")()


def file_system(path: Path) -> str:
    """The type of the file system of a path, such as "ext4"; empty where the system has no table of mounts."""
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as stream:
            lines = [line.split(" ") for line in stream]
    except OSError:
        return ""
    place, best, found = resolved(str(path)), -1, ""
    for fields in lines:
        first, *escaped = fields[4].split("\\")
        point = first + "".join(chr(int(text[:3], 8)) + text[3:] for text in escaped)
        inside = place == point or place.startswith(point if point == "/" else point + "/")
        if inside and len(point) >= best:
            best, found = len(point), fields[fields.index("-", 6) + 1]
    return found
