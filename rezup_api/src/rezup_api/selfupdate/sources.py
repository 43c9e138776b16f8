"""List the releases that a source has. A source is a checkout, a folder of wheels, or an index (PEP 503, PEP 691).

A release is both distributions, `rezup` and `rezup-api`, of one version. They are installed by the address of their files and
never by name, because on another index the names may belong to another project.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import threading
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from rezup_api.disk.documents import parse_json
from rezup_api.disk.files import digest_of
from rezup_api.errors import UpgradeError
from rezup_api.recipe.credentials import redact
from rezup_api.selfupdate.trusted_sources import refuse_open_files, refuse_open_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from urllib.request import HTTPRedirectHandler

    from packaging.version import Version

DISTRIBUTIONS = ("rezup", "rezup-api")
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
# Bytes of an answer that are read; the page of a project is far smaller.
LARGEST = 8 << 20
_VERSION = re.compile(r"__version__ = \"([^\"]+)\"")


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A wheel, or the folder of a distribution in a checkout: its address as a URL, and its SHA-256, empty if not known."""

    name: str
    version: Version
    address: str
    digest: str = ""

    @property
    def line(self) -> str:
        """The line of a requirements file that installs exactly this file."""
        return f"{self.name} @ {self.address}" + (f" --hash=sha256:{self.digest}" if self.digest else "")


@dataclass(frozen=True, slots=True)
class Release:
    """Both distributions of one version."""

    version: Version
    files: tuple[ReleaseFile, ...]

    @property
    def identity(self) -> str:
        """A text that differs for another release of the same version."""
        return " ".join(file.digest or redact(file.address) for file in self.files)


@dataclass(frozen=True, slots=True)
class News:
    """What a source has that is newer.

    Args:
        release: the newest of the same major; None where that is this one.
        major: the newest of a greater one.
    """

    release: Release | None
    major: Release | None


def newer_releases(source: str, running: str, *, limit: float, environ: Mapping[str, str]) -> News:
    """What a source has that is newer than the version `running`; see `releases_of` for the errors."""
    from packaging.version import Version

    now = Version(running)
    newer = [
        release
        for release in releases_of(source, limit=limit, environ=environ)
        if release.version > now and (not release.version.is_prerelease or now.is_prerelease)
    ]
    same = [release for release in newer if release.version.major == now.major]
    greater = [release for release in newer if release.version.major > now.major]
    return News(same[0] if same else None, greater[0] if greater else None)


def shown(source: str) -> str:
    """A source in the form that people may see: without its password."""
    return redact(source)


def releases_of(source: str, *, limit: float, environ: Mapping[str, str]) -> list[Release]:
    """The releases of a source for this Python, the newest first, without those that were withdrawn (PEP 592).

    Args:
        source: the path or `file:` URL of a folder, or the URL of an index.
        limit: seconds to wait for an index.
        environ: the caller's environment, in which NETRC may name a file with logins.

    Raises:
        UpgradeError: the source cannot be read, does not answer in time, or gives files that others could replace on the way.
    """
    if "://" in source and not source.startswith("file:"):
        found = _paired(_from_index(source, limit, environ))
        files = [file for release in found for file in release.files if not file.digest]
        refuse_open_files(shown(source), [(f"{file.name} {file.version}", file.address) for file in files])
        return found
    folder = Path(unquote(urlsplit(source).path)) if source.startswith("file:") else Path(os.path.expanduser(source))
    refuse_open_folder(folder)
    if (folder / "rezup" / "pyproject.toml").is_file():
        return _paired(_from_checkout(folder))
    if not folder.is_dir():
        raise UpgradeError(f"there is no folder {folder} to upgrade from", "correct REZUP_UPGRADE_SOURCE")
    return _paired(
        file for path in sorted(folder.glob("*.whl")) for file in _wheel(path.name, path.absolute().as_uri())
    )


def _paired(files: Iterable[ReleaseFile]) -> list[Release]:
    by_version: dict[Version, dict[str, ReleaseFile]] = {}
    for file in files:
        by_version.setdefault(file.version, {})[file.name] = file
    found = [
        Release(version, tuple(pair[name] for name in DISTRIBUTIONS))
        for version, pair in by_version.items()
        if len(pair) == len(DISTRIBUTIONS)
    ]
    return sorted(found, key=lambda release: release.version, reverse=True)


def _from_checkout(folder: Path) -> list[ReleaseFile]:
    from packaging.version import InvalidVersion, Version

    files = []
    for name in DISTRIBUTIONS:
        module = name.replace("-", "_")
        path = folder / module / "src" / module / "_version.py"
        try:
            match = _VERSION.search(path.read_text(encoding="utf-8"))
            if match is not None:
                files.append(ReleaseFile(name, Version(match[1]), (folder / module).absolute().as_uri()))
        except (OSError, ValueError, InvalidVersion) as error:
            raise UpgradeError(f"cannot read {path}: {error}") from error
    return files


