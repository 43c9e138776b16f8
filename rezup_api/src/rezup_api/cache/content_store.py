"""Share files of equal content between revisions, by a cache that keeps each content under its digest.

A file whose content the cache has is linked: by a reflink, else by a hard link without write permission, else it is copied. So a
list of digests is enough to make an environment again, and shows later whether a file was changed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_json
from rezup_api.disk.durable import flush_file, flush_folder
from rezup_api.disk.files import digest_of, token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FORMAT = 1
FICLONE = 0x40049409  # ioctl_ficlone(2)
WRITE_BITS = 0o222
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = r"(?!\.\.?(?:/|\Z))[^/\0]+" if os.name != "nt" else r"(?!\.\.?(?:/|\Z))[^/\\:\0]+"
_RELATIVE = re.compile(f"{_PART}(?:/{_PART})*")


@dataclass(frozen=True, slots=True)
class File:
    """One file of a tree.

    Args:
        digest: the SHA-256 of its content, in hexadecimal.
        size: its size in bytes.
        executable: whether it can be executed.
        mtime: its time stamp in nanoseconds, as the content in the cache has it. While the time stamp and the size of that
            content stay the same, nobody has written into it.
    """

    digest: str
    size: int
    executable: bool
    mtime: int


@dataclass(frozen=True, slots=True)
class Listing:
    """All files and symbolic links of a tree, by their paths relative to its top, with `/` on every platform."""

    files: Mapping[str, File]
    links: Mapping[str, str]

    @property
    def size(self) -> int:
        """The size of all files together, in bytes."""
        return sum(file.size for file in self.files.values())

    @property
    def digest(self) -> str:
        """The SHA-256 of the whole tree, in hexadecimal; equal trees have the same one wherever they lie."""
        # Time stamps do not count: two machines that build the same content have different ones.
        digest = hashlib.sha256()
        for path, file in sorted(self.files.items()):
            digest.update(f"{path}\0{file.digest}\0{file.executable:d}\n".encode("utf-8", "surrogateescape"))
        for path, target in sorted(self.links.items()):
            digest.update(f"{path}\0-> {target}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def to_json(self) -> str:
        """The listing as JSON text, which `parse_listing` reads."""
        files = {path: [file.digest, file.size, int(file.executable), file.mtime] for path, file in self.files.items()}
        return json.dumps({"format": FORMAT, "files": files, "links": dict(self.links)}, separators=(",", ":"))


def parse_listing(text: str) -> Listing:
    """Read what `Listing.to_json` wrote.

    Raises:
        ValueError: the text is no such listing, or a damaged one.
    """
    document = parse_json(text, paths=True)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("not a listing of this format")
    try:
        files = {
            path: File(digest, size, bool(executable), mtime)
            for path, (digest, size, executable, mtime) in document["files"].items()
        }
        links = dict(document["links"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a whole listing") from error
    _check(files, links)
    return Listing(files, links)


def _check(files: Mapping[str, File], links: Mapping[str, Any]) -> None:
    """Raise a ValueError for a listing by which something outside of its folder could be read, written or removed."""
    # The pattern refuses absolute paths, `..`, empty parts, and what Windows takes for a drive or a separator.
    if not all(_RELATIVE.fullmatch(path) for path in (*files, *links)):
        raise ValueError("it names a path outside of its folder")
    for file in files.values():
        # The digest becomes the path of a file in the cache.
        if {type(file.size), type(file.mtime)} != {int} or file.size < 0 or not _DIGEST.fullmatch(str(file.digest)):
            raise ValueError("it holds no digest")
    if not all(isinstance(target, str) and target and "\0" not in target for target in links.values()):
        raise ValueError("it holds no target of a link")
    if links:
        for path in (*files, *links):
            above = path.rpartition("/")[0]
            while above:
                if above in links:
                    raise ValueError("it names a path below a link")
                above = above.rpartition("/")[0]


class FileStore:
    """The cache of contents.

    Args:
        folder: the folder that keeps them.
        link: "auto" to share files between revisions, "copy" to give every revision files of its own.
    """

    def __init__(self, folder: Path, link: str = "auto") -> None:
        self._folder = str(folder)
        self._share = link == "auto"
        self._methods: list[Callable[[str, str], None]] = [_reflink, os.link, _copy] if self._share else [_copy]

    def adopt(self, tree: Path) -> Listing:
        """List a tree that was just installed, and share its files with the cache.

        A content that the cache has already replaces the file; a content that it does not have is linked into the cache.

        Raises:
            OSError: a file cannot be read or linked.
        """
        files: dict[str, File] = {}
        links: dict[str, str] = {}
        top = str(tree)
        for folder, folders, names in os.walk(top):
            for name in [*names, *(name for name in folders if os.path.islink(os.path.join(folder, name)))]:
                path = os.path.join(folder, name)
                relative = os.path.relpath(path, top).replace(os.sep, "/")
                if os.path.islink(path):
                    links[relative] = os.readlink(path)
                else:
                    files[relative] = self._adopt_file(path)
        return Listing(files, links)

    def share(self, path: Path) -> None:
        """Share one file with the cache, as `adopt` does.

        Raises:
            OSError: the file cannot be read or linked.
        """
        self._adopt_file(str(path))

    def _adopt_file(self, path: str) -> File:
        status = os.stat(path)
        executable = bool(status.st_mode & 0o111)
        digest = digest_of(path)
        if not self._share or not status.st_size:
            # uv links files from its own cache, where they are writable. A write there would change this revision as well.
            if status.st_nlink > 1:
                self._renew(path)
            return File(digest, status.st_size, executable, status.st_mtime_ns)
        known = self._place(digest, executable)
        os.makedirs(os.path.dirname(known), exist_ok=True)
        try:
            kept = os.stat(known)
            if (kept.st_ino, kept.st_dev) == (status.st_ino, status.st_dev):
                return File(digest, status.st_size, executable, status.st_mtime_ns)
            # Read the content that the cache has: somebody may have written into it, and its name would not show that.
            if kept.st_size == status.st_size and digest_of(known) == digest:
                self._put(known, path)
                return File(digest, status.st_size, executable, kept.st_mtime_ns)
            os.unlink(known)  # it is damaged, and `path` has the content that belongs there
        except FileNotFoundError:
            pass  # the cache does not have this content yet
        # Take the write permission away before the content has its name in the cache. All names of a hard-linked file share
        # one mode, and no other revision may ever get a name of a writable file.
        os.chmod(path, status.st_mode & ~WRITE_BITS)
        self._put(path, known)
        return File(digest, status.st_size, executable, os.stat(known).st_mtime_ns)

    def materialise(self, listing: Listing, target: Path) -> bool:
        """Make a tree from its listing.

        Returns:
            False if the cache lacks a content, or has it damaged. Then `target` is incomplete, and the caller removes it.

        Raises:
            OSError: the tree cannot be written.
        """
        top = str(target)
        os.mkdir(top)
        made = {""}
        for path, file in listing.files.items():
            _make_folder(top, path.rpartition("/")[0], made)
            if not self._give(file, f"{top}/{path}"):
                return False
        for path, link in listing.links.items():
            _make_folder(top, path.rpartition("/")[0], made)
            os.symlink(link, f"{top}/{path}")
        return True

    def entry(self, file: File) -> str:
        """The path at which the cache keeps a content, whether it has it or not."""
        return self._place(file.digest, file.executable)

    def verified(self, file: File) -> str | None:
        """The path of a content in the cache, after reading it all; None if the cache lacks it. A damaged one is removed."""
        entry = self.entry(file)
        try:
            if digest_of(entry) == file.digest:
                if bool(os.stat(entry).st_mode & 0o111) != file.executable:
                    self.learn(entry, file)
                return entry
            os.unlink(entry)
        except FileNotFoundError:
            pass
        return None

    def learn(self, path: str, file: File) -> None:
        """Copy a file into the cache, whose content the caller has found to be right.

        Raises:
            OSError: the copy cannot be written.
        """
        entry = self.entry(file)
        os.makedirs(os.path.dirname(entry), exist_ok=True)
        beside = f"{entry}.{token()}"
        _copy(path, beside)
        if digest_of(beside) != file.digest:  # whoever can write to `path` has changed it since the caller looked
            os.unlink(beside)
            raise OSError(errno.EINVAL, "its content has changed", path)
        os.chmod(beside, 0o555 if file.executable else 0o444)
        os.utime(beside, ns=(file.mtime, file.mtime))
        os.replace(beside, entry)

    def replace(self, file: File, path: str) -> bool:
        """Replace the file at `path` by a content of the cache, in one step; False if the cache lacks that content.

        Raises:
            OSError: the file cannot be replaced.
        """
        beside = f"{path}.{token()}"
        if file.size:
            entry = self.verified(file)
            if entry is None:
                return False
            self._link(entry, beside)
            # rename(2) does nothing when both names are hard links of one file, and would leave `beside` there.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.lstat(beside), os.lstat(path)):
                    os.unlink(beside)
                    return True
        else:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if file.executable else 0o666))
        flush_file(beside)
        os.replace(beside, path)
        flush_folder(os.path.dirname(path))
        return True

    def _give(self, file: File, path: str) -> bool:
        """Create a file with a content of the cache; False if the cache lacks the content or has it damaged."""
        # Empty files are never shared: they take no space, and there are so many that they would use up an inode's links.
        if not file.size:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if file.executable else 0o666))
            return True
        known = self._place(file.digest, file.executable)
        try:
            status = os.stat(known)
            # Reading every file would double the time of a build. As in git's index, an unchanged size and time stamp mean
            # that nobody has written into the file. `verify` reads everything.
            if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime) and digest_of(known) != file.digest:
                os.unlink(known)
                return False
            self._link(known, path)
        except FileNotFoundError:
            return False
        return True

    def _place(self, digest: str, executable: bool) -> str:
        return f"{self._folder}/{digest[:2]}/{digest}{'x' if executable else ''}"

    def _renew(self, path: str) -> None:
        """Replace a file, of which other names exist, by a copy that has this name only."""
        beside = f"{path}.{token()}"
        _copy(path, beside)
        os.replace(beside, path)

    def _put(self, source: str, target: str) -> None:
        """Make `target` a link of `source`, and replace in one step what is there."""
        beside = f"{target}.{token()}"
        self._link(source, beside)
        os.replace(beside, target)

    def _link(self, source: str, target: str) -> None:
        """Link by the first method that works on this file system; a method that has failed is not tried again."""
        while True:
            try:
                self._methods[0](source, target)
                return
            except FileNotFoundError:
                raise  # the source has vanished, which says nothing about the method
            except OSError as error:
                if len(self._methods) == 1:
                    raise
                # ext4 allows 65,000 links of one inode. Only this file must be copied; hard links still work for the others.
                if error.errno == errno.EMLINK:
                    _copy(source, target)
                    return
                self._methods.pop(0)


def _make_folder(top: str, path: str, made: set[str]) -> None:
    if path not in made:
        _make_folder(top, path.rpartition("/")[0], made)
        os.mkdir(f"{top}/{path}")
        made.add(path)


def _reflink(source: str, target: str) -> None:
    """Make a copy that shares the blocks of its source until somebody writes into one of the two (btrfs, xfs; not on APFS)."""
    import fcntl

    with open(source, "rb") as stream:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            fcntl.ioctl(descriptor, FICLONE, stream.fileno())
        except OSError:
            os.unlink(target)
            raise
        finally:
            os.close(descriptor)
    shutil.copystat(source, target)


def _copy(source: str, target: str) -> None:
    shutil.copy2(source, target)
