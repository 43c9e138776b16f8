"""Make the files of an unpacked interpreter fit for the place where they will lie, and for the many who share them."""

from __future__ import annotations

import os
from pathlib import Path

from rezup_api.disk.trust import OTHERS

# Files in which uv writes where it has put the interpreter are small.
LARGEST = 4 << 20


def relocate(tree: Path, old: str, new: str) -> None:
    """Replace a path in the files in which uv has noted where the interpreter lies; compilers of extensions read them."""
    for folder, _, names in os.walk(tree):
        for name in names:
            path = Path(folder) / name
            if path.is_symlink() or path.stat().st_size > LARGEST or path.suffix in {".so", ".pyc", ".a"}:
                continue
            content = path.read_bytes()
            if old.encode() in content:
                path.write_bytes(content.replace(old.encode(), new.encode()))


def protect(tree: Path) -> None:
    """Take the permission to write from all files, which many environments share, and that of others from all folders."""
    for folder, _, names in os.walk(tree):
        os.chmod(folder, os.stat(folder).st_mode & ~OTHERS)
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & ~0o222)
