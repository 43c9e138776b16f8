"""Record which share is hung, and which process is stuck in it, in a marker file.

A launch loads this module only where a marker exists.
"""

import os
import time

# For so many seconds rezup does not ask a share again that did not answer, and for as long as its asker is still stuck.
PATIENCE = 60.0


def mark(marker: str, process: int) -> None:
    """Record that the share is hung, and that `process` is stuck in it.

    If that cannot be written, the next launch finds out by itself, after the same wait.
    """
    beside = f"{marker}.{os.getpid()}"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # The start time goes in as well: much later, the same PID may belong to another process.
            os.write(descriptor, f"{process} {_started(process)}".encode())
            os.replace(beside, marker)
        except OSError:  # the disk is full, or the file there belongs to another user
            os.unlink(beside)
        finally:
            os.close(descriptor)
    except OSError:
        pass


def is_marked(marker: str) -> bool:
    """Whether a process of this user found the share hung less than a minute ago, or is still stuck in it."""
    try:
        # The folder is open to all users. Another one may put a link there, which must not be followed, or a pipe into which
        # nobody writes, which must not block the launch.
        with os.fdopen(os.open(marker, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            process, _, started = stream.read(64).decode().partition(" ")
            found = os.fstat(stream.fileno())
        age = time.time() - found.st_mtime
        if (
            found.st_uid != os.geteuid()
        ):  # with a marker of theirs, other users could keep this one from a share that works
            return False
        # A negative age comes from a clock that was set back; such a marker would otherwise last until the clock is there.
        if 0 <= age < PATIENCE or (started and _started(int(process)) == started):
            return True
        os.unlink(marker)
    except (OSError, ValueError):
        pass
    return False


def _started(process: int) -> str:
    """When a process was started, in the kernel's ticks since boot; empty when there is no such process, or it has ended."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            # The second field is the program's name in brackets, which may itself hold blanks and brackets (proc(5)).
            fields = stream.read().rpartition(b") ")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()  # a zombie has ended, and is only not collected yet
