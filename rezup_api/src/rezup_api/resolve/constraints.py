"""pip's constraint files: which lines of them are about other distributions than some.

Constraints are for choosing versions. pip applies them to what builds from sources need as well, so where what is locked is
installed, those about anything else are still of use.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rezup_api.recipe.values import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?![A-Za-z0-9._-]*:)")
_NESTED = re.compile(r"(?:-c|-r|--constraint|--requirement)[\s=]*(\S.*)")


def constraints_besides(names: Collection[str], files: Iterable[str]) -> list[str]:
    """The lines of constraint files, without those about some distributions, and without what lies at a web address.

    Args:
        names: normalised names of these distributions (PEP 503).
        files: paths and addresses; a file that cannot be read adds nothing.
    """
    seen: set[str] = set()
    lines = [line for file in files for line in _lines(file, "", seen)]
    return [line for line in lines if not (match := _NAME.match(line)) or canonical(match[0]) not in names]


def _lines(file: str, beside: str, seen: set[str]) -> Iterator[str]:
    """The lines of a constraint file, and of those that it names in turn: their paths begin at its own folder."""
    address = urlsplit(file)
    path = os.path.join(beside, unquote(address.path) if address.scheme == "file" else file)
    real = os.path.realpath(path)  # files may name each other in a circle, by ever longer paths
    if real in seen or (address.scheme != "file" and "://" in file):
        return
    seen.add(real)
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        plain = re.sub(r"(^|\s+)#.*$", "", line).strip()
        named = _NESTED.match(plain)
        if named:
            yield from _lines(named[1], os.path.dirname(path), seen)
        elif plain:
            yield plain
