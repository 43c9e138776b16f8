"""Write and read bundles. A bundle is one file from which a revision can be built without a network.

    bundle.json                     the manifest, with the SHA-256 of every other file
    rezup.toml, revision.json       the recipe and the metadata, as on a remote root
    pylock.<venv>.toml              the locks (PEP 751)
    wheels/*.whl                    the wheels that the locks name, for all platforms of the bundle

It is a ZIP archive, and the same content gives the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_json
from rezup_api.disk.durable import flush_file, flush_folder
from rezup_api.disk.files import digest_of, storage_error, token
from rezup_api.disk.reading import LIMIT
from rezup_api.errors import NotFoundError, StorageError, VerificationError
from rezup_api.events import one_line
from rezup_api.packages.platforms import PlatformTarget, checked_target, fits, marker_environment, tags_of
from rezup_api.packages.pylock import parse_lock
from rezup_api.recipe.load import kept_recipe
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, WHEELS, environment_of_lock as environment_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rezup_api.packages.pylock import Lock
    from rezup_api.recipe.model import Recipe

FORMAT = 1
MANIFEST = "bundle.json"
# What `zipfile` raises for a member that is cut off, changed, or of a kind that it does not know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error)
DAMAGED = "copy it again from where it comes, or make it again: rezup bundle"
# A member of any other name is refused: a name such as "../x" or an absolute path would be written outside of the folder.
_MEMBER = re.compile(
    rf"{re.escape(RECIPE_FILE)}|{re.escape(METADATA_FILE)}|pylock\.[^/\\]+\.toml|{WHEELS}/[^/\\]+\.whl"
)
_REVISION = re.compile(r"[A-Za-z0-9_.-]+@[0-9.]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Members that a bundle can have at most. A large environment has some hundred wheels, for each platform.
MOST = 10_000
# Wheels are compressed already, so all members together are hardly larger than the bundle, even if another program has packed it
# anew. What grows to more than this many times the size of the bundle is made to fill a disk.
GROWTH = 4
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
# The time of every member, so that the same content gives the same bytes; ZIP knows no earlier one.
_MOMENT = (1980, 1, 1, 0, 0, 0)
# Bytes that are read at once: a wheel may be larger than the memory.
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a bundle.

    Args:
        revision: the revision from which the bundle was made, as in `dev@1619780350.588625`.
        rezup_version: the version of the rezup that made it.
        targets: the platforms and Pythons for which it is, by the name of the environment.
        files: the SHA-256 of every other file in it, by name.
    """

    revision: str
    rezup_version: str
    targets: Mapping[str, tuple[PlatformTarget, ...]]
    files: Mapping[str, str]

    def to_json(self) -> str:
        """The text of `bundle.json`."""
        targets = {
            name: [[one.platform, one.machine, list(one.python)] for one in targets]
            for name, targets in self.targets.items()
        }
        document = {
            "format": FORMAT,
            "revision": self.revision,
            "rezup_version": self.rezup_version,
            "targets": targets,
            "files": dict(self.files),
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _parse_manifest(text: str | bytes) -> Manifest:
    document: Any = parse_json(text)
    if document["format"] > FORMAT:
        raise VerificationError(
            f"it is of format {document['format']}, which this rezup does not know",
            f"it needs rezup {one_line(str(document['rezup_version']))} or newer",
        )
    targets = {name: tuple(checked_target(*one) for one in each) for name, each in document["targets"].items()}
    files = {name: _digest(digest) for name, digest in document["files"].items()}
    if not isinstance(document["revision"], str) or not _REVISION.fullmatch(document["revision"]):
        raise ValueError("it does not name the revision that it was made from")
    return Manifest(document["revision"], one_line(str(document["rezup_version"])), targets, files)


def _digest(text: object) -> str:
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise ValueError(f"{text!r:.80} is not a digest")
    return text


def pack(
    folder: Path, target: Path, revision: str, rezup_version: str, targets: Mapping[str, tuple[PlatformTarget, ...]]
) -> None:
    """Write a bundle of the files in a folder; it appears whole or not at all.

    Args:
        folder: the folder with the files of the bundle, without a manifest.
        target: the path of the bundle; an existing file is replaced.
        revision, rezup_version, targets: see `Manifest`.

    Raises:
        StorageError: a file cannot be read or written.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    beside = target.with_name(f".{target.name}.{token()}")
    try:
        manifest = Manifest(revision, rezup_version, targets, {name: digest_of(str(folder / name)) for name in names})
        try:
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(_entry(MANIFEST), manifest.to_json())
                for name in names:
                    with (
                        open(folder / name, "rb") as source,
                        archive.open(_entry(name), "w", force_zip64=True) as member,
                    ):
                        while piece := source.read(_PIECE):
                            member.write(piece)
            flush_file(beside)
            os.replace(beside, target)
            flush_folder(target.parent)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error("cannot write", error) from error


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.external_attr = 0o644 << 16
    return entry


def examine_bundle(path: Path) -> tuple[Manifest, list[str]]:
    """Check a whole bundle.

    Returns:
        Its manifest, and everything that is wrong with it: files that differ, and wheels that its locks name and it lacks.

    Raises:
        NotFoundError: there is no such file.
        VerificationError: the file is not a bundle.
    """
    with _reading(path) as (archive, manifest):
        found = [problem for name in sorted(manifest.files) if (problem := _judge(archive, name, manifest.files[name]))]
        extra = sorted({*archive.namelist()} - {*manifest.files, MANIFEST})
        found += [f"{one_line(name)}: is not a part of the bundle" for name in extra]
        found += [] if found else _lacking(archive, manifest)
    return manifest, found


def unpack(path: Path, folder: Path) -> str:
    """Unpack a bundle into a folder, and check each file against its digest while it is written.

    Returns:
        The origin of what was unpacked, for people: "the bundle of dev@1619780350.588625".

    Raises:
        NotFoundError: there is no such file.
        VerificationError: the file is not a bundle, or is damaged. Files may have been written to the folder by then.
        StorageError: a file cannot be written.
    """
    with _reading(path) as (archive, manifest):
        lost = sorted(set(manifest.files) - set(archive.namelist()))
        unfit = [name for name in manifest.files if _MEMBER.fullmatch(name) is None]
        # All names first, and then the small files that the rest depends on: nothing is written for a bundle that cannot be used.
        for name in unfit or lost or sorted(manifest.files, key=lambda name: (name.startswith(f"{WHEELS}/"), name)):
            digest = manifest.files[name]
            problem = _judge(archive, name, digest, folder / name)
            if problem:
                raise VerificationError(f"the bundle {path} is damaged: {problem}", DAMAGED)
    return f"the bundle of {manifest.revision}"


def bundled_recipe(path: Path) -> Recipe:
    """The recipe in a bundle: that of the revision from which it was made. What is wrong in it stands among its warnings.

    Raises:
        NotFoundError: there is no such file.
        VerificationError: the file is not a bundle, or its recipe is damaged.
        RecipeError: the recipe is not TOML.
        StorageError: the file cannot be read.
    """
    with _reading(path) as (archive, manifest):
        data = archive.read(RECIPE_FILE)
        if hashlib.sha256(data).hexdigest() != manifest.files.get(RECIPE_FILE):
            raise VerificationError(f"the bundle {path} is damaged: {RECIPE_FILE}: its content has changed", DAMAGED)
        text = data.decode("utf-8")
    return kept_recipe(manifest.revision.partition("@")[0], text, path)


@contextmanager
def _reading(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path.stat().st_size)
            yield archive, _parse_manifest(archive.read(MANIFEST))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except VerificationError as error:
        if str(path) in error.message:
            raise
        raise VerificationError(f"the bundle {path}: {error.message}", error.hint) from error
    except (*_UNREADABLE, KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        raise VerificationError(f"{path} is not a bundle, or damaged: {error}", DAMAGED) from error
    except StorageError:
        raise
    except OSError as error:
        if (
            error.errno == errno.EINVAL
        ):  # a damaged list of members can lead `zipfile` to before the beginning of the file
            raise VerificationError(f"{path} is damaged: it leads out of itself", DAMAGED) from error
        raise storage_error("cannot read", error) from error


def _check_members(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse a bundle by what its members state, before any of them is read.

    Raises:
        ValueError: a member cannot be read, or is larger than it may be.
    """
    members = archive.infolist()
    if len(members) > MOST or len({one.filename for one in members}) != len(members):
        raise ValueError("it has too many members, or two of the same name")
    for one in members:
        if one.flag_bits & _ENCRYPTED or one.compress_type not in _METHODS:
            raise ValueError(f"{one_line(one.filename)}: it is encrypted, or compressed in an unknown way")
        if one.file_size > LIMIT and not one.filename.startswith(f"{WHEELS}/"):
            raise ValueError(f"{one_line(one.filename)}: it has {one.file_size} bytes")
    # `zipfile` gives no more bytes of a member than it states. Members can share bytes of the file, so the sum counts.
    if sum(one.file_size for one in members) > GROWTH * size + LIMIT:
        raise ValueError(f"its members are more than {GROWTH} times as large as itself")


def _judge(archive: zipfile.ZipFile, name: str, digest: str, target: Path | None = None) -> str:
    """What is wrong with a file of a bundle; empty if it is good. The file is written to `target` while it is read."""
    # First of all, before the name becomes a part of a path.
    if _MEMBER.fullmatch(name) is None:
        return f"{one_line(name)}: a bundle has no file of such a name"
    told = hashlib.sha256()
    if target is not None:
        target.parent.mkdir(exist_ok=True)
    try:
        with archive.open(name) as member, open(target or os.devnull, "wb") as stream:
            while piece := member.read(_PIECE):
                told.update(piece)
                stream.write(piece)
    except KeyError:
        return f"{name}: is missing"
    except _UNREADABLE as error:
        return f"{name}: cannot be read: {error}"
    return "" if told.hexdigest() == digest else f"{name}: its content has changed"


def _lacking(archive: zipfile.ZipFile, manifest: Manifest) -> list[str]:
    """What is missing: the recipe, the metadata, a lock, a platform, or a wheel that a lock needs for a platform."""
    digests = {digest for name, digest in manifest.files.items() if name.startswith(f"{WHEELS}/")}
    locks = {environment_in(name): name for name in manifest.files if name.startswith("pylock.")}
    found = [f"{name}: is missing" for name in (RECIPE_FILE, METADATA_FILE) if name not in manifest.files]
    found += [f"{name}: has no lock" for name in sorted(set(manifest.targets) - set(locks))]
    found += [] if locks else ["it has no lock"]
    for environment, name in locks.items():
        lock = parse_lock(archive.read(name).decode("utf-8"))
        targets = manifest.targets.get(environment, ())
        found += [] if targets else [f"{name}: the bundle does not say for which platforms it is"]
        for target in targets:
            found += [f"{package}: there is no wheel for {target}" for package in lacking(lock, target, digests)]
    return found


def lacking(lock: Lock, target: PlatformTarget, digests: set[str]) -> list[str]:
    """The packages of a lock for which no wheel fits the platform.

    Args:
        lock: the lock.
        target: the platform and Python.
        digests: the SHA-256 of each wheel at hand.
    """
    tags = set(tags_of(target))
    return [
        package.name
        for package, _ in lock.selected(marker_environment(target), tags_of(target))
        if not any(
            wheel.hashes.get("sha256") in digests and fits(wheel.filename, tags) for wheel in package.wheels or ()
        )
    ]
