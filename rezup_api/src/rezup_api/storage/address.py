"""Find the storage of a root from the path or URL that a user has written."""

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

# A scheme as in RFC 3986, section 3.1, but of two letters or more: one letter is the drive of a Windows path.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def open_root(text: str, environ: Mapping[str, str]) -> Storage:
    """The storage of a remote root.

    Args:
        text: a path, in which `~` and `$VAR` are expanded, or a `file://` URL.
        environ: the caller's environment.

    Raises:
        UsageError: `text` is a URL of another kind than `file://`.
    """
    from rezup_api.storage.folder import SharedFolder  # completion needs only `folder_of_root`, and must be quick

    return SharedFolder(folder_of_root(text, environ, "remote"))


def folder_of_root(text: str, environ: Mapping[str, str], which: str) -> Path:
    """The absolute path of a root that is a folder.

    Args:
        text, environ: see `open_root`.
        which: "local" or "remote", for the message.

    Raises:
        UsageError: `text` is a URL of another kind than `file://`.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return absolute(text, environ)
    if scheme[1].lower() != "file":
        from rezup_api.recipe.credentials import redact  # only an error needs it

        raise UsageError(
            f"the {which} root {redact(text)} is of a kind that this rezup does not know: {scheme[1]}://",
            "name a folder that all machines see: a path, or file:// and a path"
            if which == "remote"
            else "name a folder of this machine",
        )
    return absolute(path_of_file_url(f"file://{text[scheme.end() :]}"), environ)
