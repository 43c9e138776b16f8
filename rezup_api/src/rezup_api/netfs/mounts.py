"""Say which file systems may hang, from the table of mounts, without touching them.

The quick launch imports this module, so it loads nothing that Python has not loaded at its start.
"""

import os

MOUNTS = "/proc/self/mountinfo"
# Types of file systems that lie on disks of this machine. Every other type counts as one that may hang, unknown ones included.
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
    """Whether the file that a path names lies on a file system that may hang; that file system is not touched.

    Args:
        path: absolute. It need not exist.
    """
    return mount_may_hang(resolved(path))


def resolved(path: str) -> str:
    """A path without symbolic links, as far as they can be followed without touching a file system that may hang."""
    # `os.path.realpath` looks at every part of the path, and would hang in the first part that lies on a dead share.
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
        # Ask the table before `readlink`: from a mount point on, every system call may hang.
        if _mount(step, mounts)[1]:
            return "/".join([step, *rest])
        try:
            target = os.readlink(step)
        except OSError:
            done = step
            continue
        links += 1
        if links > 40:  # after 40 links the kernel, too, takes them for a circle (path_resolution(7))
            return "/".join([step, *rest])
        if target.startswith("/"):
            done = ""
        rest = [*(name for name in target.split("/") if name not in ("", ".")), *rest]
    return done or "/"


def mount_may_hang(path: str) -> bool:
    """Whether a resolved path lies on a file system that may hang; True where the system has no table of mounts."""
    return os.name != "nt" and _mount(path, _mounts())[1]


def mount_point(path: str) -> str:
    """The folder where the file system of a path is mounted."""
    return _mount(resolved(path), _mounts())[0]


def _mount(path: str, mounts: "list[tuple[str, bool]]") -> "tuple[str, bool]":
    """The mount that a path lies on, and whether it may hang."""
    best = ("", False)
    # Where several file systems are mounted at one folder, the last one hides the others; hence `>=`.
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
        # The kernel writes blanks and the like as three octal digits (proc(5)). Python's codec for that is not loaded at the
        # start, so this does it by hand.
        first, *escaped = fields[4].split("\\")
        point = first + "".join([chr(int(text[:3], 8)) + text[3:] for text in escaped])
        # Any number of optional fields stands before the "-"; the type follows it (proc(5), mountinfo).
        found.append((point, fields[fields.index("-", 6) + 1] not in LOCAL_TYPES))
    return found
