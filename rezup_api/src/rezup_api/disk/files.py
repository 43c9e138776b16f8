"""Writes that appear whole or not at all, and removals that do not stop half-way. The store's only way to the disk."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rezup_api.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HINTS = {
    errno.ENOSPC: "free some space, or set REZUP_ROOT_LOCAL to a larger disk",
    errno.EDQUOT: "your quota is used up; free some space, or set REZUP_ROOT_LOCAL elsewhere",
    errno.EACCES: "ask for write permission there, or set REZUP_ROOT_LOCAL to a folder of yours",
    errno.EPERM: "ask for write permission there, or set REZUP_ROOT_LOCAL to a folder of yours",
    errno.EROFS: "it is read-only; set REZUP_ROOT_LOCAL to a folder of yours",
    errno.ENOTDIR: "a file is where a folder belongs; move it away",
}


def host_name() -> str:
    """This machine's name."""
    if os.name != "nt":
        return os.uname().nodename
    import socket

    return socket.gethostname()


def user_name(environ: Mapping[str, str]) -> str:
    """Who we are, as others know us; `environ` is the caller's environment, which tells on Windows."""
    if os.name == "nt":
        return environ.get("USERNAME", "")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def token() -> str:
    """A name that nobody else has."""
    return os.urandom(8).hex()


def storage_error(doing: str, error: OSError) -> StorageError:
    """An operating system's refusal in our words: what was being done, where, why, and the way out."""
    where = f" {error.filename}" if error.filename else ""
    return StorageError(f"{doing}{where}: {error.strerror or error}", _HINTS.get(error.errno or 0, ""))


@contextmanager
def storing(doing: str) -> Iterator[None]:
    """Turn an `OSError` of the body into a `StorageError`; `doing` is how its message begins ("cannot write")."""
    try:
        yield
    except OSError as error:
        raise storage_error(doing, error) from error


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file by renaming a finished one over it. `mode` is narrowed by the umask, as for any new file."""
    beside = path.with_name(f".{path.name}.{token()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as stream:
            stream.write(data)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it, write-protected folders included; nothing happens when it is not there.

    Raises:
        OSError: something could not be removed.
    """
    import shutil  # with what it needs, a tenth of what `status` takes; few remove anything

    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        if path.exists():  # somebody else is removing it too
            shutil.rmtree(path, ignore_errors=True)
    except PermissionError:
        for folder, _, _ in os.walk(path):
            os.chmod(folder, os.stat(folder).st_mode | stat.S_IRWXU)
        shutil.rmtree(path)


def digest_of(path: str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    import hashlib  # OpenSSL is loaded with it

    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()
