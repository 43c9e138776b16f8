"""Write and read bundles. A bundle is one file from which a revision can be built without a network.

    bundle.json                     the manifest, with the SHA-256 of every other file
    rezup.toml, revision.json       the recipe and the metadata, as on a remote root
    pylock.<venv>.toml              the locks (PEP 751)
    wheels/*.whl                    the wheels that the locks name, for all platforms of the bundle

It is a ZIP archive, and the same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rezup_api.disk.durable import flush_file, flush_folder
from rezup_api.disk.files import digest_of, storage_error, token
from rezup_api.errors import NotFoundError, StorageError, VerificationError
from rezup_api.packages.platforms import PlatformTarget, fits, marker_environment, tags_of
from rezup_api.packages.pylock import parse_lock
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, WHEELS, environment_of_lock as environment_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rezup_api.packages.pylock import Lock

FORMAT = 1
MANIFEST = "bundle.json"
DAMAGED = "copy it again from where it comes, or make it again: rezup bundle"
# A member of any other name is refused: a name such as "../x" or an absolute path would be written outside of the folder.
_MEMBER = re.compile(
    rf"{re.escape(RECIPE_FILE)}|{re.escape(METADATA_FILE)}|pylock\.[^/\\]+\.toml|{WHEELS}/[^/\\]+\.whl"
)
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


def _parse_manifest(text: str) -> Manifest:
    document: Any = json.loads(text)
    if document["format"] > FORMAT:
        raise VerificationError(
            f"it is of format {document['format']}, which this rezup does not know",
            f"it needs rezup {document['rezup_version']} or newer",
        )
    targets = {
        str(name): tuple(
            PlatformTarget(str(platform), str(machine), tuple(python)) for platform, machine, python in each
        )
        for name, each in document["targets"].items()
    }
    files = {str(name): str(digest) for name, digest in document["files"].items()}
    return Manifest(str(document["revision"]), str(document["rezup_version"]), targets, files)


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
        found += [f"{name}: is not a part of the bundle" for name in extra]
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
        for name, digest in manifest.files.items():
            problem = _judge(archive, name, digest, folder / name)
            if problem:
                raise VerificationError(f"the bundle {path} is damaged: {problem}", DAMAGED)
    return f"the bundle of {manifest.revision}"


@contextmanager
def _reading(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _parse_manifest(archive.read(MANIFEST).decode("utf-8"))
            yield archive, manifest
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except VerificationError as error:
        if str(path) in error.message:
            raise
        raise VerificationError(f"the bundle {path}: {error.message}", error.hint) from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise VerificationError(f"{path} is not a bundle, or damaged: {error}", DAMAGED) from error
    except StorageError:
        raise
    except OSError as error:
        raise storage_error("cannot read", error) from error


def _judge(archive: zipfile.ZipFile, name: str, digest: str, target: Path | None = None) -> str:
    """What is wrong with a file of a bundle; empty if it is good. The file is written to `target` while it is read."""
    # First of all, before the name becomes a part of a path.
    if _MEMBER.fullmatch(name) is None:
        return f"{name}: a bundle has no file of such a name"
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
    except (zipfile.BadZipFile, EOFError) as error:
        return f"{name}: cannot be read: {error}"
    return "" if told.hexdigest() == digest else f"{name}: its content has changed"


def _lacking(archive: zipfile.ZipFile, manifest: Manifest) -> list[str]:
    """The packages that the locks name for the platforms of the bundle, and of which it has no wheel with the right digest."""
    digests = {digest for name, digest in manifest.files.items() if name.startswith(f"{WHEELS}/")}
    found = []
    for name in manifest.files:
        if not name.startswith("pylock."):
            continue
        lock = parse_lock(archive.read(name).decode("utf-8"))
        for target in manifest.targets.get(environment_in(name), ()):
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
