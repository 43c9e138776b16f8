"""Read and write locks: the versions to which an environment was resolved, for every platform, as pylock.toml files (PEP 751).

The machine that makes a lock and those that take it over read the same versions from it, and so install the same files. They ask
for a package by name, version and hashes, from whatever index the machine has; the recorded addresses come last. Wheels that were
made of local paths lie in a folder beside the lock, and only they are recorded by their path.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from rezup_api.disk.documents import parse_toml
from rezup_api.disk.files import digest_of
from rezup_api.errors import InstallError
from rezup_api.packages.lock_check import check_lock
from rezup_api.packages.platforms import environment_here, marker, tags_here
from rezup_api.packages.versions import Versions
from rezup_api.store.layout import WHEELS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from packaging.markers import Environment
    from packaging.pylock import (
        Package,
        PackageArchive,
        PackageDirectory,
        PackageSdist,
        PackageVcs,
        PackageWheel,
        Pylock,
    )
    from packaging.tags import Tag

    from rezup_api.packages.request import LocalWheel
    from rezup_api.pythons.interpreter import Interpreter

    Chosen = PackageArchive | PackageDirectory | PackageSdist | PackageVcs | PackageWheel


CREATOR = "rezup"
IMPLEMENTATION = "CPython"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
# Keys of ours in a package's `tool` table: that it belongs to the shared libraries, and the recipe's name for its local path.
SHARED, LOCAL = "shared", "local"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock, as TOML would hold it. Made by `parse_lock`."""

    document: Mapping[str, Any]

    def to_toml(self) -> str:
        """The text of the file."""
        from tomli_w import dumps

        return dumps(self.document)

    @property
    def packages(self) -> list[dict[str, Any]]:
        """All packages, including those of other platforms, as TOML would hold them."""
        return [dict(package) for package in self.document["packages"]]

    @property
    def made_of_paths(self) -> list[dict[str, Any]]:
        """The packages whose wheels were made of local paths and lie beside the lock."""
        return [package for package in self.packages if is_made_of_path(package)]

    @property
    def local(self) -> list[str]:
        """The file names of the wheels that lie beside the lock."""
        return [
            wheel["name"] for package in self.made_of_paths for wheel in package.get("wheels", ()) if "name" in wheel
        ]

    @property
    def renamed(self) -> dict[str, str]:
        """The recipe's name of each local path, with the name of the distribution that was made of it."""
        return {called(package): package["name"] for package in self.made_of_paths}

    @property
    def editable(self) -> list[str]:
        """The names of the packages that are installed editable, from a folder of each machine's own."""
        return [package["name"] for package in self.packages if "directory" in package]

    def sharing(self, names: Collection[str]) -> Lock:
        """A copy of the lock in which the packages of these names are marked as shared libraries.

        Args:
            names: the normalised names (PEP 503).
        """
        return self._with(
            [_marked(item, SHARED, value=True) if item["name"] in names else item for item in self.packages]
        )

    def beside(self, wheels: Sequence[LocalWheel]) -> Lock:
        """A copy of the lock that records these wheels, made of local paths, as files that lie beside it."""
        made = {wheel.path.name: wheel for wheel in wheels}
        return self._with([_beside(package, made) for package in self.packages])

    def keeping(self, earlier: Lock, upgrades: Collection[str] = ()) -> Lock:
        """A copy of the lock with the files of an earlier one, for every package that has the same version in both.

        Args:
            upgrades: the packages whose files are not kept; sources that changed may still call themselves the same version.
        """
        known = {
            _identity(package): package
            for package in earlier.packages
            if "version" in package and package["name"] not in upgrades
        }
        kept = ("wheels", "sdist")
        return self._with(
            [
                {
                    **{key: value for key, value in package.items() if key not in kept},
                    **{key: value for key, value in known[_identity(package)].items() if key in kept},
                }
                if _identity(package) in known
                else package
                for package in self.packages
            ]
        )

    def with_wheels(self, made: Mapping[str, Path]) -> Lock:
        """A copy of the lock with wheels for packages that it has only as sources, or as archives.

        Args:
            made: the wheels, by the names of their packages.
        """
        return self._with([_made(item, made[item["name"]]) if item["name"] in made else item for item in self.packages])

    def within(self, platforms: Collection[str]) -> Lock:
        """A copy of the lock that is for these platforms only; the lock itself where the collection is empty."""
        if not platforms or "environments" in self.document:
            return self
        return Lock({**self.document, "environments": [marker([name]) for name in platforms]})

    def versions(self, interpreter: Interpreter, asked: Sequence[str] = ()) -> tuple[Versions, Versions]:
        """The versions for this machine: those of the environment, and those of the shared libraries.

        Args:
            interpreter: the interpreter of the environment.
            asked: the lines that the recipe asks for. A lock holds no credentials, so its addresses get those of these lines.

        Raises:
            InstallError: the lock is not for this interpreter or platform.
        """
        from packaging.pylock import PylockSelectError, PylockValidationError

        logins = _logins(asked)
        found: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
        try:
            for package, chosen in self.selected(environment_here(interpreter), tags_here(interpreter)):
                line = line_of(package, logins)
                found[is_shared_library({"tool": package.tool})].append(
                    (line, address_of(package, chosen, logins) or line)
                )
        except (PylockSelectError, PylockValidationError, ValueError) as error:
            raise InstallError(
                f"the lock of this revision has nothing for {interpreter} on this platform: {error}",
                "ask the person who published it for a lock that includes this platform and Python",
            ) from error
        return _versions(found[False]), _versions(found[True])

    def selected(self, environment: Environment, tags: Sequence[Tag]) -> Iterator[tuple[Package, Chosen]]:
        """The packages for an environment, each with the one file that is best there.

        Raises:
            PylockSelectError: the lock has nothing for it.
        """
        return _parsed(self.document).select(environment=environment, tags=tags)

    def _with(self, packages: list[dict[str, Any]]) -> Lock:
        return Lock({**self.document, "packages": packages})


