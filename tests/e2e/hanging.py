"""A share that can hang: a folder seen through FUSE, whose server stops answering while a file says so. Linux, as root.

Run as a program, `hanging.py FOLDER MOUNT_POINT SWITCH`, it serves FOLDER read-only; who touches a file while SWITCH exists waits
until the server ends, also beyond SIGKILL. The protocol is that of the kernel's include/uapi/linux/fuse.h, version 7.31.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICE = "/dev/fuse"
LOOKUP, FORGET, GETATTR, READLINK, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 5, 14, 15, 17, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 25, 26, 27, 28, 29, 36, 42
UNANSWERED = {FORGET, INTERRUPT, BATCH_FORGET}


class Server:
    """Answers the kernel's requests from a real folder.

    Args:
        folder: what is shown.
        descriptor: of the opened device.
    """

    def __init__(self, folder: Path, descriptor: int) -> None:
        self._descriptor = descriptor
        self._paths = {1: folder}
        self._numbers = {folder: 1}

    def serve(self, switch: Path) -> None:
        """Answer until the file system is unmounted."""
        while True:
            try:
                request = os.read(self._descriptor, 1 << 18)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue
                return
            _, operation, unique, node, _, _, process, _ = struct.unpack_from("<IIQQIIII", request)
            if operation in UNANSWERED:
                continue
            if switch.exists() and operation != INIT:
                with open(waiting_in(switch), "a", encoding="ascii") as waiting:
                    print(process, file=waiting)
                continue
            try:
                body, code = self._answer(operation, node, request[40:]), 0
            except OSError as error:
                body, code = b"", -(error.errno or errno.EIO)
            os.write(self._descriptor, struct.pack("<IiQ", 16 + len(body), code, unique) + body)

    def _answer(self, operation: int, node: int, body: bytes) -> bytes:
        path = self._paths[node or 1]
        if operation == INIT:
            return struct.pack("<4I2H2I2H8I", 7, 31, 1 << 16, 0, 12, 9, 1 << 16, 1, 0, 0, *[0] * 8)
        if operation == LOOKUP:
            return self._entry(path / os.fsdecode(body.rstrip(b"\0")))
        if operation == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self._attributes(path)
        if operation == READLINK:
            return os.fsencode(os.readlink(path))
        if operation in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, 1 if operation == OPEN else 0, 0)
        if operation == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return path.read_bytes()[offset : offset + size]
        if operation == READDIR:
            _, offset, size = struct.unpack_from("<QQI", body)
            return self._entries(path, offset, size)
        if operation == STATFS:
            return struct.pack("<5Q4I6I", 1000, 500, 500, 1000, 500, 4096, 255, 4096, 0, *[0] * 6)
        if operation in (RELEASE, RELEASEDIR, FLUSH):
            return b""
        raise OSError(errno.ENOSYS, "not needed")

    def _entry(self, path: Path) -> bytes:
        attributes = self._attributes(path)
        return struct.pack("<4Q2I", self._number(path), 0, 0, 0, 0, 0) + attributes

    def _number(self, path: Path) -> int:
        number = self._numbers.setdefault(path, len(self._numbers) + 1)
        self._paths[number] = path
        return number

    def _attributes(self, path: Path) -> bytes:
        found = path.lstat()
        times = [divmod(each, 1_000_000_000) for each in (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns)]
        seconds, rests = zip(*times, strict=True)
        numbers = (self._number(path), found.st_size, found.st_blocks, *seconds)
        return struct.pack("<6Q10I", *numbers, *rests, found.st_mode, found.st_nlink, 0, 0, 0, 4096, 0)

    def _entries(self, path: Path, offset: int, size: int) -> bytes:
        listed = b""
        for index, child in enumerate(sorted(path.iterdir())[offset:], offset + 1):
            name = os.fsencode(child.name)
            kind = stat.S_IFMT(child.lstat().st_mode) >> 12
            entry = struct.pack("<QQII", self._number(child), index, len(name), kind) + name
            entry += bytes(-len(entry) % 8)
            if len(listed) + len(entry) > size:
                break
            listed += entry
        return listed


class Share:
    """A share.

    Args:
        folder: what it shows.
        path: where it is mounted.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self.path = path
        self._folder = folder
        self._switch = path.with_name(path.name + ".hangs")
        self._server: subprocess.Popen[bytes] | None = None

    def mount(self) -> None:
        """Start the server; skips the test where FUSE cannot be used."""
        words = [sys.executable, __file__, str(self._folder), str(self.path), str(self._switch)]
        self._server = subprocess.Popen(words, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not os.path.ismount(self.path):
            if self._server.poll() is not None or time.monotonic() > deadline:
                told = self._server.communicate()[1].decode()
                assert "Traceback" not in told, told
                pytest.skip(f"FUSE cannot be used here: {told}")
            time.sleep(0.02)

    def unmount(self) -> None:
        """End the server: whoever waits gets an error now."""
        if self._server is not None:
            self._server.kill()
            self._server.communicate()
        subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True)

    def restart(self) -> None:
        """What ends a hang: the server comes back."""
        self.unmount()
        self._switch.unlink(missing_ok=True)
        self.mount()

    def hang(self) -> None:
        """Stop answering."""
        self._switch.touch()

    def stuck(self) -> list[int]:
        """The processes that wait for an answer of this share, beyond any signal."""
        waiting = waiting_in(self._switch)
        asked = waiting.read_text(encoding="ascii").split() if waiting.exists() else []
        return [process for process in dict.fromkeys(map(int, asked)) if _waits(process)]


def waiting_in(switch: Path) -> Path:
    """The file that tells which processes have asked while the share hangs."""
    return switch.with_name(switch.name + ".waiting")


def _waits(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0]
        return state == "D" and "request_wait_answer" in Path(f"/proc/{process}/wchan").read_text(encoding="ascii")
    except OSError:
        return False


@contextmanager
def hanging_share(folder: Path, mount_point: Path) -> Iterator[Share]:
    """Show a folder as a share that can hang; skips the test where that cannot be had."""
    if sys.platform != "linux" or os.getuid() != 0 or not os.path.exists(DEVICE):
        pytest.skip("a share that hangs needs Linux, root and /dev/fuse")
    mount_point.mkdir(parents=True, exist_ok=True)
    share = Share(folder, mount_point)
    try:
        share.mount()
        yield share
    finally:
        share.unmount()


def main(folder: str, mount_point: str, switch: str) -> None:
    """Mount and serve."""
    descriptor = os.open(DEVICE, os.O_RDWR)
    options = f"fd={descriptor},rootmode=40755,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"share", os.fsencode(mount_point), b"fuse.share", 1, options.encode()):
        sys.exit(os.strerror(ctypes.get_errno()))
    Server(Path(folder), descriptor).serve(Path(switch))


if __name__ == "__main__":
    main(*sys.argv[1:])
