"""Markers: which share was found hung, and which process is stuck in it. Loaded by launches only where there is one."""

import os
import time

# Seconds for which a share that did not answer is not asked again. Nor is it while its asker is still stuck.
PATIENCE = 60.0


def mark(marker: str, process: int) -> None:
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
