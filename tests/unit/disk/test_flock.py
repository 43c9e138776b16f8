"""Locks: shared and exclusive, kept across `exec` and by children, gone with the last holder."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk import flock
from rezup_api.disk.flock import LOWEST_DESCRIPTOR, claim, create_claimed, in_turn, lease, lease_at_last

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Other

posix = pytest.mark.skipif(os.name == "nt", reason="flock(2) is POSIX")
pytestmark = posix

HOLD = "from rezup_api.disk import flock\nheld = getattr(flock, sys.argv[2])(Path(sys.argv[1]))\nassert held\nwait()\n"
# What a launch does: the lease goes with it into another program, and from there into that one's child.
EXEC = """
from rezup_api.disk import flock
held = flock.lease(Path(sys.argv[1]))
assert held
os.execv("/bin/sh", ["sh", "-c", "exec 3>/dev/null 4>&1; sleep 60 & echo $! > $0; exec 3>&-; wait", sys.argv[2]])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to hold."""
    path = tmp_path / "revision.json"
    path.write_text("{}")
    return path


@pytest.mark.parametrize(
    ("theirs", "ours", "given"),
    [("lease", "lease", True), ("lease", "claim", False), ("claim", "lease", False), ("claim", "claim", False)],
)
def test_who_may_hold_what_together(
    file: Path, other: Callable[..., Other], theirs: str, ours: str, given: bool
) -> None:
    holder = other(HOLD, file, theirs)
    held = getattr(flock, ours)(file)
    assert (held is not None) is given
    if held is not None:
        held.release()
    assert holder.finish() == 0
    after = getattr(flock, ours)(file)
    assert after is not None, "it ended, and its lock with it"
    after.release()


@pytest.mark.parametrize("kind", ["lease", "claim"])
def test_a_killed_holder_holds_nothing(file: Path, other: Callable[..., Other], kind: str) -> None:
    holder = other(HOLD, file, kind)
    assert claim(file) is None
    holder.kill()
    held = claim(file)
    assert held is not None
    held.release()


def test_it_is_held_once_per_call_also_within_a_process(file: Path) -> None:
    first, second = lease(file), lease(file)
    assert first is not None
    assert second is not None
    assert claim(file) is None
    first.release()
    assert claim(file) is None
    second.release()
    held = claim(file)
    assert held is not None
    held.release()


def test_descriptors_are_high_and_inherited(file: Path) -> None:
    held = lease(file)
    assert held is not None
    with held:
        assert held.descriptor >= LOWEST_DESCRIPTOR
        assert os.get_inheritable(held.descriptor)
        assert sum(os.path.samefile(f"/dev/fd/{name}", file) for name in _open_descriptors()) == 1


def _open_descriptors() -> list[str]:
    return [name for name in os.listdir("/dev/fd") if os.path.exists(f"/dev/fd/{name}")]


def test_it_survives_exec_and_is_kept_by_background_children(file: Path, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    shell = subprocess.Popen([sys.executable, "-c", f"import os, sys\nfrom pathlib import Path\n{EXEC}", file, mark])
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text().strip()):
        assert time.monotonic() < deadline, "the shell did not come up"
        time.sleep(0.02)
    child = int(mark.read_text())
    assert claim(file) is None
    shell.kill()
    shell.wait()
    assert claim(file) is None, "its child still runs, and holds it"
    os.kill(child, 9)
    while (held := claim(file)) is None:
        assert time.monotonic() < deadline, "nobody is left to hold it"
        time.sleep(0.02)
    held.release()


def test_the_lock_of_a_replaced_file_is_none(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking somebody may remove the file, and another put a new one there."""
    import fcntl  # Windows has none

    flock = fcntl.flock

    def replaced_first(descriptor: int, operation: int) -> None:
        (file.parent / "new").write_text("{}")
        os.replace(file.parent / "new", file)
        flock(descriptor, operation)

    def removed_first(descriptor: int, operation: int) -> None:
        file.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", replaced_first)
    assert lease(file) is None
    assert claim(file) is None
    monkeypatch.setattr(fcntl, "flock", removed_first)
    assert lease(file) is None


