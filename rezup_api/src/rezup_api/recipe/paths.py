"""Make the relative paths of a recipe absolute, and replace URLs that no server answers any more.

A path that starts with `~` or `$VAR`, or that is absolute on any platform, stays as its author wrote it. Other machines read a
published recipe, and the Windows paths in a recipe must stay intact when Linux reads it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from rezup_api.frozen import dataclass
from rezup_api.recipe.schema import DOTENV_PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ROOTED = re.compile(r"[/\\~$]|[A-Za-z]:[/\\]")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(git|hg|svn|bzr)\+|.*\s@\s|[A-Za-z0-9._-]+(\[[^]]*\])?@\s*[a-z+]+:")
_SPECIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^]]*\])?\s*([<>=!~;(].*)?", re.DOTALL)
_ARCHIVE = re.compile(r".*\.(whl|zip|tar|tar\.gz|tgz|tar\.bz2|tar\.xz)", re.IGNORECASE)
_GIT_PROTOCOL_ON_GITHUB = re.compile(r"git\+git://(?=([^/@\s]*@)?(www\.)?github\.com[/:])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settled:
    """A document whose paths are right wherever it is read, and remarks on the URLs that were replaced."""

    document: dict[str, Any]
    warnings: tuple[str, ...]


def is_path(requirement: str) -> bool:
    """Whether a requirement is a local path, and no version specifier or URL (PEP 508 has the forms of both)."""
    if requirement.startswith(".") or _ROOTED.match(requirement):
        return True
    if _URL.match(requirement):
        return False
    return bool(
        _ARCHIVE.fullmatch(requirement) or (re.search(r"[/\\]", requirement) and not _SPECIFIER.fullmatch(requirement))
    )


def is_editable_path(url: str) -> bool:
    """Whether `url` can be installed editable: it is a path or a bare folder name, and no specifier, URL or archive."""
    if url.startswith(".") or _ROOTED.match(url):
        return not _ARCHIVE.fullmatch(url)
    return not (_URL.match(url) or _ARCHIVE.fullmatch(url) or re.search(r"[<>=!;]", url))


def rooted(path: str, base: Path) -> str:
    """A path that does not depend on the working folder: a relative one starts from the folder `base`; URLs stay as they are."""
    if not path or _ROOTED.match(path) or "://" in path:
        return path
    return os.path.abspath(os.path.join(base, path))


def settle_paths(document: dict[str, Any], where: str, base: Path) -> Settled:
    """Make all paths of a converted document absolute, and replace its retired URLs.

    Args:
        document: as `validate.validate` gives it; it is not changed.
        where: the file, as the remarks name it.
        base: the absolute path of the file's folder.
    """
    settler = _Settler(where, base)
    return Settled(settler.document(document), tuple(settler.warnings))


class _Settler:
    def __init__(self, where: str, base: Path) -> None:
        self._where = where
        self._base = base
        self.warnings: list[str] = []

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        result = dict(document)
        tables: tuple[tuple[str, Callable[[dict[str, Any], str], dict[str, Any]]], ...] = (
            ("root", self._paths),
            ("init", self._paths),
            ("python", self._mirror),
            ("dotenv", self._dotenv),
            ("rez", self._tool),
            ("shared", self._shared),
        )
        for name, settle_table in tables:
            if name in document:
                result[name] = settle_table(document[name], name)
        if "extension" in document:
            result["extension"] = [
                self._tool(extension, f"extension[{index}]") for index, extension in enumerate(document["extension"])
            ]
        return result

    def _paths(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        return {name: rooted(path, self._base) for name, path in table.items()}

    def _mirror(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        return {**table, "mirror": rooted(table["mirror"], self._base)} if "mirror" in table else table

    def _dotenv(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        return {
            name: self._paths(value, key) if name in DOTENV_PLATFORMS else rooted(value, self._base)
            for name, value in table.items()
        }

    def _tool(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        result = dict(table)
        if "url" in table:
            result["url"] = self._url(table["url"], f"{key}.url", editable=table.get("edit", False))
        if re.search(r"[/\\~$]|^\.", table.get("python", "")):
            result["python"] = rooted(table["python"], self._base)
        if "lib" in table:
            result["lib"] = self._requirements(table["lib"], f"{key}.lib")
        return result

    def _shared(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        if "requires" not in table:
            return table
        return {**table, "requires": self._requirements(table["requires"], f"{key}.requires")}

    def _requirements(self, requirements: list[str], key: str) -> list[str]:
        return [self._url(text, f"{key}[{index}]", editable=False) for index, text in enumerate(requirements)]

    def _url(self, url: str, key: str, *, editable: bool) -> str:
        replaced = _GIT_PROTOCOL_ON_GITHUB.sub("git+https://", url)
        if replaced != url:
            from rezup_api.recipe.credentials import redact  # few recipes need a message

            self.warnings.append(
                f"{self._where}: {key}: GitHub no longer serves git+git://; rezup uses {redact(replaced)} instead"
            )
        if editable and url.startswith("file://"):
            return path_of_file_url(url)
        if is_path(replaced) or (editable and is_editable_path(replaced)):
            return rooted(replaced, self._base)
        return replaced


def path_of_file_url(url: str) -> str:
    """The path in a `file://` URL (RFC 8089)."""
    from urllib.parse import unquote  # takes 3 ms to import, and recipes rarely have such URLs

    path = unquote(url.removeprefix("file://").removeprefix("localhost"))
    return path[1:] if re.match(r"/[A-Za-z]:[/\\]", path) else path
