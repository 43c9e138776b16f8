"""Ask file systems that may hang: network mounts whose server is away keep whoever touches them, for ever and beyond SIGKILL.

A question is put by another process, for which the caller waits two seconds. A thread would not do: `execve` waits for a thread
that is stuck. An asker that does not answer is killed and collected, so that a caller who becomes a command leaves it no child.
Some file systems (FUSE) keep even a killed process. Then the caller must not become another program: `has_stuck_child` tells.

The asker holds no lock, lease or terminal. While one is stuck, a marker file says so, and nobody else is sent after it: at most
one process waits for each share, however many launches follow.

Imported by quick launches: nothing is loaded here that Python has not loaded at its start. Windows has no fork, and no guard.
"""

import _signal  # type: ignore[import-not-found]  # `signal` makes enumerations of it, which costs more than all the rest
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Seconds until a share counts as hung.
LIMIT = 2.0
# Where Python cannot close many at once, it tries them one by one.
HIGHEST_DESCRIPTOR = 4096
YES, NO, HUNG = 0, 1, 2
_stuck: "list[int]" = []


def begin(question: "Callable[[], bool]", marker: str) -> "Callable[[], bool]":
    """Begin to ask whether something is true of files that may hang.

    Args:
        question: asked in another process.
        marker: the file that keeps in mind that the share is hung; see `shares.marker_of`.

    Returns:
        What waits for the answer, and must be called before this process becomes another; no answer in time is no.
    """
    answered = begin_any(lambda: YES if question() else NO, marker, LIMIT)
    return lambda: answered() == YES


def begin_any(question: "Callable[[], int]", marker: str, limit: float, answer: int = -1) -> "Callable[[], int]":
    """Begin to ask a question whose answer is a status: `YES`, `NO`, or above `HUNG`, which stands for no answer in time.

    Args:
        question: asked in another process.
        marker: as for `begin`.
        limit: seconds to wait for it.
        answer: a descriptor that the question needs; all others are closed.
    """
    if os.name == "nt":
        return question
    if os.path.lexists(marker):
        from rezup_api.netfs.marker import is_marked

        if is_marked(marker):
            return lambda: HUNG
    # Ctrl-C is put off until there is somebody to give up.
    mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGCHLD, _signal.SIGINT])
    restore = _prepare_to_wait(mask)
    try:
        asker = _fork()
    except OSError:  # too many processes
        restore()
        return lambda: HUNG + 1
    if not asker:
        _leave(lambda: _apart(question, answer))
    status = -1

    def answered() -> int:
        nonlocal status
        if status < 0:
            status = HUNG
            try:
                status = _outcome(asker, limit, marker, {*mask, _signal.SIGCHLD})
            finally:
                restore()
        return status

    return answered


def has_stuck_child() -> bool:
    """Whether this process has a child that waits for a share beyond SIGKILL: no command may get that one as its own."""
    _stuck[:] = [asker for asker in _stuck if not os.waitpid(asker, os.WNOHANG)[0]]
    return bool(_stuck)


def _prepare_to_wait(mask: "Collection[int]") -> "Callable[[], None]":
    """Have children wait to be collected, also where the caller ignores them; what is returned puts all back, and `mask`.

    Outside the main thread the handling of signals cannot be changed, and as a rule need not be.
    """
    try:
        before = _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    except ValueError:
        before = None

    def restore() -> None:
        if before is not None:
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)  # which forgets one that waits, if it is blocked
            _signal.signal(_signal.SIGCHLD, before)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)

    return restore


def _fork() -> int:
    """Fork, silently: Python warns where threads run, but these children do nothing that a thread could stand in the way of."""
    if "warnings" not in sys.modules:
        return os.fork()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _leave(work: "Callable[[], int]") -> None:
    """What a child does: its work, and never more than that."""
    status = HUNG + 1
    try:
        status = work()
    finally:
        os._exit(status)


def _apart(question: "Callable[[], int]", answer: int) -> int:
    """What the asker does: away from the terminal and its signals, with nothing open that others wait for."""
    os.setsid()
    if answer > 0:  # an empty range is taken for an endless one (seen with 3.11)
        os.closerange(0, answer)
    os.closerange(answer + 1, HIGHEST_DESCRIPTOR)
    return question()


def _outcome(asker: int, limit: float, marker: str, mask: "Collection[int]") -> int:
    """The asker's status; it is given up after `limit` seconds, or when the wait is interrupted, which `mask` allows."""
    try:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
        status = _end(asker, limit)
    except BaseException:
        _give_up(asker, marker)
        raise
    if status is None:
        _give_up(asker, marker)
        if _end(asker, min(limit, 0.05)) is None:
            _stuck.append(asker)
        return HUNG
    return os.waitstatus_to_exitcode(status) % 256


def _give_up(asker: int, marker: str) -> None:
    from rezup_api.netfs.marker import mark

    os.kill(asker, _signal.SIGKILL)
    mark(marker, asker)


def _end(process: int, limit: float) -> int | None:
    """Wait for the end of a child, `limit` seconds at most; its wait status, None if it goes on. SIGCHLD is blocked."""
    deadline = time.monotonic() + limit
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return status
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        if hasattr(_signal, "sigtimedwait"):
            _signal.sigtimedwait(
                [_signal.SIGCHLD], min(left, 0.01)
            )  # a thread of the caller's may get the signal instead
        else:
            time.sleep(0.001)
