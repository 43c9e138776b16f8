"""Read files wherever they lie: directly where they cannot hang, otherwise with a time limit."""

from __future__ import annotations

import errno
import marshal
import os
import stat
import sys
from typing import TYPE_CHECKING

from rezup_api.netfs import limit
from rezup_api.netfs.limit import HUNG, NO, YES, begin_any
from rezup_api.netfs.mounts import may_hang, mount_point

if TYPE_CHECKING:
    from collections.abc import Callable

# Both are local, and exist even where the home folder is itself on a share that hangs, or cannot be written. In the first,
# which the system makes for whoever has logged in, nobody else can occupy a name; the second is there for farm jobs, too.
OWN = "/run/user"
MARKERS = "/tmp/rezup-hung"
# Bytes. No recipe, script or `.env` file is larger.
LARGEST = 16 << 20


def marker_of(path: str) -> str:
    """The file in which rezup records, for this user, that the share of a path is hung; see `marker`."""
    own = f"{OWN}/{os.getuid()}"
    try:
        found = os.lstat(own)
        closed = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    except OSError:
        closed = False
    place = f"{own}/rezup-hung" if closed else f"{MARKERS}-{os.getuid()}"
    return f"{place}{mount_point(path).replace('/', '-')}"


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The content of a file, wherever it lies.

    Raises:
        OSError: the file cannot be read.
        TimeoutError: its share does not answer.
    """

    def question() -> bytes:
        with open(path, "rb", opener=_opened) as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise OSError(errno.EFBIG, f"it has more than {LARGEST} bytes", str(path))
        return data

    return reach(path, question)


def _opened(path: str, flags: int) -> int:
    """Open a file for reading; a pipe or a device only if this user or root has made it."""
    # A pipe of the user's own, as of `<(command)`, is waited for. One of somebody else would make us wait for ever.
    if os.name == "nt" or os.stat(path).st_uid in (0, os.geteuid()):
        return os.open(path, flags)
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return descriptor


def reach(path: str | os.PathLike[str], question: Callable[[], bytes]) -> bytes:
    """The answer to a question about a path: asked in this process, or with a time limit where the path may hang.

    Raises:
        OSError: the question has raised it.
        TimeoutError: the share does not answer.
    """
    name = os.path.abspath(path)
    return ask(question, marker_of(name)) if may_hang(name) else question()


def ask(question: Callable[[], bytes], marker: str, seconds: float | None = None) -> bytes:
    """The answer to a question about files that may hang.

    Args:
        question: called in another process; an OSError that it raises comes back to the caller, anything else does not.
        marker: the file that records that the share is hung; see `marker_of`.
        seconds: how long to wait for the answer, by default `limit.LIMIT`.

    Raises:
        TimeoutError: there was no answer in time.
        OSError: the question has raised it, or the other process has ended without an answer.
    """
    answer = _anonymous_file()
    seconds = limit.LIMIT if seconds is None else seconds
    try:
        status = begin_any(lambda: _write_answer(question, answer), marker, seconds, answer)()
        if status == HUNG:
            raise TimeoutError(errno.ETIMEDOUT, f"there was no answer for {seconds:g} s")
        if status not in (YES, NO):
            raise OSError(f"the process that read it has ended with status {status}")
        with open(answer, "rb", closefd=False) as stream:
            stream.seek(0)
            found = stream.read()
    finally:
        os.close(answer)
    if status == NO:
        raise OSError(*marshal.loads(found))
    return found


def _write_answer(question: Callable[[], bytes], answer: int) -> int:
    """Write what the question gives, or raises, into the file of the answer."""
    try:
        found, status = question(), YES
    except OSError as error:
        found, status = marshal.dumps((error.errno or 0, error.strerror or str(error), error.filename)), NO
    with open(answer, "wb", closefd=False) as stream:
        stream.write(found)
    return status


def _anonymous_file() -> int:
    """A file without a name: a pipe would hold no more than 64 KiB while nobody reads it."""
    if sys.platform == "linux":
        return os.memfd_create("rezup")
    import tempfile

    with tempfile.TemporaryFile() as stream:
        return os.dup(stream.fileno())
