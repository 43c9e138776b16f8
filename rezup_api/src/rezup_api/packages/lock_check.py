"""Check that a lock holds nothing that would mean something else where it is used: in a line for an installer, or in a path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A commit of git, Mercurial, Subversion or Bazaar. It becomes a part of a requirement line, after an "@".
_COMMIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,127}")
_KIND = re.compile(r"[a-z]{1,16}")
_ALGORITHM = re.compile(r"[a-z0-9_]{1,32}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{1,256}")
# One component of a path, on every platform: a wheel lies under this name in a folder of ours.
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!%~() -]{0,254}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def check_lock(document: Mapping[str, Any]) -> None:
    """Check the texts of a lock that is a valid pylock document otherwise.

    Raises:
        ValueError: a text of it cannot be what it should be.
    """
    for key, text in _texts(document):
        if _CONTROL.search(text):
            raise ValueError(f"{key} has a control character")
    for package in document.get("packages", ()):
        name = str(package.get("name"))
        vcs, sdist = package.get("vcs") or {}, package.get("sdist")
        if vcs:
            _fit(name, "commit-id", vcs.get("commit-id"), _COMMIT)
            _fit(name, "type", vcs.get("type"), _KIND)
        files = [*package.get("wheels", ()), *([sdist] if sdist else [])]
        for file in files:
            _fit(name, "name of a file", _file_name(file), _FILE)
        for source in (*files, vcs, package.get("archive") or {}, package.get("directory") or {}):
            for key in ("url", "subdirectory"):
                # A blank ends an address in a requirement line, and options may follow.
                if re.search(r"\s", str(source.get(key, ""))):
                    raise ValueError(f"the {key} of {name} has a blank")
            for algorithm, digest in source.get("hashes", {}).items():
                _fit(name, "algorithm of a hash", algorithm, _ALGORITHM)
                _fit(name, "hash", digest, _DIGEST)


def _file_name(file: Mapping[str, Any]) -> str:
    """The name of a wheel or source distribution; where it is not stated, the end of its path or address."""
    stated = file.get("name") or re.split(r"[/\\]", file.get("path") or "")[-1]
    return str(stated or unquote(urlsplit(file.get("url", "")).path.rpartition("/")[2]))


def _fit(name: str, key: str, value: object, form: re.Pattern[str]) -> None:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"the {key} of {name} cannot be {value!r:.80}")


def _texts(value: Any, key: str = "it") -> Iterator[tuple[str, str]]:
    """All texts of a document, keys included, each with the key under which it stands."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for inner, one in value.items():
            yield "a key", inner
            yield from _texts(one, inner)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, key)
