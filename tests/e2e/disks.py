"""A disk of the test's own that loses power: a file system in a file, which is copied at a moment when nothing is written to it.

    <folder>/outer.img     holds the outer file system, mounted at <folder>/outer
    <folder>/outer/disk    holds the disk itself, mounted at <folder>/disk

What the disk has in memory only is not in the file `outer/disk`. While the outer file system is frozen, no write reaches that
file, so a copy of it is what a power loss at that moment leaves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1 << 20
SIZE = 768
# The kinds of file systems, each with the program that makes one and the options by which its journal does not write by itself.
KINDS = {
    "ext4": (["mkfs.ext4", "-q", "-F"], "commit=600"),
    "xfs": (["mkfs.xfs", "-q", "-f"], "defaults"),
    "btrfs": (["mkfs.btrfs", "-q", "-f"], "commit=600"),
}
# Frozen by a process of its own, which thaws even when the test is killed meanwhile.
CLONE = """
trap 'fsfreeze -u "$1"' EXIT
fsfreeze -f "$1" && timeout 60 cp --sparse=always "$1/disk" "$2"
"""
# Read by every Python that a command starts. Those of revisions have no rezup.
SITE = """
try:
    from rezup_api.disk import durable
except ImportError:
    pass
else:
    durable.flush_file = durable.flush_tree = durable.flush_folder = lambda path: None
"""


class NoDisksError(Exception):
    """This machine does not let the test mount a file system."""


@dataclass
class Disk:
    """A disk that can lose power.

    Args:
        folder: where its files lie.
        kind: one of `KINDS`.
    """

    folder: Path
    kind: str

    @property
    def path(self) -> Path:
        """Where it is mounted."""
        return self.folder / "disk"

    def lose_power(self) -> None:
        """Copy what would be left if the power were lost at this moment; `restart` makes it the disk."""
        _run("sh", "-c", CLONE, "sh", str(self.folder / "outer"), str(self.folder / "clone"))

    def restart(self) -> None:
        """Mount what was left; nothing may be open on the disk."""
        _run("umount", str(self.path))
        os.replace(_beside(self.folder / "clone", self.folder / "outer" / "clone"), self.folder / "outer" / "disk")
        self.mount()

    def mount(self) -> None:
        """Mount the disk; its journal is replayed."""
        _run("mount", "-o", f"loop,{KINDS[self.kind][1]}", str(self.folder / "outer" / "disk"), str(self.path))

    def neighbour(self) -> None:
        """Let another program flush a file of its own, which brings the names of all others to the disk, too."""
        with open(self.path / "neighbour", "ab") as stream:
            stream.write(b"x" * 5000)
            stream.flush()
            os.fsync(stream.fileno())


@contextmanager
def disk(folder: Path, kind: str) -> Iterator[Disk]:
    """A disk that is mounted until the end of the body.

    Raises:
        NoDisksError: this machine has no such file system, or lets nobody mount one.
    """
    if not shutil.which(KINDS[kind][0][0]) or not shutil.which("fsfreeze"):
        raise NoDisksError(f"{KINDS[kind][0][0]} or fsfreeze is not installed")
    made = Disk(folder, kind)
    for name in ("outer", "disk"):
        (folder / name).mkdir(parents=True)
    try:
        try:
            _format(folder / "outer.img", KINDS["ext4" if shutil.which("mkfs.ext4") else kind][0])
            _run("mount", "-o", "loop", str(folder / "outer.img"), str(folder / "outer"))
            _format(folder / "outer" / "disk", KINDS[kind][0])
            made.mount()
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoDisksError(f"cannot mount {kind}: {getattr(error, 'stderr', error)}") from error
        yield made
    finally:
        for name in ("disk", "outer"):
            subprocess.run(["umount", "--lazy", str(folder / name)], stderr=subprocess.DEVNULL, check=False)


def unflushed(folder: Path) -> dict[str, str]:
    """Variables with which rezup never flushes anything; `folder` keeps what that needs."""
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def _beside(source: Path, target: Path) -> Path:
    _run("cp", "--sparse=always", str(source), str(target))
    return target


def _format(path: Path, command: list[str]) -> None:
    with path.open("wb") as stream:
        # The disk has room beside itself, for its copy.
        stream.truncate(SIZE * MIB if path.suffix else SIZE * MIB // 2)
    _run(*command, str(path))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)
