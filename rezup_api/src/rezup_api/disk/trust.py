"""Decide whether anybody but this user and the administrator can change a file or a folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_mine(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder belongs to this user, and nobody else may write to it; True on Windows, whose rights differ."""
    if os.name == "nt":
        return os.path.exists(path)
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode) and not found.st_mode & OTHERS


def is_trusted(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder is this user's or the administrator's, and nobody else may write to it. Links are not followed.

    The folders above it are not judged: in a folder of others it can be replaced, but only by what fails this test.
    """
    if os.name == "nt":
        return os.path.exists(path)
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return found.st_uid in {0, os.geteuid()} and not stat.S_ISLNK(found.st_mode) and not found.st_mode & OTHERS


def changeable_by(path: str | os.PathLike[str], *, group: bool = True) -> str:
    """The first of a path and the folders above it that somebody else could change; empty if there is none.

    Args:
        path: the path. Links in it are resolved, and what they lead to is judged.
        group: whether the members of the group of a file count as somebody else.
    """
    if os.name == "nt":
        return ""
    real = Path(os.path.realpath(path))
    trusted = {0, os.geteuid()}
    refused = OTHERS if group else stat.S_IWOTH
    for place in (real, *real.parents):
        try:
            found = os.lstat(place)
        except OSError:
            return str(place)
        # In a sticky folder such as /tmp, nobody can rename or remove what belongs to somebody else.
        sticky = place != real and found.st_mode & stat.S_ISVTX
        if found.st_uid not in trusted or (found.st_mode & refused and not sticky):
            return str(place)
    return ""
