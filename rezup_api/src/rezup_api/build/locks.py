"""Locks: what an environment was resolved to, for every platform, as a pylock.toml file (PEP 751).

A lock is read back as pins, so that the machine that made it and those that take it on install the same files. A package is
asked for by name, version and hashes, from whatever index the machine has; the recorded addresses are for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from rezup_api.build.engine import Pins
from rezup_api.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from packaging.markers import Environment
    from packaging.pylock import Package, Pylock
    from packaging.tags import Tag

    from rezup_api.build.interpreters import Interpreter

CREATOR = "rezup"
IMPLEMENTATION = "CPython"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
# What is ours in a package's `tool` table: it belongs to the shared libraries.
SHARED = {"rezup": {"shared": True}}


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock, as TOML would hold it. Made by `parse_lock`."""

    document: Mapping[str, Any]

    def to_toml(self) -> str:
        """The text of the file."""
        from tomli_w import dumps

        return dumps(self.document)

    def sharing(self, names: Collection[str]) -> Lock:
        """The same, with the packages named so marked as shared libraries.

        Args:
            names: as in the lock, normalised (PEP 503).
        """
        packages = [
            {**package, "tool": SHARED} if package["name"] in names else dict(package)
            for package in self.document["packages"]
        ]
        return Lock({**self.document, "packages": packages})

    def pins(self, interpreter: Interpreter, asked: Sequence[str] = ()) -> tuple[Pins, Pins]:
        """What is to be installed here: in the environment, and among the shared libraries.

        Args:
            asked: the lines that were asked for; credentials in their addresses are those for the addresses of the lock.

        Raises:
            InstallError: the lock is not for this interpreter or platform.
        """
        logins = _logins(asked)
        own: list[str] = []
        shared: list[str] = []
        for package in self._selected(interpreter):
            is_shared = bool(((package.tool or {}).get("rezup") or {}).get("shared"))
            (shared if is_shared else own).append(_line(package, logins))
        return _pins(own), _pins(shared)

    def _selected(self, interpreter: Interpreter) -> Iterator[Package]:
        from packaging.pylock import PylockSelectError

        try:
            for package, _ in _parsed(self.document).select(
                environment=_environment(interpreter), tags=_tags(interpreter)
            ):
                yield package
        except PylockSelectError as error:
            raise InstallError(
                f"the lock of this revision has nothing for {interpreter} here: {error}",
                "ask who published it for a lock that has this platform and Python",
            ) from error


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


def can_lock(interpreter: Interpreter) -> bool:
    """Whether what is to be installed for an interpreter can be told without asking it."""
    return interpreter.implementation == IMPLEMENTATION


def _parsed(document: Mapping[str, Any]) -> Pylock:
    from packaging.pylock import Pylock

    return Pylock.from_dict(document)


def _environment(interpreter: Interpreter) -> Environment:
    """The values of environment markers (PEP 508) for an interpreter of this machine."""
    from packaging.markers import default_environment

    environment = default_environment()
    environment["python_version"] = ".".join(map(str, interpreter.version[:2]))
    environment["python_full_version"] = environment["implementation_version"] = interpreter.version_text
    environment["implementation_name"] = interpreter.implementation.lower()
    environment["platform_python_implementation"] = interpreter.implementation
    return environment


def _tags(interpreter: Interpreter) -> list[Tag]:
    """The wheels that an interpreter of this machine takes (PEP 425), the best first."""
    from packaging.tags import compatible_tags, cpython_tags

    version = interpreter.version[:2]
    return [*cpython_tags(version), *compatible_tags(version, f"cp{version[0]}{version[1]}")]


def _line(package: Package, logins: Mapping[str, str]) -> str:
    """A package as a line of a requirements file, with the hashes of all its files."""
    if package.vcs is not None:
        vcs = package.vcs
        folder = f"#subdirectory={vcs.subdirectory}" if vcs.subdirectory else ""
        return f"{package.name} @ {vcs.type}+{_with_login(vcs.url, logins)}@{vcs.commit_id}{folder}"
    if package.directory is not None:
        address = f"file://{package.directory.path}"
        return f"-e {address}" if package.directory.editable else f"{package.name} @ {address}"
    if package.archive is not None:
        address = _with_login(package.archive.url, logins) or f"file://{package.archive.path}"
        return f"{package.name} @ {address}{_hashes([package.archive.hashes])}"
    files = [wheel.hashes for wheel in package.wheels or ()] + ([package.sdist.hashes] if package.sdist else [])
    return f"{package.name}=={package.version}{_hashes(files)}"


def _hashes(files: list[Mapping[str, str]]) -> str:
    found = sorted({f"{name}:{value}" for hashes in files for name, value in hashes.items()})
    return "".join(f" --hash={one}" for one in found)


def _pins(lines: list[str]) -> Pins:
    lasting = all("--hash=" in line or " @ git+" in line for line in lines)
    return Pins(tuple(sorted(lines)), lasting)


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
