"""Read which distributions an environment holds, with their versions, scripts and files, from its metadata without running it.

The formats are those of the packaging specifications (https://packaging.python.org/en/latest/specifications/: dist-info folders,
`entry_points.txt`, RECORD), and for Python 2.7 also the egg-link files of old editable installs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_json
from rezup_api.disk.reading import read_file
from rezup_api.errors import InstallError
from rezup_api.recipe.values import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from email.message import Message

NOTE = "uv_cache.json"
# The beginning of the classifiers that tell of a licence; and how many characters a licence's name has at most.
CLASSIFIER = "License ::"
LONGEST_LICENSE = 100
ADDRESS = "direct_url.json"  # PEP 610
_FOLDER = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(-.*)?\.(dist|egg)-info")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution: its normalised name (PEP 503), its version, and the folder of its metadata."""

    name: str
    version: str
    metadata: Path

    def console_scripts(self) -> dict[str, str]:
        """Its commands by their names, each as `module:attribute`."""
        return _section(self.metadata / "entry_points.txt", "console_scripts")

    def record(self) -> dict[str, str]:
        """Its files, relative to `site-packages`, each with the digest that RECORD has; empty text where RECORD has no digest."""
        try:
            with open(self.metadata / "RECORD", encoding="utf-8", newline="") as stream:
                return {row[0]: row[1] for row in csv.reader(stream) if len(row) >= 2}
        except OSError:
            return {}

    def license(self) -> str:
        """Its licence in the words of its author, on one line; empty if it states none.

        That is the field License-Expression (PEP 639), else License unless it holds the whole text of a licence, else the
        classifiers.
        """
        fields = _fields(self.metadata)
        for key in ("License-Expression", "License"):
            told = str(fields.get(key) or "").strip()
            if told and told.upper() != "UNKNOWN" and "\n" not in told and len(told) <= LONGEST_LICENSE:
                return told
        classified = [
            one.split("::")[-1].strip() for one in fields.get_all("Classifier", []) if one.startswith(CLASSIFIER)
        ]
        return ", ".join(classified)

    def size(self) -> int:
        """How many bytes its files have as RECORD lists them; 0 if there is no RECORD."""
        try:
            with open(self.metadata / "RECORD", encoding="utf-8", newline="") as stream:
                return sum(
                    int(row[2]) for row in csv.reader(stream) if len(row) > 2 and row[2].isascii() and row[2].isdigit()
                )
        except (OSError, ValueError, csv.Error):
            return 0

    def origin(self) -> str:
        """The address from which it was installed (PEP 610); empty if it came from an index."""
        return str(self.direct_url().get("url", ""))

    def pinned(self) -> str:
        """The line of a requirements file that installs exactly this: by its version, or from its address and commit."""
        document = self.direct_url()
        if "url" not in document:
            return f"{self.name}=={self.version}"
        address, control = document["url"], document.get("vcs_info")
        if isinstance(control, dict):
            address = f"{control.get('vcs')}+{address}@{control.get('commit_id')}"
        inside = document.get("subdirectory")
        return f"{self.name} @ {address}" + (f"#subdirectory={inside}" if inside else "")

    def direct_url(self) -> dict[str, Any]:
        """What `direct_url.json` says (PEP 610); empty if it came from an index, or if the file cannot be understood."""
        try:
            document = parse_json((self.metadata / ADDRESS).read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}


def installed(packages: Path) -> dict[str, Distribution]:
    """The distributions in a `site-packages` folder, by their normalised names.

    Raises:
        OSError: the folder cannot be read.
    """
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


def _fields(metadata: Path) -> Message:
    """The fields in a package's metadata; none if it cannot be read."""
    from email.parser import HeaderParser  # takes long to load, and hardly any caller needs it

    for name in ("METADATA", "PKG-INFO"):
        # Old egg-info folders of Debian and of `setup.py develop` have the second name, or are such a file themselves.
        path = metadata / name if metadata.is_dir() else metadata
        try:
            return HeaderParser().parsestr(read_file(path).decode("utf-8", "replace"))
        except OSError:
            continue
    return HeaderParser().parsestr("")


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
    """Remove the metadata that differs between machines, so that equal environments are equal byte for byte.

    That is the note that uv writes for itself, which has the time in it, and the address of a distribution that was asked for by
    its version: it may have come from an index, a wheelhouse or a recorded address.

    Args:
        distributions: the distributions whose metadata is changed.
        by_version: the normalised names of those that were asked for by their version.
    """
    for distribution in distributions:
        names = (NOTE, ADDRESS) if distribution.name in by_version else (NOTE,)
        found = [name for name in names if (distribution.metadata / name).is_file()]
        for name in found:
            (distribution.metadata / name).unlink()
        if found:
            _forget(distribution.metadata / "RECORD", [f"{distribution.metadata.name}/{name}," for name in found])


def _forget(record: Path, beginnings: list[str]) -> None:
    """Take the lines with these beginnings out of a RECORD."""
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    # Remove the file before writing a new one. It may be a hard link into the installer's cache, and writing into it would
    # damage every other environment that has the same file.
    record.unlink()
    record.write_text("".join(line for line in lines if not line.startswith(tuple(beginnings))), encoding="utf-8")


def damaged(packages: Path, distributions: Iterable[Distribution]) -> list[str]:
    """The names of the distributions that have a file with another digest than RECORD says.

    This happens when a user has written into a file that an installer's cache shares with environments.
    """
    return [
        item.name
        for item in distributions
        if any(_differs(packages / path, recorded) for path, recorded in item.record().items())
    ]


def refuse_damaged(names: Sequence[str]) -> None:
    """Refuse distributions whose files are not those that their wheels list.

    Args:
        names: what `damaged` has found, after a second installation.

    Raises:
        InstallError: there are such distributions.
    """
    if names:
        raise InstallError(
            f"the wheel of {', '.join(names)} lists other files than it holds",
            "ask the person who runs the index, or the wheelhouse, for an intact wheel",
        )


def _differs(path: Path, recorded: str) -> bool:
    if not recorded.startswith("sha256="):
        return False  # RECORD has no digest for itself and for byte code
    try:
        return recorded_digest(path) != recorded.rstrip("=")
    except OSError:
        return True


def recorded_digest(path: Path) -> str:
    """The digest of a file in the form of RECORD: SHA-256, URL-safe base64 without padding (PEP 376, PEP 427).

    Raises:
        OSError: the file cannot be read.
    """
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256={digest.rstrip(b'=').decode('ascii')}"


def conflicts(distributions: Iterable[Distribution]) -> list[str]:
    """The files that two distributions own with different content, as parts of a sentence, one for each pair.

    The installer silently lets the distribution that it installs last win, and the other one is broken from then on. A file that
    two distributions own with the same content, as namespace packages do, does no harm.
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
