"""Which file systems may hang: told by the table of mounts, without touching them.

Imported by quick launches: nothing is loaded here that Python has not loaded at its start.
"""

import os

MOUNTS = "/proc/self/mountinfo"
# File systems of this machine. All others count as shared, also those nobody has heard of.
LOCAL_TYPES = frozenset(
    (
        *(
            "apfs",
            "bcachefs",
            "btrfs",
            "cramfs",
            "devtmpfs",
            "erofs",
            "exfat",
            "ext2",
            "ext3",
            "ext4",
            "f2fs",
            "fuseblk",
            "hfs",
        ),
        *(
            "hfsplus",
            "iso9660",
            "jfs",
            "msdos",
            "nilfs2",
            "ntfs",
            "ntfs3",
            "overlay",
            "proc",
            "ramfs",
            "reiserfs",
            "rootfs",
        ),
        *("squashfs", "sysfs", "tmpfs", "ubifs", "udf", "ufs", "vfat", "xfs", "zfs"),
    )
)


def may_hang(path: str) -> bool:
    """Whether what a path names lies on a file system that may hang; told without touching that file system.

    Args:
        path: absolute. It need not exist.
    """
    return mount_may_hang(resolved(path))


def resolved(path: str) -> str:
    """A path without symbolic links, as far as they can be followed without touching a file system that may hang."""
    if os.name == "nt":
        return path
    mounts = _mounts()
    done, rest = "", [part for part in path.split("/") if part not in ("", ".")]
    links = 0
    while rest:
        part = rest.pop(0)
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        step = f"{done}/{part}"
        if _mount(step, mounts)[1]:
            return "/".join([step, *rest])
        try:
            target = os.readlink(step)
        except OSError:
            done = step
            continue
        links += 1
        if links > 40:  # a circle, as the kernel has it
            return "/".join([step, *rest])
        if target.startswith("/"):
            done = ""
        rest = [*(name for name in target.split("/") if name not in ("", ".")), *rest]
    return done or "/"


def mount_may_hang(path: str) -> bool:
    """Whether a resolved path lies on a file system that may hang. Where the system does not tell, it does."""
    return os.name != "nt" and _mount(path, _mounts())[1]


def mount_point(path: str) -> str:
    """The folder at which the file system is mounted that a path lies on."""
    return _mount(resolved(path), _mounts())[0]


def _mount(path: str, mounts: "list[tuple[str, bool]]") -> "tuple[str, bool]":
    """The mount that a path lies on, and whether it is shared; of those over each other, the last."""
    best = ("", False)
    for point, shared in mounts:
        if len(point) >= len(best[0]) and (path == point or path.startswith(point if point == "/" else point + "/")):
            best = (point, shared)
    return best


def _mounts() -> "list[tuple[str, bool]]":
    """All mounts in their order: where, and whether it may hang."""
    try:
        with open(MOUNTS, "rb") as stream:
            lines = os.fsdecode(stream.read()).rstrip("\n").split("\n")
    except OSError:
        return [("/", True)]
    found = []
    for line in lines:
        fields = line.split(" ")
        # Blanks and such are escaped, see proc(5); Python's codec for that would have to be loaded.
        first, *escaped = fields[4].split("\\")
        point = first + "".join([chr(int(text[:3], 8)) + text[3:] for text in escaped])
        found.append((point, fields[fields.index("-", 6) + 1] not in LOCAL_TYPES))
    return found
