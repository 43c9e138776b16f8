"""Locks: what an environment was resolved to, for every platform, as a pylock.toml file (PEP 751).

A lock is read back as pins, so that the machine that made it and those that take it on install the same files. A package is
asked for by name, version and hashes, from whatever index the machine has; the recorded addresses come last. Wheels that were
made of local paths lie in a folder beside the lock, and are the only ones recorded by their path.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from rezup_api.disk.files import digest_of
from rezup_api.errors import InstallError
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

    from rezup_api.pythons.interpreter import Interpreter

    Chosen = PackageArchive | PackageDirectory | PackageSdist | PackageVcs | PackageWheel


CREATOR = "rezup"
IMPLEMENTATION = "CPython"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
# Ours in a package's `tool` table: it belongs to the shared libraries; and what the recipe calls what its wheel was made of.
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
        """All packages, those of other platforms too, as TOML would hold them."""
        return [dict(package) for package in self.document["packages"]]

    @property
    def made_of_paths(self) -> list[dict[str, Any]]:
        """The packages whose wheels were made of local paths and lie beside the lock."""
        return [package for package in self.packages if LOCAL in _ours(package)]

    @property
    def local(self) -> list[str]:
        """The files of the wheels beside the lock."""
        return [wheel["name"] for package in self.made_of_paths for wheel in package["wheels"]]

    @property
    def renamed(self) -> dict[str, str]:
        """What the recipe calls what the wheels beside the lock were made of, each with the name of its distribution."""
        return {called(package): package["name"] for package in self.made_of_paths}

    @property
    def editable(self) -> list[str]:
        """The packages that are taken as they are wherever they lie."""
        return [package["name"] for package in self.packages if "directory" in package]

    def sharing(self, names: Collection[str]) -> Lock:
        """The same, with the packages named so marked as shared libraries.

        Args:
            names: as in the lock, normalised (PEP 503).
        """
        packages = self.packages
        return self._with([_marked(one, SHARED, value=True) if one["name"] in names else one for one in packages])

    def beside(self, wheels: Sequence[LocalWheel]) -> Lock:
        """The same, with what was made of local paths recorded as wheels that lie beside the lock."""
        made = {wheel.path.name: wheel for wheel in wheels}
        return self._with([_beside(package, made) for package in self.packages])

    def keeping(self, earlier: Lock, upgrades: Collection[str] = ()) -> Lock:
        """The same, with the files that an earlier lock has for what is of the same version in both.

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
        """The same, with wheels that were made of sources, or are the archives that were asked for.

        Args:
            made: by the name of the package.
        """
        return self._with([_made(one, made[one["name"]]) if one["name"] in made else one for one in self.packages])

    def within(self, platforms: Collection[str]) -> Lock:
        """The same, for these platforms only; for all where there are none."""
        if not platforms or "environments" in self.document:
            return self
        return Lock({**self.document, "environments": [marker([name]) for name in platforms]})

    def pins(self, interpreter: Interpreter, asked: Sequence[str] = ()) -> tuple[Versions, Versions]:
        """What is to be installed here: in the environment, and among the shared libraries.

        Args:
            asked: the lines that were asked for; credentials in their addresses are those for the addresses of the lock.

        Raises:
            InstallError: the lock is not for this interpreter or platform.
        """
        from packaging.pylock import PylockSelectError

        logins = _logins(asked)
        found: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
        try:
            for package, chosen in self.selected(environment_here(interpreter), tags_here(interpreter)):
                line = line_of(package, logins)
                found[is_shared_library({"tool": package.tool})].append(
                    (line, address_of(package, chosen, logins) or line)
                )
        except PylockSelectError as error:
            raise InstallError(
                f"the lock of this revision has nothing for {interpreter} here: {error}",
                "ask who published it for a lock that has this platform and Python",
            ) from error
        return _pins(found[False]), _pins(found[True])

    def selected(self, environment: Environment, tags: Sequence[Tag]) -> Iterator[tuple[Package, Chosen]]:
        """The packages for an environment, each with the one file that is best there.

        Raises:
            PylockSelectError: there is nothing for it.
        """
        return _parsed(self.document).select(environment=environment, tags=tags)

    def _with(self, packages: list[dict[str, Any]]) -> Lock:
        return Lock({**self.document, "packages": packages})


def parse_lock(text: str) -> Lock:
    """Read a lock; credentials in its addresses are struck out, and so is where and by what command it was made.

    Raises:
        ValueError: it is none.
    """
    import tomli
    from packaging.pylock import PylockValidationError

    try:
        document = tomli.loads(text)
        _parsed(document)
    except (tomli.TOMLDecodeError, PylockValidationError) as error:
        raise ValueError(str(error)) from error
    return Lock({**_without_credentials(document), "created-by": CREATOR})


def merged(texts: Mapping[str, str], python: str) -> str:
    """One lock of several that are each for one platform.

    Args:
        texts: the locks, by the platform in the words of recipes.
        python: the Python that all of them are for, `3.11`.
    """
    import tomli
    import tomli_w

    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    documents = {platform: tomli.loads(text) for platform, text in texts.items()}
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
    """Whether what is to be installed for an interpreter can be told without asking it."""
    return interpreter.implementation == IMPLEMENTATION


def _parsed(document: Mapping[str, Any]) -> Pylock:
    from packaging.pylock import Pylock

    return Pylock.from_dict(document)


def _ours(package: Mapping[str, Any]) -> Mapping[str, Any]:
    """What rezup has written of a package."""
    own = (package.get("tool") or {}).get("rezup")
    return own if isinstance(own, dict) else {}


def called(package: Mapping[str, Any]) -> str:
    """What the recipe calls what the wheel of a package was made of."""
    return str(_ours(package)[LOCAL])


def is_shared_library(package: Mapping[str, Any]) -> bool:
    """Whether a package of a lock belongs to the shared libraries."""
    return SHARED in _ours(package)


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
    """The address of a path of this machine; locks made here have absolute ones."""
    return Path(os.path.abspath(path)).as_uri()


def address_of(package: Package, chosen: Chosen, logins: Mapping[str, str]) -> str:
    """The same by the recorded address of the file that is best here; empty for what has none."""
    from packaging.pylock import PackageSdist, PackageWheel

    if not isinstance(chosen, PackageWheel | PackageSdist) or not chosen.url:
        return ""
    return f"{package.name} @ {_with_login(chosen.url, logins)}{_hashes([chosen.hashes])}"


def _hashes(files: list[Mapping[str, str]]) -> str:
    found = sorted({f"{name}:{value}" for hashes in files for name, value in hashes.items()})
    return "".join(f" --hash={one}" for one in found)


def _pins(lines: list[tuple[str, str]]) -> Versions:
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
    """An address without user and password; what is none stays as it is."""
    if not isinstance(address, str) or "@" not in address:
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _logins(lines: Sequence[str]) -> dict[str, str]:
    """The hosts of addresses in lines of a requirements file, each with the user and password that it is given there."""
    addresses = (match[0] for line in lines if (match := _ADDRESS.search(line)) is not None)
    places = (urlsplit(address).netloc for address in addresses)
    return {place.rpartition("@")[2]: place for place in places if "@" in place}


def _with_login(address: str | None, logins: Mapping[str, str]) -> str:
    parts = urlsplit(address or "")
    return urlunsplit(parts._replace(netloc=logins.get(parts.netloc, parts.netloc)))


@dataclass(frozen=True, slots=True)
class LocalWheel:
    """A wheel made of a local path: its file, what the recipe calls it, and what it is."""

    path: Path
    called: str
    name: str
    version: str
