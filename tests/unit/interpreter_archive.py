"""An interpreter as it is downloaded: an archive with a list that names it. It is a script that runs the Python of the tests."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import sys
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = '#!/bin/sh\nexec "{python}" "$@"\n'

VARIABLES = """# system configuration generated and used by the sysconfig module
build_time_vars = {"prefix": "/install", "LIBDIR": "/install/lib", "CC": "cc"}
"""


def archive(folder: Path, version: str = "3.12.1", *, program: str = PROGRAM.format(python=sys.executable)) -> Path:
    """Write the archive of an interpreter whose program is a script."""
    minor = version.rpartition(".")[0]
    files = {
        f"bin/python{minor}": (program, 0o755),
        f"lib/python{minor}/os.py": ("name = 'posix'\n", 0o644),
        # uv notes in this one where it has put the interpreter.
        f"lib/python{minor}/_sysconfigdata__linux_{platform.machine()}-linux-gnu.py": (VARIABLES, 0o644),
        f"lib/python{minor}/bad.py": ("print 'no'\n", 0o644),
    }
    path = folder / f"cpython-{version}+20240107-{platform.machine()}-unknown-linux-gnu-install_only.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as made:
        for name, (text, mode) in files.items():
            member = tarfile.TarInfo(f"python/{name}")
            member.size, member.mode = len(text.encode()), mode
            made.addfile(member, io.BytesIO(text.encode()))
    return path


def entry(path: Path, url: str = "", *, digest: str = "") -> dict[str, Any]:
    """What a list of downloads says of an archive.

    Args:
        path: the archive, named as `archive` names it.
        url: where it can be had; by default its own path.
        digest: its SHA-256; by default the right one.
    """
    version = path.name.split("-")[1].partition("+")[0]
    major, minor, patch = map(int, version.split("."))
    family = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    return {
        "name": "cpython",
        "arch": {"family": family, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": "",
        "url": url or path.as_uri(),
        "sha256": digest or hashlib.sha256(path.read_bytes()).hexdigest(),
        "variant": None,
        "build": "20240107",
    }


def write_list(path: Path, *entries: dict[str, Any]) -> Path:
    """Write a list of downloads, as uv reads it."""
    listed = {
        f"cpython-{one['major']}.{one['minor']}.{one['patch']}-linux-{one['arch']['family']}-gnu": one
        for one in entries
    }
    path.write_text(json.dumps(listed), encoding="utf-8")
    return path
