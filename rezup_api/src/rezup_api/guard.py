"""Ask file systems that may hang: network mounts whose server is away keep whoever touches them, for ever and beyond SIGKILL.

A question is put by another process. The caller forks a *monitor*, which forks the *asker*; the monitor waits for the asker for
two seconds and ends in any case, so the caller always gets an answer, and has no child left when it becomes a command. A thread
would not do: `execve` waits for a thread that is stuck. Nor one fork: the stuck child would be the command's.

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
    from collections.abc import Callable

# Seconds until a share counts as hung.
LIMIT = 2.0
# Where Python cannot close many at once, it tries them one by one.
HIGHEST_DESCRIPTOR = 4096
YES, NO, HUNG = 0, 1, 2


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
        from rezup_api.marking import is_marked

        if is_marked(marker):
            return lambda: HUNG
    before = _default_for_children()
    try:
        monitor = _fork()
    except OSError:  # too many processes
        _restore_for_children(before)
        return lambda: HUNG + 1
    if not monitor:
        _leave(lambda: _monitor(question, marker, limit, answer))
    status = -1

    def answered() -> int:
        nonlocal status
        if status < 0:
            status = HUNG  # if Ctrl-C ends the wait; the monitor ends by itself
            try:
                status = os.waitstatus_to_exitcode(os.waitpid(monitor, 0)[1]) % 256
            finally:
                _restore_for_children(before)
        return status

    return answered


def _default_for_children() -> object:
    """Have children wait to be collected, also where the caller ignores them; what it was before, None if it stays.

    Outside the main thread nothing can be changed, and as a rule need not be.
    """
    try:
        return _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    except ValueError:
        return None


def _restore_for_children(before: object) -> None:
    if before is not None:
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)  # which forgets one that waits, if it is blocked
        _signal.signal(_signal.SIGCHLD, before)


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


def _monitor(question: "Callable[[], int]", marker: str, limit: float, answer: int) -> int:
    """Fork the asker and wait until it has ended, or for `limit` seconds; its status."""
    os.setsid()  # both of them: away from the terminal, and from its signals
    if answer > 0:  # an empty range is taken for an endless one (seen with 3.11)
        os.closerange(0, answer)
    os.closerange(answer + 1, HIGHEST_DESCRIPTOR)
    _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGCHLD])
    asker = os.fork()
    if not asker:
        _leave(question)
    if _ends(asker, limit):
        return os.waitstatus_to_exitcode(os.waitpid(asker, 0)[1]) % 256
    os.kill(asker, _signal.SIGKILL)  # not all that hang are beyond it
    from rezup_api.marking import mark

    mark(marker, asker)
    if _ends(asker, min(limit, 0.05)):
        os.waitpid(asker, 0)
    return HUNG


def _ends(process: int, limit: float) -> bool:
    """Wait for the end of a child, `limit` seconds at most. SIGCHLD is blocked."""
    if hasattr(_signal, "sigtimedwait"):
        return _signal.sigtimedwait([_signal.SIGCHLD], limit) is not None
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        time.sleep(0.002)
    return False
