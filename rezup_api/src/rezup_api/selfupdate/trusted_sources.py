"""Refuse sources of rezup's own releases in which somebody else could put a program in the place of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rezup_api.disk.trust import changeable_by
from rezup_api.errors import UpgradeError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def refuse_open_folder(folder: Path) -> None:
    """Refuse a folder that anybody could put a release into. A group may: a studio's tools are often kept by one.

    Raises:
        UpgradeError: the folder, or one above it, belongs to another user than root and this one, or all users can write to it.
    """
    if not folder.is_dir():
        return
    files = [*folder.glob("*.whl")] or [folder]
    place = next(filter(None, (changeable_by(path, group=False) for path in files)), "")
    if place:
        raise UpgradeError(
            f"no release of rezup is taken from {folder}: other users can change {place}",
            "let root or the user who runs rezup own it, and remove the others' right to write: chmod o-w",
        )


def refuse_open_files(source: str, undigested: Iterable[tuple[str, str]]) -> None:
    """Refuse files that anybody between an index and this machine could replace: they come without encryption or a digest.

    Args:
        source: the index, for the message.
        undigested: the name and the address of each file without a digest.

    Raises:
        UpgradeError: one of them comes over http:// from another machine.
    """
    for name, address in undigested:
        if _is_changeable(address):
            raise UpgradeError(
                f"{source} gives {name} by http:// and without a digest, so others on the network could put their own program "
                "in its place",
                "serve it by https://, or with the SHA-256 of each file (#sha256=... in its link)",
            )


def _is_changeable(address: str) -> bool:
    """Whether an address is asked without encryption, on another machine."""
    import ipaddress

    parts = urlsplit(address)
    if parts.scheme.lower() != "http" or parts.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True
