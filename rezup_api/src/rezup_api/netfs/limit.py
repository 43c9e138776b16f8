"""Ask a question about files that may hang, with a time limit.

A network mount whose server does not answer blocks every process that touches it, without end, and even SIGKILL may not help.
So another process, the *asker*, puts the question, and the caller waits two seconds for it. A thread would not do, because
`execve` waits for a thread that is stuck. The caller kills and collects an asker that does not answer, so that the command which
the caller becomes has no child that it does not know. Some file systems (FUSE) keep even a killed process. Then the caller must
not become another program; `has_stuck_child` says whether that is so.

The asker holds no lock, lease or terminal. While an asker is stuck, a marker file says so, and rezup sends no other: at most one
process waits for each share, however many launches follow.

The quick launch imports this module, so it loads nothing that Python has not loaded at its start. Windows has no fork: there the
question is asked in this process, without a limit.
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
# Where the system cannot close many descriptors at once, Python closes them one by one, so the range must end somewhere.
HIGHEST_DESCRIPTOR = 4096
YES, NO, HUNG = 0, 1, 2
# The askers of this process that even SIGKILL did not end.
_stuck: "list[int]" = []


def begin(question: "Callable[[], bool]", marker: str) -> "Callable[[], bool]":
    """Begin to ask whether something is true of files that may hang.

    Args:
        question: the asker calls it, in another process.
        marker: the file that records that the share is hung; see `reader.marker_of`.

    Returns:
        A function that waits for the answer and gives it. The caller must call it before this process becomes another program.
        False also means that there was no answer in time.
    """
    answered = begin_any(lambda: YES if question() else NO, marker, LIMIT)
    return lambda: answered() == YES


def begin_any(question: "Callable[[], int]", marker: str, limit: float, answer: int = -1) -> "Callable[[], int]":
    """Begin to ask a question whose answer is a status: `YES`, `NO`, or above `HUNG`, which stands for no answer in time.

    Args:
        question: the asker calls it, in another process.
        marker: as for `begin`.
        limit: how many seconds to wait for the answer.
        answer: a descriptor that the question needs; the asker closes all others.

    Returns:
        A function that waits for the status and gives it, as for `begin`.
    """
    if os.name == "nt":
        return question
    if os.path.lexists(marker):
        from rezup_api.netfs.marker import is_marked

        if is_marked(marker):
            return lambda: HUNG
    # Ctrl-C has to wait until `_outcome` can end the asker: between the fork and that place it would leave the asker behind.
    # SIGCHLD stays blocked, so that `sigtimedwait` receives it and not a handler of the caller's.
    mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGCHLD, _signal.SIGINT])
    restore = _prepare_to_wait(mask)
    try:
        asker = _fork()
    except OSError:  # the user has too many processes
        restore()
        return lambda: HUNG + 1  # not HUNG: the share is not to blame
    if not asker:
        _leave(lambda: _apart(question, answer))
    status = -1

    def answered() -> int:
        nonlocal status
        if status < 0:
            # This value stays when Ctrl-C ends the wait: the asker is killed then, and a second call must not wait for it.
            status = HUNG
            try:
                status = _outcome(asker, limit, marker, {*mask, _signal.SIGCHLD})
            finally:
                restore()
        return status

    return answered


def has_stuck_child() -> bool:
    """Whether this process has a child that hangs in a share although it was killed.

    A command that this process becomes would inherit the child, and might wait for it without end.
    """
    _stuck[:] = [asker for asker in _stuck if _goes_on(asker)]
    return bool(_stuck)


def _goes_on(asker: int) -> bool:
    try:
        return not os.waitpid(asker, os.WNOHANG)[0]
    except ChildProcessError:
        return False  # the kernel has collected it, because this process ignores SIGCHLD


def _prepare_to_wait(mask: "Collection[int]") -> "Callable[[], None]":
    """Make sure that ended children stay until this process collects them.

    Returns:
        A function that puts back how SIGCHLD was handled, and the signal mask `mask`.
    """
    # A parent that ignores SIGCHLD, as some job schedulers do, has its children collected by the kernel; `waitpid` would
    # then fail, and the status of the asker would be lost.
    try:
        before = _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    except ValueError:
        before = None  # only the main thread may change the handling of signals; the default one is usual, and enough

    def restore() -> None:
        if before is not None:
            # Setting the default drops a SIGCHLD that is pending while it is blocked. Without this, the caller's own handler
            # would hear of our child as soon as the mask is lifted.
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
            _signal.signal(_signal.SIGCHLD, before)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)

    return restore


def _fork() -> int:
    """Fork without a warning: Python warns when threads run, but the child needs no lock that another thread could hold."""
    if "warnings" not in sys.modules:  # importing it would cost the quick launch more than the fork
        return os.fork()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _leave(work: "Callable[[], int]") -> None:
    """Do the work of the child, and end the child."""
    status = HUNG + 1
    try:
        status = work()
    finally:
        # `os._exit`, whatever happened: with `sys.exit`, or an exception that passes through, the child would go on as a
        # second copy of the caller, run its exit handlers and write its buffered output again.
        os._exit(status)


def _apart(question: "Callable[[], int]", answer: int) -> int:
    """Ask the question away from the terminal, and with nothing open that another process waits for."""
    os.setsid()  # Ctrl-C must reach the caller only, which then ends the asker
    # An asker that hangs would keep every inherited lease held, and every pipe open whose reader waits for its end.
    if answer > 0:  # measured with Python 3.11: `closerange(0, 0)` closes everything
        os.closerange(0, answer)
    os.closerange(answer + 1, HIGHEST_DESCRIPTOR)
    return question()


def _outcome(asker: int, limit: float, marker: str, mask: "Collection[int]") -> int:
    """The asker's status; the asker is killed after `limit` seconds, or when Ctrl-C, which `mask` allows, ends the wait."""
    try:
        # Inside of `try`: a Ctrl-C that has waited so far is delivered by this very call.
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
        status = _end(asker, limit)
    except BaseException:
        _give_up(asker, marker)
        raise
    if status is None:
        _give_up(asker, marker)
        # A killed process needs a moment to end. One that is still there after 50 ms is stuck in the kernel.
        if _end(asker, min(limit, 0.05)) is None:
            _stuck.append(asker)
        return HUNG
    # The exit code of an asker that a signal has ended is negative; this makes it one above HUNG, an error.
    return os.waitstatus_to_exitcode(status) % 256


def _give_up(asker: int, marker: str) -> None:
    from rezup_api.netfs.marker import mark

    # The asker is not collected yet, so its PID cannot belong to another process, and `mark` can read when it was started.
    os.kill(asker, _signal.SIGKILL)
    mark(marker, asker)


def _end(process: int, limit: float) -> int | None:
    """Wait for the end of a child, `limit` seconds at most; its wait status, or None if it goes on. SIGCHLD must be blocked."""
    deadline = time.monotonic() + limit
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return status
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        if hasattr(_signal, "sigtimedwait"):
            # Never wait longer than 10 ms: another thread of the caller may receive the signal instead of this one.
            _signal.sigtimedwait([_signal.SIGCHLD], min(left, 0.01))
        else:  # macOS
            time.sleep(0.001)
