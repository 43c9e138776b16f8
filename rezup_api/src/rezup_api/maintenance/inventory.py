"""List the packages of a revision: which version of each, under which licence, and where it comes from.

What is installed is read from the metadata of the packages themselves. Where each comes from, and the digests of its files, stand
in the locks; the metadata of a package says it only if the package was not asked for by its version (PEP 610).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from rezup_api.disk.reading import read_file
from rezup_api.packages.installed import Distribution, installed
from rezup_api.packages.pylock import is_made_of_path, is_shared_library, parse_lock
from rezup_api.recipe.credentials import redact
from rezup_api.recipe.values import canonical
from rezup_api.store.layout import REVISIONS, environment_of_lock, lock_name, site_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rezup_api.store.revision import Revision
    from rezup_api.store.root import ContainerRoot

SHARED = "shared"
# The kinds of places that packages come from.
INDEX, URL, PATH, GIT, UNKNOWN = "index", "url", "path", "git", ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a package comes from.

    Args:
        kind: "index", "url", "path" or "git"; empty if it is not known.
        address: the address or the path, without user and password. For an index it is what the lock names: its address, or else
            the server of the files; a machine may have taken the same files from another one. Empty if it is not known.
        editable: whether the package runs from the folder of its sources.
        commit: for git, the commit.
        subdirectory: for git, the folder below the root of the repository; empty for the root itself.
    """

    kind: str = UNKNOWN
    address: str = ""
    editable: bool = False
    commit: str = ""
    subdirectory: str = ""

    def __str__(self) -> str:
        told = f"{self.address}@{self.commit}" if self.commit else self.address
        return f"{told} (editable)" if self.editable else told or self.kind


@dataclass(frozen=True, slots=True)
class Package:
    """One package of an environment.

    Args:
        name: its normalised name (PEP 503).
        version: its version; empty if a lock does not say it.
        license: its licence in the words of its author; empty if it states none, or is not on this machine.
        source: where it comes from.
        size: how many bytes its files have as it lists them; 0 if it does not.
        hashes: the digests of the files that the lock has for it, as `sha256:…`, sorted.
        marker: on which platforms it is installed (PEP 508); empty for all.
    """

    name: str
    version: str
    license: str = ""
    source: Source = Source()
    size: int = 0
    hashes: tuple[str, ...] = ()
    marker: str = ""

    @property
    def requirement(self) -> str:
        """The line of a requirements file that installs it, with the digests of its files where they are known."""
        source = self.source
        if source.editable:
            line = f"-e {source.address}"
        elif source.kind == GIT:
            inside = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
            line = f"{self.name} @ git+{source.address}@{source.commit}{inside}"
        elif source.kind in (URL, PATH):
            address = _file_address(source.address) if source.kind == PATH else source.address
            line = f"{self.name} @ {address}"
        else:
            line = f"{self.name}=={self.version}"
        # pip takes what stands behind an address for a part of it, unless there is a blank between them.
        line += f" ; {self.marker}" if self.marker and not source.editable else ""
        return line + "".join(f" --hash={digest}" for digest in self.hashes)


@dataclass(frozen=True, slots=True)
class Inventory:
    """The packages of a revision.

    Args:
        container, timestamp: the revision.
        built: whether it is on this machine. If not, the packages are those of its locks, for all platforms, without licences.
        environments: the packages of each environment by its name, sorted; shared libraries count as environments.
        python: the version of each environment's interpreter, where it is known.
    """

    container: str
    timestamp: str
    built: bool
    environments: Mapping[str, tuple[Package, ...]]
    python: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.container}@{self.timestamp}"


def built_inventory(revision: Revision) -> Inventory:
    """List what is installed in a revision of this machine; what cannot be read is left out."""
    metadata = revision.metadata
    found: dict[str, tuple[Package, ...]] = {}
    python: dict[str, str] = {}
    locked: dict[str, Mapping[str, Package]] = {}
    for environment in metadata.environments if metadata is not None else ():
        python[environment.name] = environment.python
        locked[environment.name] = _locked(_lock_text(revision, environment.name), os.fspath(revision.path))
        version = tuple(int(number) for number in environment.python.split(".")[:2] if number.isdigit())
        if len(version) == 2:
            folder = site_packages(revision.path / "venv" / environment.name, version)
            found[environment.name] = _installed(folder, locked[environment.name], set(environment.editable))
    every = {key: package for packages in locked.values() for key, package in packages.items()}
    for name in metadata.libraries if metadata is not None else ():
        found[f"{SHARED} {name.rpartition('-')[0]}"] = _installed(revision.folder.libraries / name, every, set())
    return Inventory(revision.container, revision.timestamp, True, found, python)


def published_inventory(root: ContainerRoot, timestamp: str) -> Inventory:
    """List what the locks of a published revision say, for all platforms.

    Raises:
        RemoteError: the remote root cannot be read.
    """
    found: dict[str, list[Package]] = {}
    for file, text in root.locks(timestamp).items():
        for shared, package in _packages(text, root.storage.locate(f"{root.name}/{REVISIONS}/{timestamp}")):
            found.setdefault(SHARED if shared else environment_of_lock(file), []).append(package)
    ordered = {name: tuple(sorted(packages, key=_order)) for name, packages in found.items()}
    return Inventory(root.name, timestamp, False, ordered, {})


