"""Ask file systems that may hang: network mounts whose server is away keep whoever touches them, for ever and beyond SIGKILL.

A question is put by another process. The caller forks a *monitor*, which forks the *asker*; the monitor waits for the asker for
two seconds and ends in any case, so the caller always gets an answer, and has no child left when it becomes a command. A thread
would not do: `execve` waits for a thread that is stuck. Nor one fork: the stuck child would be the command's.

The asker holds no lock, lease or terminal. While one is stuck, a marker file says so, and nobody else is sent after it: at most
one process waits for each share, however many launches follow.

Imported by quick launches: nothing is loaded here that Python has not loaded at its start. Windows has no fork, and no guard.
"""

import _signal  # type: ignore[import-not-found]  # `signal` makes enumerations of it, which costs more than all the rest
import marshal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds until a share counts as hung.
LIMIT = 2.0
# Seconds for which it then is not asked again. If its asker is still stuck after that, it is not asked either.
PATIENCE = 60.0
# Where Python cannot close many at once, it tries them one by one.
HIGHEST_DESCRIPTOR = 4096
_YES, _NO, _HUNG = 0, 1, 2
_SILENT = 110  # ETIMEDOUT


def begin(question: "Callable[[], bool]", marker: str) -> "Callable[[], bool]":
    """Begin to ask whether something is true of files that may hang.

    Args:
        question: asked in another process.
        marker: the file that keeps in mind that the share is hung; see `shares.marker_of`.

    Returns:
        What waits for the answer, and must be called before this process becomes another; no answer in time is no.
    """
    answered = _begin(lambda: _YES if question() else _NO, marker, LIMIT)
    return lambda: answered() == _YES


def ask(question: "Callable[[], bytes]", marker: str, limit: float | None = None) -> bytes:
    """The answer to a question about files that may hang.

    Args:
        question: asked in another process.
        marker: the file that keeps in mind that the share is hung; see `shares.marker_of`.
        limit: seconds to wait for it, by default those of `LIMIT`.

    Raises:
        TimeoutError: there is no answer in time.
        OSError: what the question has raised.
    """
    answer = _anonymous_file()
    limit = LIMIT if limit is None else limit
    try:
        status = _begin(lambda: _told(question, answer), marker, limit, answer)()
        if status == _HUNG:
            raise TimeoutError(_SILENT, f"there was no answer for {limit:g} s")
        if status not in (_YES, _NO):
            raise OSError(f"the process that asked has ended with {status}")
        with open(answer, "rb", closefd=False) as stream:
            stream.seek(0)
            found = stream.read()
    finally:
        os.close(answer)
    if status == _NO:
        raise OSError(*marshal.loads(found))
    return found


def _told(question: "Callable[[], bytes]", answer: int) -> int:
    """Write what the question gives, or raises, into the file of the answer."""
    try:
        found, status = question(), _YES
    except OSError as error:
        found, status = marshal.dumps((error.errno or 0, error.strerror or str(error), error.filename)), _NO
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


def _begin(question: "Callable[[], int]", marker: str, limit: float, answer: int = -1) -> "Callable[[], int]":
    """Fork the monitor; what then waits for it gives the question's status, or that there is no answer."""
    if os.name == "nt":
        return question
    if is_marked(marker):
        return lambda: _HUNG
    before = _default_for_children()
    try:
        monitor = _fork()
    except OSError:  # too many processes
        _restore_for_children(before)
        return lambda: _HUNG + 1
    if not monitor:
        _leave(lambda: _monitor(question, marker, limit, answer))
    status = -1

    def answered() -> int:
        nonlocal status
        if status < 0:
            status = _HUNG  # if Ctrl-C ends the wait; the monitor ends by itself
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
    status = _HUNG + 1
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
    _mark(marker, asker)
    if _ends(asker, min(limit, 0.05)):
        os.waitpid(asker, 0)
    return _HUNG


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


def _mark(marker: str, process: int) -> None:
    """Keep in mind that the share is hung, and who is stuck in it; where that cannot be written, the next one waits as well."""
    beside = f"{marker}.{os.getpid()}"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, f"{process} {_started(process)}".encode())
            os.replace(beside, marker)
        except OSError:  # a full disk, or somebody else's file in that place
            os.unlink(beside)
        finally:
            os.close(descriptor)
    except OSError:
        pass


def is_marked(marker: str) -> bool:
    """Whether the share was found hung just now, or the process that found it so is still stuck."""
    try:
        # Anybody may put a link, or a pipe that nobody writes into, at that place.
        with os.fdopen(os.open(marker, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            process, _, started = stream.read(64).decode().partition(" ")
            found = os.fstat(stream.fileno())
        age = time.time() - found.st_mtime
        if found.st_uid != os.geteuid():
            return False
        if 0 <= age < PATIENCE or (started and _started(int(process)) == started):
            return True
        os.unlink(marker)
    except (OSError, ValueError):
        pass
    return False


def _started(process: int) -> str:
    """When a process was started, in the kernel's ticks; empty when there is no such process, or it has ended."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            fields = stream.read().rpartition(b") ")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
