"""Check the local roots: whether they are there, whose they are, and what their file systems can do."""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from rezup_api.disk.flock import claim
from rezup_api.disk.reading import open_below
from rezup_api.disk.staging import staged
from rezup_api.doctor.observation import WARNING, WRONG, Observation, fine
from rezup_api.errors import StorageError
from rezup_api.frozen import dataclass
from rezup_api.netfs import reader
from rezup_api.netfs.limit import begin
from rezup_api.netfs.mounts import MOUNTS, may_hang, resolved

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.doctor.scene import Scene

ROOT, LINKS, LOCKS, CLOCK = "local-root", "local-root-links", "local-root-locks", "local-root-clock"
ELSEWHERE = "set REZUP_ROOT_LOCAL, or root.local in the recipe, to a folder on a disk of this machine"
FICLONE = 0x40049409  # ioctl_ficlone(2)
# Seconds by which a clock may differ: so exact are the times of some file systems.
EXACT = 2.0


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


def check_local_roots(around: Scene) -> list[Observation]:
    """Whether each local root is there, and can be written; and what its file system can do."""
    return [one for root in around.local_roots for one in _examined(root)]


def _examined(root: Path) -> list[Observation]:
    try:
        first = _presence(root)
    except OSError as error:
        text = f"{root} cannot be looked at: {error.strerror or error}"
        return [Observation(ROOT, WRONG, text, ELSEWHERE, str(root))]
    if first.level == WRONG or not root.is_dir() or not os.access(root, os.W_OK | os.X_OK):
        return [first]
    try:
        able = try_out(root)
    except (StorageError, OSError) as error:
        why = error.message if isinstance(error, StorageError) else error.strerror or str(error)
        return [first, Observation(LINKS, WRONG, f"nothing can be written to {root}: {why}", ELSEWHERE, str(root))]
    return [first, *judged_abilities(root, able)]


def _presence(root: Path) -> Observation:
    """Whether a root is there, whose it is, and on which file system.

    Raises:
        OSError: it cannot be looked at, or its share does not answer.
    """
    subject = str(root)
    reader.reach(root, lambda: b"+" if root.exists() else b"")
    kind = file_system(root)
    on = f" on {kind}" if kind else ""
    on += ", a share" if may_hang(subject) else ""
    if not os.path.lexists(root):
        above = next(folder for folder in root.parents if folder.exists())
        if not os.access(above, os.W_OK | os.X_OK):
            text = f"{root} is not there, and you cannot write to {above}"
            return Observation(ROOT, WRONG, text, ELSEWHERE, subject)
        return fine(ROOT, f"{root} is not there yet; the first build makes it{on}", subject)
    with open_below(os.path.realpath(root)):
        found = os.stat(root)
    if not stat.S_ISDIR(found.st_mode):
        return Observation(ROOT, WRONG, f"{root} is no folder", ELSEWHERE, subject)
    whose = f"{root}{on} belongs to {_owner(found.st_uid)}"
    if not os.access(root, os.W_OK | os.X_OK):
        way_out = "what is there can be used; to build, ask for the right to write, or set REZUP_ROOT_LOCAL"
        return Observation(ROOT, WARNING, f"{whose}, and you cannot write to it", way_out, subject)
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX and os.name != "nt":
        text = f"{whose}, and every user can remove what is in it"
        return Observation(ROOT, WARNING, text, f"chmod +t {root}, or see: docs/how-to/shared-roots.md", subject)
    return fine(ROOT, f"{whose}, and you can write to it", subject)


def _owner(number: int) -> str:
    if os.name == "nt":
        return "its owner"
    if number == os.geteuid():
        return "you"
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def judged_abilities(root: Path, able: Abilities) -> list[Observation]:
    """What there is to say of the abilities of a root's file system."""
    subject = str(root)
    if able.links or able.reflinks:
        how = " and ".join(name for name, has in (("reflinks", able.reflinks), ("hard links", able.links)) if has)
        links = fine(LINKS, f"revisions in {root} share files, by {how}", subject)
    else:
        text = f"{root} has neither hard links nor reflinks, so that each revision takes its full size"
        links = Observation(LINKS, WARNING, text, ELSEWHERE, subject)
    if able.locks:
        locks = fine(LOCKS, f"locks work in {root}", subject)
    else:
        text = f"locks do not work in {root}, so that a cleanup could remove a revision in use"
        locks = Observation(LOCKS, WRONG, text, ELSEWHERE, subject)
    if abs(able.skew) <= EXACT:
        clock = fine(CLOCK, f"the clock of {root} and that of this machine agree", subject)
    else:
        side = "ahead of" if able.skew > 0 else "behind"
        text = f"the clock of {root} is {abs(able.skew):.0f} s {side} that of this machine"
        clock = Observation(CLOCK, WARNING, text, "set both clocks by NTP", subject)
    return [links, locks, clock]


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