def test_what_is_not_there_cannot_be_held(tmp_path: Path) -> None:
    for take in (lease, claim):
        with pytest.raises(FileNotFoundError):
            take(tmp_path / "nothing")


def test_a_reader_can_hold_a_file_it_may_not_write(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None], other: Callable[..., Other]
) -> None:
    file = open_folder / "file"
    file.touch()
    file.chmod(0o444)

    def act() -> None:
        with pytest.raises(PermissionError):
            file.open("r+")
        for take in (lease, claim):
            held = take(file)
            assert held is not None
            held.release()

    unprivileged(act)
    other(HOLD, file, "claim")
    unprivileged(lambda: _refused(file))


def _refused(file: Path) -> None:
    assert lease(file) is None


def test_a_claimed_file_is_made_and_held(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with create_claimed(path):
        assert claim(path) is None
    with pytest.raises(FileNotFoundError):
        create_claimed(tmp_path / "nowhere" / "lock")


def test_a_claimed_file_that_others_keep_sweeping_away_is_held_in_the_end(tmp_path: Path) -> None:
    """Who sweeps takes a lock that is not yet held for a dead one's, and removes the file."""
    path = tmp_path / "lock"
    stop = threading.Event()
    swept = 0

    def sweep() -> None:
        nonlocal swept
        while not stop.is_set():
            try:
                held = claim(path)
            except FileNotFoundError:
                continue
            if held is not None:
                with held:
                    path.unlink()
                    swept += 1

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while swept < 20:
            assert time.monotonic() < deadline, "it was never swept away"
            with create_claimed(path) as held:
                status = os.fstat(held.descriptor)
                assert os.path.samestat(status, path.stat()), "what is held is not what the path names"
                time.sleep(0.001)
                assert path.exists(), "swept away while it was held"
    finally:
        stop.set()
        thread.join()


def test_those_who_change_a_folder_take_turns(tmp_path: Path, other: Callable[..., Other]) -> None:
    code = "from rezup_api.disk.flock import in_turn\nwith in_turn(Path(sys.argv[1])):\n  wait()\n"
    first = other(code, tmp_path)
    entered: list[float] = []

    def second() -> None:
        with in_turn(tmp_path):
            entered.append(time.monotonic())

    thread = threading.Thread(target=second)
    thread.start()
    time.sleep(0.3)
    assert not entered, "it did not wait for its turn"
    first.kill()
    thread.join(60)
    assert entered


def test_a_lease_is_waited_for_and_then_done_without(
    file: Path, other: Callable[..., Other], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rezup_api.disk.flock.PATIENCE", 0.3)
    holder = other(HOLD, file, "claim")
    begun = time.monotonic()
    with lease_at_last(file) as held:
        assert not held.locked
        assert time.monotonic() - begun >= 0.3
        assert os.path.samestat(os.fstat(held.descriptor), file.stat())
        assert held.descriptor >= LOWEST_DESCRIPTOR
    threading.Timer(0.1, holder.kill).start()
    monkeypatch.setattr("rezup_api.disk.flock.PATIENCE", 60.0)
    with lease_at_last(file) as held:
        assert held.locked


def test_whoever_may_read_a_folder_can_keep_nobody_waiting(
    tmp_path: Path, other: Callable[..., Other], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rezup_api.disk.flock.PATIENCE", 0.3)
    other("from rezup_api.disk.flock import in_turn\nwith in_turn(Path(sys.argv[1])):\n  wait()\n", tmp_path)
    begun = time.monotonic()
    with in_turn(tmp_path):
        assert 0.3 <= time.monotonic() - begun < 30


def test_a_folder_that_cannot_be_locked_keeps_nobody_waiting(tmp_path: Path) -> None:
    with in_turn(tmp_path / "nothing"):
        done = True
    assert done


def test_on_windows_a_file_that_is_open_elsewhere_is_not_claimed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flock, "fcntl", None)
    held = claim(file)
    assert held is not None
    held.release()

    def refused(source: Path, target: Path) -> None:
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr(os, "rename", refused)
    assert claim(file) is None
    shared = lease(file)
    assert shared is not None
    shared.release()
