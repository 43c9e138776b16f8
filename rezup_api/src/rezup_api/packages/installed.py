"""What is installed in an environment: names, versions, scripts and files, read from its metadata without running it.

The formats are those of the packaging specifications (dist-info folders, `entry_points.txt`, RECORD); for Python 2.7 also the
egg-link files of old editable installs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.errors import InstallError
from rezup_api.recipe.values import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

NOTE = "uv_cache.json"
ADDRESS = "direct_url.json"  # PEP 610
_FOLDER = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(-.*)?\.(dist|egg)-info")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution: its normalised name, version, and the folder of its metadata."""

    name: str
    version: str
    metadata: Path

    def console_scripts(self) -> dict[str, str]:
        """Its commands: name → `module:attribute`."""
        return _section(self.metadata / "entry_points.txt", "console_scripts")

    def record(self) -> dict[str, str]:
        """Its files relative to where it is installed → digest as RECORD has it, empty where it has none."""
        try:
            with open(self.metadata / "RECORD", encoding="utf-8", newline="") as stream:
                return {row[0]: row[1] for row in csv.reader(stream) if len(row) >= 2}
        except OSError:
            return {}

    def origin(self) -> str:
        """The address it was installed from, if that was no index (PEP 610)."""
        return str(self._direct_url().get("url", ""))

    def pinned(self) -> str:
        """The line of a requirements file that brings exactly it: by its version, or from where it came."""
        document = self._direct_url()
        if "url" not in document:
            return f"{self.name}=={self.version}"
        address, control = document["url"], document.get("vcs_info")
        if isinstance(control, dict):
            address = f"{control.get('vcs')}+{address}@{control.get('commit_id')}"
        inside = document.get("subdirectory")
        return f"{self.name} @ {address}" + (f"#subdirectory={inside}" if inside else "")

    def _direct_url(self) -> dict[str, Any]:
        try:
            document = json.loads((self.metadata / ADDRESS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}


def installed(packages: Path) -> dict[str, Distribution]:
    """The distributions in a `site-packages` folder, by normalised name."""
    found: dict[str, Distribution] = {}
    for entry in sorted(os.listdir(packages)):
        if entry.endswith((".dist-info", ".egg-info")):
            _add(found, packages / entry)
        elif entry.endswith(".egg-link"):
            source = Path((packages / entry).read_text(encoding="utf-8").splitlines()[0])
            for inner in sorted(source.glob("*.egg-info")):
                _add(found, inner, entry.removesuffix(".egg-link"))
    return found


def _add(found: dict[str, Distribution], folder: Path, name: str = "") -> None:
    match = _FOLDER.fullmatch(folder.name)
    name = name or (match["name"] if match else folder.name.rpartition(".")[0])
    version = match["version"] if match else _header(folder / "PKG-INFO", "Version")
    found[canonical(name)] = Distribution(canonical(name), version, folder)


def _header(path: Path, key: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{key}:")), "")


def _section(path: Path, name: str) -> dict[str, str]:
    parser = ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except OSError:
        return {}
    except (Error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InstallError(f"the entry points of {path.parent.name} cannot be read: {reason}") from error
    return dict(parser.items(name)) if parser.has_section(name) else {}


def drop_notes(distributions: Iterable[Distribution], by_version: Collection[str] = ()) -> None:
    """Remove what differs on each machine: what uv notes down for itself, with the moment in it, and addresses that do not count.

    Args:
        by_version: the names of those that were asked for by their version, wherever they came from in the end.
    """
    for distribution in distributions:
        names = (NOTE, ADDRESS) if distribution.name in by_version else (NOTE,)
        found = [name for name in names if (distribution.metadata / name).is_file()]
        for name in found:
            (distribution.metadata / name).unlink()
        if found:
            _forget(distribution.metadata / "RECORD", [f"{distribution.metadata.name}/{name}," for name in found])


def _forget(record: Path, beginnings: list[str]) -> None:
    """Take lines out of a RECORD."""
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    record.unlink()  # it may be a link of the installer's cache
    record.write_text("".join(line for line in lines if not line.startswith(tuple(beginnings))), encoding="utf-8")


def damaged(packages: Path, distributions: Iterable[Distribution]) -> list[str]:
    """The distributions of which a file is not what RECORD says, as a write into a shared cache leaves them."""
    return [
        item.name
        for item in distributions
        if any(_differs(packages / path, told) for path, told in item.record().items())
    ]


def refuse_damaged(names: Sequence[str]) -> None:
    """Raise InstallError if there are any distributions whose files are not those of their wheels."""
    if names:
        raise InstallError(
            f"the files of {', '.join(names)} are not those that its wheel lists",
            "ask whoever keeps the index, or the wheelhouse, for an intact one",
        )


def _differs(path: Path, told: str) -> bool:
    if not told.startswith("sha256="):
        return False
    try:
        return recorded_digest(path) != told.rstrip("=")
    except OSError:
        return True


def recorded_digest(path: Path) -> str:
    """The digest of a file as RECORD has it.

    Raises:
        OSError: it cannot be read.
    """
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256={digest.rstrip(b'=').decode('ascii')}"


def conflicts(distributions: Iterable[Distribution]) -> list[str]:
    """The files that two distributions own with different content, as sentences.

    The installer lets the last one win and says nothing; the other one is broken from then on. The same content twice, as
    namespace packages have, does no harm.
    """
    owners: dict[str, tuple[str, str]] = {}
    clashes: dict[tuple[str, str], list[str]] = {}
    for distribution in distributions:
        for path, digest in distribution.record().items():
            other, known = owners.setdefault(os.path.normpath(path), (distribution.name, digest))
            if other != distribution.name and digest != known:
                clashes.setdefault((other, distribution.name), []).append(path)
    return [
        f"{first} and {second} both own {paths[0]}" + (f" and {len(paths) - 1} more files" if len(paths) > 1 else "")
        for (first, second), paths in clashes.items()
    ]
