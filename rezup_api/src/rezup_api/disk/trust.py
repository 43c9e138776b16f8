"""Decide whether anybody but this user and the administrator can change a file or a folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_mine(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder belongs to this user, and nobody else may write to it; True on Windows, whose rights differ."""
    return _belongs(path, administrator=False)


def is_trusted(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder is this user's or the administrator's, and nobody else may write to it. Links are not followed.

    The folders above it are not judged: in a folder of others it can be replaced, but only by what fails this test.
    """
    return _belongs(path, administrator=True)


def _belongs(path: str | os.PathLike[str], *, administrator: bool) -> bool:
    if os.name == "nt":
        return os.path.exists(path)
    try:
        found = os.lstat(path)
    except OSError:
        return False
    owned = found.st_uid == os.geteuid() or (administrator and found.st_uid == 0)
    return owned and not stat.S_ISLNK(found.st_mode) and not found.st_mode & OTHERS


def changeable_by(path: str | os.PathLike[str], *, group: bool = True) -> str:
    """The first of a path and the folders above it that somebody else could change; empty if there is none.

    Args:
        path: the path. Links in it are resolved. What they lead to is judged, and so are the links themselves.
        group: whether the members of the group of a file count as somebody else.
    """
    if os.name == "nt":
        return ""
    real = os.path.realpath(path)
    # Who can replace a link on the way decides where the path leads.
    return _changeable(real, group=group) or next(
        filter(None, (_changeable(link, group=group) for link in _links(os.path.abspath(path)))), ""
    )


def _changeable(path: str, *, group: bool) -> str:
    """The first of a path, whose folders are no links, and the folders above it that somebody else could change."""
    trusted = {0, os.geteuid()}
    refused = OTHERS if group else stat.S_IWOTH
    for place in (Path(path), *Path(path).parents):
        try:
            found = os.lstat(place)
        except OSError:
            return str(place)
        # In a sticky folder such as /tmp, nobody can rename or remove what belongs to somebody else. A link has no mode.
        free = stat.S_ISLNK(found.st_mode) or (str(place) != path and found.st_mode & stat.S_ISVTX)
        if found.st_uid not in trusted or (found.st_mode & refused and not free):
            return str(place)
    return ""


def _links(path: str) -> Iterator[str]:
    """The symbolic links on the way of an absolute path, at most 40, each by a path without links above it."""
    done, rest = "/", [part for part in path.split("/") if part]
    left = 40
    while rest and left:
        part = rest.pop(0)
        step = os.path.dirname(done) if part == ".." else os.path.join(done, part)
        if not os.path.islink(step):
            done = step
            continue
        left -= 1
        yield step
        target = os.readlink(step)
        done = "/" if target.startswith("/") else done
        rest = [*(name for name in target.split("/") if name not in ("", ".")), *rest]
