"""Read what may lie on a share: directly where it cannot hang, else by a question with a time limit."""

from __future__ import annotations

import errno
import marshal
import os
import sys
from typing import TYPE_CHECKING

from rezup_api.netfs import limit
from rezup_api.netfs.limit import HUNG, NO, YES, begin_any
from rezup_api.netfs.mounts import may_hang, mount_point

if TYPE_CHECKING:
    from collections.abc import Callable

# Local, and there also where a home folder cannot be written. They count only for the user who has made them.
MARKERS = "/tmp/rezup-hung"


def marker_of(path: str) -> str:
    """The file in which `guard` keeps in mind, for this user, that the share is hung on which a path lies."""
    return f"{MARKERS}-{os.getuid()}{mount_point(path).replace('/', '-')}"


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """What a file holds, wherever it lies.

    Raises:
        OSError: it cannot be read; TimeoutError, its share does not answer.
    """

    def question() -> bytes:
        with open(path, "rb") as stream:
            return stream.read()

    return reach(path, question)


def reach(path: str | os.PathLike[str], question: Callable[[], bytes]) -> bytes:
    """The answer to a question about a path, wherever it lies: asked here, or of a share with a time limit.

    Raises:
        OSError: what the question has raised; TimeoutError, the share does not answer.
    """
    name = os.path.abspath(path)
    return ask(question, marker_of(name)) if may_hang(name) else question()


def ask(question: Callable[[], bytes], marker: str, seconds: float | None = None) -> bytes:
    """The answer to a question about files that may hang.

    Args:
        question: asked in another process.
        marker: the file that keeps in mind that the share is hung; see `marker_of`.
        seconds: how long to wait for it, by default `limit.LIMIT`.

    Raises:
        TimeoutError: there is no answer in time.
        OSError: what the question has raised.
    """
    answer = _anonymous_file()
    seconds = limit.LIMIT if seconds is None else seconds
    try:
        status = begin_any(lambda: _told(question, answer), marker, seconds, answer)()
        if status == HUNG:
            raise TimeoutError(errno.ETIMEDOUT, f"there was no answer for {seconds:g} s")
        if status not in (YES, NO):
            raise OSError(f"the process that asked has ended with {status}")
        with open(answer, "rb", closefd=False) as stream:
            stream.seek(0)
            found = stream.read()
    finally:
        os.close(answer)
    if status == NO:
        raise OSError(*marshal.loads(found))
    return found


def _told(question: Callable[[], bytes], answer: int) -> int:
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