def _wheel(file: str, address: str, digest: str = "") -> list[ReleaseFile]:
    """The file of a release, from the name of a wheel; empty if the wheel belongs to another project."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        name, version, _, _ = parse_wheel_filename(file)
    except InvalidWheelFilename:
        return []
    if name not in DISTRIBUTIONS:
        return []
    if address.startswith("file:") and not digest:
        try:
            digest = digest_of(unquote(urlsplit(address).path))
        except OSError:
            return []
    return [ReleaseFile(str(name), version, address, digest)]


def _from_index(source: str, limit: float, environ: Mapping[str, str]) -> list[ReleaseFile]:
    """Ask an index for both distributions at the same time, and wait for `limit` seconds in all.

    Threads ask, because the limit of `urlopen` holds for each step, and not for looking up a host name. When the time is over,
    this process goes on without them, and they end with it.
    """
    answers: dict[str, list[ReleaseFile]] = {}
    failures: list[str] = []

    def ask(name: str) -> None:
        try:
            answers[name] = _project(source, name, limit, environ)
        except Exception as error:  # noqa: BLE001 - an index may answer anything at all
            failures.append(redact(str(error)) or type(error).__name__)

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in DISTRIBUTIONS]
    for thread in threads:
        thread.start()
    import time

    deadline = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if len(answers) < len(DISTRIBUTIONS):
        why = failures[0] if failures else f"there was no answer for {limit:g} s"
        raise UpgradeError(
            f"{shown(source)} cannot be asked for releases of rezup: {why}", "check the address and the network"
        )
    return [file for found in answers.values() for file in found]


def _project(source: str, name: str, limit: float, environ: Mapping[str, str]) -> list[ReleaseFile]:
    import urllib.request

    address, login = _split_login(f"{source.rstrip('/')}/{name}/", environ)
    request = urllib.request.Request(address, headers={"Accept": ACCEPT, "User-Agent": "rezup"})
    if login:
        request.add_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
    with urllib.request.build_opener(_careful_redirects()).open(request, timeout=limit) as answer:
        content = answer.read(LARGEST)
        kind, final = answer.headers.get_content_type(), answer.geturl()
    found = _from_json(content) if kind.endswith("json") else _from_html(content)
    files: list[ReleaseFile] = []
    for item in found:
        if not item["yanked"] and _fits(item["requires"]):
            place = _with_login(urljoin(final, item["url"]), address, login)
            files += _wheel(item["name"], place, item["digest"])
    return files


def _careful_redirects() -> HTTPRedirectHandler:
    """What follows a redirect: with the login only to the same server, and never from https:// to http://."""
    import urllib.request
    from urllib.error import URLError

    class Careful(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> Any:  # noqa: PLR0917
            """The request that follows a redirect."""
            before, after = urlsplit(req.full_url), urlsplit(newurl)
            if before.scheme == "https" and after.scheme != "https":
                raise URLError(f"it redirects to {redact(newurl)}, which is not encrypted")
            request = super().redirect_request(req, fp, code, msg, headers, newurl)
            # urllib hands all headers on, to whatever server the answer names.
            if request is not None and (before.scheme, before.netloc) != (after.scheme, after.netloc):
                request.remove_header("Authorization")
            return request

    return Careful()


def _split_login(address: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """An address without its login, and the login as "user:password"; without one in the address, that of the netrc file."""
    import netrc

    parts = urlsplit(address)
    user, mark, host = parts.netloc.rpartition("@")
    plain = urlunsplit(parts._replace(netloc=host))
    if mark:
        return plain, unquote(user)
    try:
        found = netrc.netrc(environ.get("NETRC") or os.path.expanduser("~/.netrc")).authenticators(parts.hostname or "")
    except (OSError, netrc.NetrcParseError):
        found = None
    return plain, f"{found[0]}:{found[2]}" if found else ""


def _with_login(address: str, index: str, login: str) -> str:
    """The address of a file, with the login of its index if both are on the same host."""
    # An index may give addresses on other hosts, which must never get the login.
    parts, asked = urlsplit(address), urlsplit(index)
    if not login or (parts.scheme, parts.netloc) != (asked.scheme, asked.netloc):
        return urlunsplit(parts._replace(fragment=""))
    from urllib.parse import quote

    user, _, password = login.partition(":")
    return urlunsplit(
        parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}", fragment="")
    )


def _fits(requires: str) -> bool:
    """Whether a file is for this Python, by its `requires-python`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(requires).contains(".".join(map(str, sys.version_info[:3])), prereleases=True)
    except InvalidSpecifier:
        return False


def _from_json(content: bytes) -> list[dict[str, Any]]:
    return [
        {
            "name": str(file["filename"]),
            "url": str(file["url"]),
            "digest": str(file.get("hashes", {}).get("sha256", "")),
            "requires": str(file.get("requires-python") or ""),
            "yanked": bool(file.get("yanked")),
        }
        for file in parse_json(content)["files"]
    ]


def _from_html(content: bytes) -> list[dict[str, Any]]:
    parser = _Links()
    parser.feed(content.decode("utf-8", "replace"))
    return parser.found


class _Links(HTMLParser):
    """Collects the links on a page of an index (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add a link."""
        values = dict(attrs)
        address = values.get("href")
        if tag != "a" or not address:
            return
        parts = urlsplit(address)
        self.found.append(
            {
                "name": unquote(parts.path.rpartition("/")[2]),
                "url": address,
                "digest": parts.fragment.removeprefix("sha256=") if parts.fragment.startswith("sha256=") else "",
                "requires": values.get("data-requires-python") or "",
                "yanked": "data-yanked" in values,
            }
        )
