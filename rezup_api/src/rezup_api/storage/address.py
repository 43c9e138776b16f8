"""From what a user writes as a root to its storage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup_api.errors import UsageError
from rezup_api.recipe.paths import path_of_file_url
from rezup_api.settings import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.storage.interface import Storage

# A scheme of RFC 3986, section 3.1; one letter alone is the drive of a Windows path.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def open_root(text: str, environ: Mapping[str, str]) -> Storage:
    """The storage of a remote root.

    Args:
        text: a path, in which `~` and `$VAR` are expanded, or a `file://` URL.
        environ: the caller's environment.

    Raises:
        UsageError: it is a URL of another kind.
    """
    from rezup_api.storage.folder import SharedFolder  # completion, which asks for folders only, does not need it

    return SharedFolder(folder_of_root(text, environ, "remote"))


def folder_of_root(text: str, environ: Mapping[str, str], which: str) -> Path:
    """The folder that a root is.

    Args:
        text: see `open_root`.
        which: "local" or "remote", for the message.

    Raises:
        UsageError: it is no folder; or its path cannot be used.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return absolute(text, environ)
    if scheme[1].lower() != "file":
        from rezup_api.recipe.credentials import redact  # for an error only

        raise UsageError(
            f"the {which} root {redact(text)} is of a kind that this rezup does not know: {scheme[1]}://",
            "name a folder that all machines see: a path, or file:// and a path"
            if which == "remote"
            else "name a folder of this machine",
        )
    return absolute(path_of_file_url(text), environ)