def parse_lock(text: str) -> Lock:
    """Read a lock, without the credentials in its addresses, and without the comment that has the command which made it.

    Raises:
        ValueError: the text is not a lock.
    """
    from packaging.pylock import PylockValidationError

    try:
        document = parse_toml(text)
        _parsed(document)
        check_lock(document)
    except (PylockValidationError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error
    return Lock({**_without_credentials(document), "created-by": CREATOR})


def merged(texts: Mapping[str, str], python: str) -> str:
    """The text of one lock, made of several locks of which each is for one platform.

    Args:
        texts: the texts of the locks, by the platform as recipes name it.
        python: the version of Python that all of them are for, `3.11`.
    """
    import tomli_w

    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    documents = {platform: parse_toml(text) for platform, text in texts.items()}
    for platform, document in documents.items():
        for package in document["packages"]:
            found.setdefault(tomli_w.dumps(package), (package, []))[1].append(platform)
    packages = [
        package if len(where) == len(texts) else {**package, "marker": marker(where)}
        for package, where in sorted(found.values(), key=lambda pair: str(pair[0]["name"]))
    ]
    first = next(iter(documents.values()))
    environments = [marker([platform]) for platform in texts]
    limits = {"environments": environments, "requires-python": f"=={python}.*"}
    return tomli_w.dumps({**first, **limits, "packages": packages})


def can_lock(interpreter: Interpreter) -> bool:
    """Whether a lock can be made for an interpreter: its marker values are known without running it only for CPython."""
    return interpreter.implementation == IMPLEMENTATION


def _parsed(document: Mapping[str, Any]) -> Pylock:
    from packaging.pylock import Pylock

    return Pylock.from_dict(document)


def _ours(package: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values that rezup has added to a package."""
    own = (package.get("tool") or {}).get("rezup")
    return own if isinstance(own, dict) else {}


def called(package: Mapping[str, Any]) -> str:
    """The recipe's name for the local path of which the wheel of a package was made."""
    return str(_ours(package)[LOCAL])


def is_shared_library(package: Mapping[str, Any]) -> bool:
    """Whether a package of a lock belongs to the shared libraries."""
    return SHARED in _ours(package)


def is_made_of_path(package: Mapping[str, Any]) -> bool:
    """Whether the wheel of a package was made of a local path, and lies beside the lock."""
    return LOCAL in _ours(package)


def _marked(package: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    return {**package, "tool": {"rezup": {**_ours(package), key: value}}}


def _identity(package: Mapping[str, Any]) -> tuple[str, str]:
    return package["name"], package.get("version", "")


def _beside(package: dict[str, Any], made: Mapping[str, LocalWheel]) -> dict[str, Any]:
    archive = package.get("archive") or {}
    wheel = made.get(re.split(r"[/\\]", archive.get("path", ""))[-1])
    if wheel is None:
        return package
    file = {"name": wheel.path.name, "path": f"{WHEELS}/{wheel.path.name}"}
    entry = {key: value for key, value in package.items() if key != "archive"}
    entry |= {"version": wheel.version, "wheels": [{**file, "hashes": {"sha256": digest_of(str(wheel.path))}}]}
    return _marked(entry, LOCAL, wheel.called)


def _made(package: dict[str, Any], wheel: Path) -> dict[str, Any]:
    from packaging.utils import parse_wheel_filename

    file = {"name": wheel.name, "path": f"{WHEELS}/{wheel.name}", "hashes": {"sha256": digest_of(str(wheel))}}
    entry = {key: value for key, value in package.items() if key not in ("vcs", "archive", "directory")}
    return {**entry, "version": str(parse_wheel_filename(wheel.name)[1]), "wheels": [*package.get("wheels", ()), file]}


def line_of(package: Package, logins: Mapping[str, str]) -> str:
    """A package as a line of a requirements file, with the hashes of all its files."""
    if package.vcs is not None:
        vcs = package.vcs
        folder = f"#subdirectory={vcs.subdirectory}" if vcs.subdirectory else ""
        return f"{package.name} @ {vcs.type}+{_with_login(vcs.url, logins)}@{vcs.commit_id}{folder}"
    if package.directory is not None:
        address = _file_url(package.directory.path)
        return f"-e {address}" if package.directory.editable else f"{package.name} @ {address}"
    if package.archive is not None:
        address = _with_login(package.archive.url, logins) or _file_url(package.archive.path or "")
        return f"{package.name} @ {address}{_hashes([package.archive.hashes])}"
    files = [wheel.hashes for wheel in package.wheels or ()] + ([package.sdist.hashes] if package.sdist else [])
    return f"{package.name}=={package.version}{_hashes(files)}"


def _file_url(path: str) -> str:
    """The `file:` address of a path of this machine; locks that are made here hold absolute paths."""
    return Path(os.path.abspath(path)).as_uri()


def address_of(package: Package, chosen: Chosen, logins: Mapping[str, str]) -> str:
    """The line of `line_of`, but with the recorded address of the file that is best here; empty where none is recorded."""
    from packaging.pylock import PackageSdist, PackageWheel

    if not isinstance(chosen, PackageWheel | PackageSdist) or not chosen.url:
        return ""
    return f"{package.name} @ {_with_login(chosen.url, logins)}{_hashes([chosen.hashes])}"


def _hashes(files: list[Mapping[str, str]]) -> str:
    found = sorted({f"{name}:{value}" for hashes in files for name, value in hashes.items()})
    return "".join(f" --hash={digest}" for digest in found)


def _versions(lines: list[tuple[str, str]]) -> Versions:
    lasting = all("--hash=" in line or " @ git+" in line for line, _ in lines)
    ordered = sorted(lines)
    return Versions(tuple(line for line, _ in ordered), lasting, recorded=tuple(address for _, address in ordered))


def _without_credentials(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _plain(item) if key in {"url", "index"} else _without_credentials(item) for key, item in value.items()
        }
    return [_without_credentials(item) for item in value] if isinstance(value, list) else value


def _plain(address: Any) -> Any:
    """An address without user and password; any other value as it is."""
    if not isinstance(address, str) or "@" not in address:
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _logins(lines: Sequence[str]) -> dict[str, str]:
    """The hosts in the addresses of requirement lines, each with the user and password that stand before it there."""
    addresses = (match[0] for line in lines if (match := _ADDRESS.search(line)) is not None)
    places = (urlsplit(address).netloc for address in addresses)
    return {place.rpartition("@")[2]: place for place in places if "@" in place}


def _with_login(address: str | None, logins: Mapping[str, str]) -> str:
    parts = urlsplit(address or "")
    return urlunsplit(parts._replace(netloc=logins.get(parts.netloc, parts.netloc)))
