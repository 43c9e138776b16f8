"""Read what may lie on a share: directly where it cannot hang, else by a question with a time limit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.guard import ask
from rezup_api.mounts import is_shared, mount_point

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
    return ask(question, marker_of(name)) if is_shared(name) else question()
