"""The files of environments: their digests, and how equal ones are shared between revisions.

A file that is in the cache under its digest is linked instead of stored again: by reflink where the file system has it, by a
hard link with the write bits taken off, or copied. So a list of digests is all that is needed to make an environment again, and
the same list, kept beside the environment, later tells whether a file was changed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.disk.files import digest_of, token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FORMAT = 1
FICLONE = 0x40049409  # ioctl_ficlone(2)
WRITE_BITS = 0o222


@dataclass(frozen=True, slots=True)
class File:
    """One file: SHA-256 of its content, size in bytes, whether it can be executed, and its time stamp in nanoseconds.

    The time stamp is the one of the content in the cache: while it and the size are the same, nobody has written to it.
    """

    digest: str
    size: int
    executable: bool
    mtime: int


@dataclass(frozen=True, slots=True)
class Listing:
    """All that a tree holds: files and symbolic links by their path, with `/`, relative to its top."""

    files: Mapping[str, File]
    links: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    @property
    def digest(self) -> str:
        """What tells this content from any other, wherever it lies."""
        told = hashlib.sha256()
        for path, file in sorted(self.files.items()):
            told.update(f"{path}\0{file.digest}\0{file.executable:d}\n".encode("utf-8", "surrogateescape"))
        for path, target in sorted(self.links.items()):
            told.update(f"{path}\0-> {target}\n".encode("utf-8", "surrogateescape"))
        return told.hexdigest()

    def to_json(self) -> str:
        """The listing as text."""
        files = {path: [file.digest, file.size, int(file.executable), file.mtime] for path, file in self.files.items()}
        return json.dumps({"format": FORMAT, "files": files, "links": dict(self.links)}, separators=(",", ":"))


def parse_listing(text: str) -> Listing:
    """Read what `Listing.to_json` wrote.

    Raises:
        ValueError: it is not that.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("not a listing of this format")
    try:
        files = {
            path: File(digest, size, bool(executable), mtime)
            for path, (digest, size, executable, mtime) in document["files"].items()
        }
        return Listing(files, dict(document["links"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a whole listing") from error


class FileStore:
    """The cache of contents.

    Args:
        folder: where it keeps them.
        link: "auto" to share files, "copy" to give every revision files of its own.
    """

    def __init__(self, folder: Path, link: str = "auto") -> None:
        self._folder = str(folder)
        self._share = link == "auto"
        self._methods: list[Callable[[str, str], None]] = [_reflink, os.link, _copy] if self._share else [_copy]

    def adopt(self, tree: Path) -> Listing:
        """List a tree that was just installed, and share its files: each becomes a link of the cache's, or the cache's of it.

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
        """Share one file: it becomes a link of the cache's, or the cache's of it.

        Raises:
            OSError: it cannot be read or linked.
        """
        self._adopt_file(str(path))

    def _adopt_file(self, path: str) -> File:
        status = os.stat(path)
        executable = bool(status.st_mode & 0o111)
        digest = digest_of(path)
        if not self._share or not status.st_size:
            if status.st_nlink > 1:  # the installer has linked it from its own cache, where it can be written to
                self._renew(path)
            return File(digest, status.st_size, executable, status.st_mtime_ns)
        known = self._place(digest, executable)
        os.makedirs(os.path.dirname(known), exist_ok=True)
        try:
            kept = os.stat(known)
            if (kept.st_ino, kept.st_dev) == (status.st_ino, status.st_dev):
                return File(digest, status.st_size, executable, status.st_mtime_ns)
            if kept.st_size == status.st_size and digest_of(known) == digest:
                self._put(known, path)
                return File(digest, status.st_size, executable, kept.st_mtime_ns)
            os.unlink(known)  # somebody wrote to it: it is no longer what its name says
        except FileNotFoundError:
            pass
        os.chmod(path, status.st_mode & ~WRITE_BITS)
        self._put(path, known)
        return File(digest, status.st_size, executable, os.stat(known).st_mtime_ns)

    def materialise(self, listing: Listing, target: Path) -> bool:
        """Make a tree from its listing; False if some content is not in the cache, or is no longer what it was.

        Raises:
            OSError: it cannot be written there.
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
        """Where the cache keeps a content, if it does."""
        return self._place(file.digest, file.executable)

    def verified(self, file: File) -> str | None:
        """Where the cache keeps a content, once that was read and found to be it; None, and a damaged entry is gone."""
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
        """Take a copy of a file that was found to be good into the cache.

        Raises:
            OSError: it cannot be written there.
        """
        entry = self.entry(file)
        os.makedirs(os.path.dirname(entry), exist_ok=True)
        beside = f"{entry}.{token()}"
        _copy(path, beside)
        os.chmod(beside, 0o555 if file.executable else 0o444)
        os.utime(beside, ns=(file.mtime, file.mtime))
        os.replace(beside, entry)

    def replace(self, file: File, path: str) -> bool:
        """Let a path be a content of the cache, in one step; False where the cache has not got it.

        Raises:
            OSError: it cannot be written there.
        """
        beside = f"{path}.{token()}"
        if file.size:
            entry = self.verified(file)
            if entry is None:
                return False
            self._link(entry, beside)
            with suppress(FileNotFoundError):
                if os.path.samestat(
                    os.lstat(beside), os.lstat(path)
                ):  # rename(2) does nothing for two names of one file
                    os.unlink(beside)
                    return True
        else:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if file.executable else 0o666))
        os.replace(beside, path)
        return True

    def _give(self, file: File, path: str) -> bool:
        if not file.size:  # empty files take no space, and there are so many that they would use up an inode's links
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if file.executable else 0o666))
            return True
        known = self._place(file.digest, file.executable)
        try:
            status = os.stat(known)
            # Reading every file would double the time; as in git, size and time stamp tell that nobody has written to it.
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
        """Replace a file by a copy of its own."""
        beside = f"{path}.{token()}"
        _copy(path, beside)
        os.replace(beside, path)

    def _put(self, source: str, target: str) -> None:
        """Let `target` be a link of `source`, replacing what is there in one step."""
        beside = f"{target}.{token()}"
        self._link(source, beside)
        os.replace(beside, target)

    def _link(self, source: str, target: str) -> None:
        """Link by the first method that works here; one that failed is not tried again."""
        while True:
            try:
                self._methods[0](source, target)
                return
            except FileNotFoundError:
                raise
            except OSError as error:
                if len(self._methods) == 1:
                    raise
                if error.errno == errno.EMLINK:  # ext4 has 65,000 for each inode
                    _copy(source, target)
                    return
                self._methods.pop(0)


def _make_folder(top: str, path: str, made: set[str]) -> None:
    if path not in made:
        _make_folder(top, path.rpartition("/")[0], made)
        os.mkdir(f"{top}/{path}")
        made.add(path)


def _reflink(source: str, target: str) -> None:
    """A copy that shares the blocks until one of the two is written to (btrfs, xfs, APFS through `cp -c` is not tried)."""
    import fcntl

    with open(source, "rb") as origin:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            fcntl.ioctl(descriptor, FICLONE, origin.fileno())
        except OSError:
            os.unlink(target)
            raise
        finally:
            os.close(descriptor)
    shutil.copystat(source, target)


def _copy(source: str, target: str) -> None:
    shutil.copy2(source, target)