def _order(package: Package) -> tuple[str, str]:
    return package.name, package.version


def _installed(folder: Path, locked: Mapping[str, Package], editable: set[str]) -> tuple[Package, ...]:
    try:
        found = installed(folder).values()
    except OSError:
        return ()
    edited = {canonical(name) for name in editable}
    packages = (_package(one, _entry(locked, one), editable=one.name in edited) for one in found)
    return tuple(sorted(packages, key=_order))


def _entry(locked: Mapping[str, Package], one: Distribution) -> Package | None:
    """What the lock has of an installed package: under its name and version, or, where it states no version, its name."""
    return locked.get(f"{one.name}=={one.version}") or locked.get(f"{one.name}==")


def _package(one: Distribution, locked: Package | None, *, editable: bool) -> Package:
    source = locked.source if locked is not None else Source(INDEX)
    direct = one.direct_url()
    if "url" in direct and (locked is None or source.kind == UNKNOWN):
        source = _direct_source(direct, editable=editable)
    hashes = locked.hashes if locked is not None else ()
    return Package(one.name, one.version, one.license(), source, one.size(), hashes)


def _direct_source(document: Mapping[str, Any], *, editable: bool) -> Source:
    """Where a package comes from by its `direct_url.json`."""
    address = plain_address(str(document["url"]))
    control, folder = document.get("vcs_info"), document.get("dir_info")
    if isinstance(control, dict):
        inside = str(document.get("subdirectory") or "")
        return Source(GIT, address, commit=str(control.get("commit_id") or ""), subdirectory=inside)
    edited = editable or (isinstance(folder, dict) and folder.get("editable") is True)
    if address.startswith("file:"):
        return Source(PATH, _path_of(address), editable=edited)
    return Source(URL, address)


def _lock_text(revision: Revision, environment: str) -> str:
    try:
        return read_file(revision.path / lock_name(environment)).decode("utf-8")
    except (OSError, ValueError):
        return ""


def _locked(text: str, folder: str) -> dict[str, Package]:
    """The packages of a lock of this machine, by name and version; empty if there is no lock, or it is damaged."""
    return {f"{one.name}=={one.version}": one for _, one in _packages(text, folder)}


def _packages(text: str, folder: str) -> Iterator[tuple[bool, Package]]:
    """The packages of a lock, each with whether it is a shared library.

    Args:
        text: the lock.
        folder: the folder in which the lock lies, as a path or an address.
    """
    try:
        packages = parse_lock(text).packages if text else []
    except ValueError:
        return
    for one in packages:
        files = [*one.get("wheels", ()), *(one[key] for key in ("sdist", "archive") if key in one)]
        package = Package(
            name=str(one["name"]),
            version=str(one.get("version", "")),
            source=_locked_source(one, folder),
            hashes=_hashes(files),
            marker=str(one.get("marker", "")),
        )
        yield is_shared_library(one), package


def _hashes(files: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({f"{kind}:{value}" for file in files for kind, value in (file.get("hashes") or {}).items()}))


def _locked_source(package: Mapping[str, Any], folder: str) -> Source:
    """Where a package comes from by its lock, which lies in `folder`."""
    if (vcs := package.get("vcs")) is not None:
        address = plain_address(str(vcs.get("url") or vcs.get("path") or ""))
        return Source(
            GIT, address, commit=str(vcs.get("commit-id", "")), subdirectory=str(vcs.get("subdirectory") or "")
        )
    if (tree := package.get("directory")) is not None:
        return Source(PATH, str(tree.get("path", "")), editable=tree.get("editable") is True)
    if (archive := package.get("archive")) is not None:
        address = str(archive.get("url") or "")
        return Source(URL, plain_address(address)) if address else Source(PATH, str(archive.get("path") or ""))
    if is_made_of_path(package):
        wheel = next((str(one["path"]) for one in package.get("wheels", ()) if one.get("path")), "")
        return Source(PATH, f"{folder}/{wheel}")
    return Source(INDEX, plain_address(str(package.get("index") or "")) or _host(package))


def _host(package: Mapping[str, Any]) -> str:
    """The server from which the lock has the files of a package, for locks that do not name the index; empty if there is none."""
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
    parts = (urlsplit(plain_address(str(one["url"]))) for one in files if one.get("url"))
    return next((f"{one.scheme}://{one.netloc}" for one in parts if one.netloc), "")


def plain_address(address: str) -> str:
    """An address without password and token. A user alone stays where git asks for one, as in `ssh://git@host`."""
    parts = urlsplit(redact(address))
    place = parts.netloc.rpartition("@")[2] if "*" in parts.netloc else parts.netloc
    return urlunsplit(parts._replace(netloc=place))


def _path_of(address: str) -> str:
    from urllib.request import url2pathname

    return url2pathname(urlsplit(address).path)


def _file_address(path: str) -> str:
    from pathlib import Path

    return Path(path).as_uri() if os.path.isabs(path) else path
