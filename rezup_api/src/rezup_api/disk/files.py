"""Write files that appear whole or not at all, and remove folders that are write-protected."""

from __future__ import annotations

import errno
import os
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
    errno.EFBIG: "the size of files is limited here; see: ulimit -f",
    errno.ENOTDIR: "a file is where a folder belongs; move it away",
    errno.ELOOP: "whoever made that link may want your files changed; remove the link",
}

# What link(2) answers where a file system has no hard links; EMLINK where one file has as many as are possible.
NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})


def host_name() -> str:
    """The name of this machine."""
    if os.name != "nt":
        return os.uname().nodename
    import socket

    return socket.gethostname()


def user_name(environ: Mapping[str, str]) -> str:
    """The name of the user who runs this process; the user's number where the system has no name for it.

    Args:
        environ: the caller's environment, which is where Windows keeps the name.
    """
    if os.name == "nt":
        return environ.get("USERNAME", "")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def token() -> str:
    """A random name, which no other process chooses: 16 hexadecimal digits."""
    return os.urandom(8).hex()


def storage_error(doing: str, error: OSError) -> StorageError:
    """The system's refusal as an error of ours: what rezup was doing, where, why it failed, and what the user can do.

    Args:
        doing: how the message begins ("cannot write").
    """
    where = f" {error.filename}" if error.filename else ""
    return StorageError(f"{doing}{where}: {error.strerror or error}", _HINTS.get(error.errno or 0, ""))


@contextmanager
def storing(doing: str) -> Iterator[None]:
    """Turn an `OSError` of the body into a `StorageError`; `doing` is how its message begins ("cannot write")."""
    try:
        yield
    except OSError as error:
        raise storage_error(doing, error) from error


def write_whole(path: Path, data: bytes, mode: int = 0o666, *, durable: bool = False) -> None:
    """Write a file by renaming a finished one over it.

    Args:
        mode: of the file; the umask narrows it, as for any new file.
        durable: whether it must be whole after a power loss, too; unnecessary in a stage, which is flushed before it appears.

    Raises:
        OSError: the file cannot be written; whatever was at `path` before is still there, unchanged.
    """
    # The unfinished file must lie in the same folder: a rename works within one file system only.
    beside = path.with_name(f".{path.name}.{token()}")
    try:
        # O_EXCL does not follow a link that another user of a shared folder has put there.
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as stream:
            stream.write(data)
        if not durable:
            os.replace(beside, path)
            return
        from rezup_api.disk.durable import flush_file, flush_folder  # launches do without

        flush_file(beside)
        os.replace(beside, path)
        flush_folder(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def give_name(finished: Path, path: Path) -> None:
    """Give a finished file its name in one step, unless the name is taken.

    Args:
        finished: a file in the same folder, which may stay there as a second name of the same file.
        path: the name.

    Raises:
        FileExistsError: the name is taken; what has it stays as it is.
        OSError: the system refuses it.
    """
    if os.name == "nt":
        os.rename(finished, path)  # on Windows it fails when the name is taken
        return
    # On POSIX a rename would silently replace a file that the user has written meanwhile. `link` fails instead.
    try:
        os.link(finished, path)
    except FileExistsError:
        raise
    except OSError:
        # FAT and some network file systems have no hard links. There, reserve the name first: this fails if it is taken, and
        # afterwards the file that the rename replaces is our own, empty one.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            os.replace(finished, path)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def rename_if_absent(path: Path, target: Path) -> bool:
    """Rename a file, on Linux, only if `target` does not exist; False if it exists.

    Raises:
        OSError: the system or the file system cannot do that, or refuses it.
    """
    import ctypes

    try:
        # renameat2(2); Python has no function for it. -100 is AT_FDCWD, 1 is RENAME_NOREPLACE.
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError) as error:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from error
    if rename(-100, os.fsencode(path), -100, os.fsencode(target), 1) == 0:
        return True
    if ctypes.get_errno() == errno.EEXIST:
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(target))


def remove_tree(path: Path) -> None:
    """Remove a folder and all that it holds, write-protected folders included; do nothing when it does not exist.

    Raises:
        OSError: something could not be removed.
    """
    from rezup_api.disk.reading import open_below  # few remove anything

    try:
        above = open_below(path.parent)
    except FileNotFoundError:
        return
    with above:
        above.remove(path.name)


def digest_of(path: str) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    import hashlib  # OpenSSL is loaded with it

    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()
