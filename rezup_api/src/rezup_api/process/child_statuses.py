"""Keep the exit statuses of children where this process ignores SIGCHLD, as some job schedulers and daemons have it.

The kernel then collects every child itself. Nobody learns how the child ended, and Python takes its status for 0: a build that
has failed would pass for one that worked. A process inherits this from the program that started it, and passes it on.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHILD = getattr(signal, "SIGCHLD", None)
_lock = threading.Lock()
# How many callers need the statuses now, and whether SIGCHLD is to be ignored again when none does.
_needing = 0
_ignored_before = False


def keep_statuses() -> None:
    """Keep the statuses of the children that are started from now on, until `release_statuses` is called as often as this.

    Raises:
        InstallError: this process ignores SIGCHLD, and only the main thread, which this is not, may change that.
    """
    global _needing, _ignored_before  # noqa: PLW0603 - the handling of signals is one for the process
    with _lock:
        if _CHILD is not None and signal.getsignal(_CHILD) == signal.SIG_IGN:
            try:
                signal.signal(_CHILD, signal.SIG_DFL)
            except ValueError as error:
                raise InstallError(
                    "this process ignores SIGCHLD, so that the exit statuses of programs are lost",
                    "call signal.signal(signal.SIGCHLD, signal.SIG_DFL) in its main thread",
                ) from error
            _ignored_before = True
        _needing += 1


def release_statuses() -> None:
    """Ignore SIGCHLD again where it was ignored before, unless another caller still needs the statuses."""
    global _needing, _ignored_before  # noqa: PLW0603 - see `keep_statuses`
    with _lock:
        _needing -= 1
        if _CHILD is not None and _ignored_before and not _needing:
            with suppress(ValueError):  # not in the main thread: the next call in the main thread does it
                signal.signal(_CHILD, signal.SIG_IGN)
                _ignored_before = False


@contextmanager
def kept() -> Iterator[None]:
    """Keep the statuses of the children that the body starts and waits for; see `keep_statuses` for the errors."""
    keep_statuses()
    try:
        yield
    finally:
        release_statuses()


def ignores_again() -> bool:
    """Whether SIGCHLD is ignored again after the last `release_statuses`, as the user's command has to find it."""
    return _ignored_before
