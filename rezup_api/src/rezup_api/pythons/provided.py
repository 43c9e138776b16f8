"""The interpreters that rezup provides: where they lie, what is known of each, and who keeps one from being removed.

    <local root>/.pythons/<key>/python/        the interpreter, which nobody may write to
    <local root>/.pythons/<key>/python.json    its version, and where it came from
    <local root>/.pythons/<key>/files.json     the SHA-256 digest of every file

The key names the archive, the date of the build included: what lies under it never changes.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.disk.documents import parse_json
from rezup_api.disk.files import digest_of, storing
from rezup_api.disk.flock import lease_at_last
from rezup_api.disk.reading import LISTING_LIMIT, read_file
from rezup_api.disk.trust import is_trusted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

FOLDER = ".pythons"
TREE = "python"
ABOUT = "python.json"
FILES = "files.json"
FORMAT = 1
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Provided:
    """An interpreter that rezup has provided.

    Args:
        key: the name of its folder.
        version: its version, such as `3.12.1`.
        path: its folder.
        url: where its archive came from, without a login.
    """

    key: str
    version: str
    path: Path
    url: str

    @property
    def executable(self) -> Path:
        """The program."""
        if os.name == "nt":
            return self.path / TREE / "python.exe"
        return self.path / TREE / "bin" / f"python{'.'.join(self.version.split('.')[:2])}"

    def fits(self, request: str) -> bool:
        """Whether its version is the wanted one, such as `3.12`, or begins so."""
        return f"{self.version}.".startswith(f"{request}.")


def pythons_folder(root: Path) -> Path:
    """Where the interpreters of a local root lie."""
    return root / FOLDER


def provided(root: Path) -> list[Provided]:
    """Every interpreter that a local root has, newest version first; what is damaged is left out."""
    try:
        names = os.listdir(pythons_folder(root))
    except OSError:
        return []
    found = [one for name in names if _KEY.fullmatch(name) and (one := read_provided(pythons_folder(root) / name))]
    return sorted(found, key=lambda one: ([int(part) for part in one.version.split(".")], one.key), reverse=True)


def read_provided(path: Path) -> Provided | None:
    """The interpreter in a folder; None if there is none, if somebody else could change it, or if its description is damaged."""
    try:
        document = parse_json(read_file(path / ABOUT))
        version, url = str(document["version"]), str(document["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return None
    found = Provided(path.name, version, path, url)
    # It will be run. Who owns a folder decides what lies in it, and nobody can make a folder that is another user's.
    parts = (path, path / ABOUT, path / TREE, found.executable.parent, found.executable)
    return found if all(map(is_trusted, parts)) else None


def provided_by(root: Path, executable: str) -> str:
    """The key of the interpreter that a path lies in; empty if rezup has not provided it."""
    try:
        return Path(executable).relative_to(pythons_folder(root)).parts[0]
    except (ValueError, IndexError):
        return ""


def hold_provided(root: Path, executable: str, holds: ExitStack) -> None:
    """Keep the interpreter that a path lies in from being removed until the stack is closed, if rezup has provided it.

    Raises:
        StorageError: it has been removed just now.
    """
    key = provided_by(root, executable)
    if key:
        with storing("cannot hold"):
            held = lease_at_last(pythons_folder(root) / key / ABOUT)
        holds.callback(held.release)


def about(key: str, version: str, url: str) -> bytes:
    """What `python.json` says."""
    document = {"format": FORMAT, "key": key, "version": version, "url": url}
    return (json.dumps(document, indent=2) + "\n").encode("utf-8")


def listing(tree: Path) -> bytes:
    """What `files.json` says of the files below a folder."""
    found = {path.relative_to(tree).as_posix(): digest_of(str(path)) for path in _files(tree)}
    return (json.dumps(found, indent=1, sort_keys=True) + "\n").encode("utf-8")


def recorded_files(folder: Path) -> dict[str, str]:
    """The digest of each file, as the list in a folder has it.

    Raises:
        OSError: the list cannot be read.
        ValueError: it is damaged, or a name in it leads out of the interpreter.
    """
    found = parse_json(read_file(folder / FILES, LISTING_LIMIT), limit=LISTING_LIMIT)
    if not isinstance(found, dict) or any(name.startswith("/") or ".." in name.split("/") for name in found):
        raise ValueError("it is no list of the files of an interpreter")
    return {name: str(digest) for name, digest in found.items()}


def damage(one: Provided) -> list[str]:
    """The files of an interpreter that are missing, or not as they were provided.

    Raises:
        OSError: a file cannot be read.
    """
    try:
        recorded = recorded_files(one.path)
    except (OSError, ValueError):
        return [str(one.path / FILES)]
    tree = one.path / TREE
    there = {path.relative_to(tree).as_posix(): path for path in _files(tree)}
    wrong = [name for name, digest in recorded.items() if name not in there or digest_of(str(there[name])) != digest]
    return sorted(str(tree / name) for name in wrong)


def _files(tree: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(tree):
        for name in names:
            path = Path(folder) / name
            if not path.is_symlink():
                yield path
