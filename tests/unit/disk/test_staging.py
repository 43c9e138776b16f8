"""Staging: what appears is whole, what is dead is cleared, what lives is left alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.conftest import go_on

from rezup_api.disk import durable, staging
from rezup_api.disk.files import host_name
from rezup_api.disk.staging import building, staged, sweep
from rezup_api.errors import StorageError
from rezup_api.store.revision import appear_next

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Other

    from rezup_api.store.layout import ContainerFolder


IMPORTS = (
    "from rezup_api.disk.staging import *\nfrom rezup_api.store.layout import ContainerFolder\n"
    "from rezup_api.store.revision import appear_next\nimport subprocess\n"
)
# A builder, and one whose child holds the stage's lock as the children of a build do.
BUILDER = f"{IMPORTS}\nwith staged(Path(sys.argv[1])) as stage:\n  (stage.path / 'half').write_text('x')\n  wait()\n"
PARENT = f"""{IMPORTS}
with staged(Path(sys.argv[1])) as stage:
  (stage.path / 'half').write_text('x')
  child = subprocess.Popen(["sleep", "60"], pass_fds=[stage.lock.descriptor])
  Path(sys.argv[2]).write_text(str(child.pid))
  wait()
"""
ONE_BY_ONE = f"""{IMPORTS}
wait()
for _ in range(15):
  with building(Path(sys.argv[1]), "first", lambda: None):
    os.mkdir(sys.argv[2])
    os.rmdir(sys.argv[2])
"""
CHURN = f"""{IMPORTS}
import time
container = Path(sys.argv[1])
wait()
end = time.monotonic() + 1.5
while time.monotonic() < end:
  if sys.argv[2] == "staged":
    with staged(container) as stage:
      (stage.path / "file").write_text("x")
      assert (stage.path / "file").read_text() == "x"
  elif sys.argv[2] == "building":
    with building(container, sys.argv[3], lambda: None):
      pass
  else:
    sweep(container)
    time.sleep(0.001)
"""


def left(container: Path) -> list[str]:
    """What lies in the staging folder."""
    folder = container / staging.STAGING
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_a_stage_appears_whole_and_nothing_else_stays(folder: ContainerFolder) -> None:
    with staged(folder.path) as stage:
        (stage.path / "file").write_text("x")
        assert stage.path.parent.parent == folder.path
        folder.revisions.mkdir()
        assert os.listdir(folder.revisions) == []
        assert stage.appear(folder.revisions / "1.000000")
        assert not stage.path.exists()
    assert (folder.revisions / "1.000000" / "file").read_text() == "x"
    assert os.listdir(folder.path) == ["revisions"]


def test_who_comes_second_gives_way(folder: ContainerFolder) -> None:
    target = folder.revisions / "1.000000"
    target.mkdir(parents=True)
    (target / "theirs").write_text("x")
    with staged(folder.path) as stage:
        (stage.path / "ours").write_text("x")
        assert not stage.appear(target)
    assert os.listdir(target) == ["theirs"]
    assert os.listdir(folder.path) == ["revisions"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_fails_leaves_nothing(folder: ContainerFolder, error: type[BaseException]) -> None:
    def build() -> None:
        with staged(folder.path) as stage:
            (stage.path / "deep").mkdir()
            (stage.path / "deep" / "file").write_text("x")
            raise error

    with pytest.raises(error):
        build()
    assert not folder.path.exists(), "a container without revisions is none"
    assert folder.root.exists()


def test_a_container_that_was_there_stays(folder: ContainerFolder) -> None:
    folder.path.mkdir(parents=True)
    with pytest.raises(ValueError, match="x"), staged(folder.path):
        raise ValueError("x")
    assert os.listdir(folder.path) == []


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot write to"), staged(tmp_path / "file"):
        pass
    (tmp_path / "dangling").symlink_to(tmp_path / "unmounted" / "disk")
    with pytest.raises(StorageError, match="cannot write to"), staged(tmp_path / "dangling" / "dev"):
        pass
    with pytest.raises(StorageError, match="cannot lock"), building(tmp_path / "file", "x", lambda: None):
        pass


def test_a_dead_builders_stage_is_swept(folder: ContainerFolder, other: Callable[..., Other]) -> None:
    builder = other(BUILDER, folder.path)
    assert len(left(folder.path)) == 2
    sweep(folder.path)
    assert len(left(folder.path)) == 2, "it lives"
    builder.kill()
    assert len(left(folder.path)) == 2
    sweep(folder.path)
    assert os.listdir(folder.path) == []


@pytest.mark.skipif(os.name == "nt", reason="descriptors are inherited on POSIX")
def test_a_dead_builders_child_keeps_its_stage(
    folder: ContainerFolder, other: Callable[..., Other], tmp_path: Path
) -> None:
    builder = other(PARENT, folder.path, tmp_path / "pid")
    child = int((tmp_path / "pid").read_text())
    builder.kill()
    try:
        sweep(folder.path)
        assert len(left(folder.path)) == 2, "somebody still writes into it"
    finally:
        os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while left(folder.path):
        assert time.monotonic() < deadline
        sweep(folder.path)


def test_the_next_stage_clears_what_was_still_held_when_it_began(
    folder: ContainerFolder, other: Callable[..., Other]
) -> None:
    builder = other(BUILDER, folder.path)
    with staged(folder.path) as stage:
        builder.kill()
        assert len(left(folder.path)) == 4
        appear_next(stage, folder)
    assert os.listdir(folder.path) == ["revisions"]


def test_whatever_a_kill_can_leave_is_swept(folder: ContainerFolder) -> None:
    stage_folder = folder.path / staging.STAGING
    (stage_folder / "half" / "deep").mkdir(parents=True)  # its lock file is gone, or was never there
    (stage_folder / "bare.lock").touch()  # its folder has appeared, or was never made
    (stage_folder / "both.lock").touch()
    (stage_folder / "both").mkdir()
    (stage_folder / "1.000000.building").touch()
    sweep(folder.path)
    assert os.listdir(folder.path) == []


def test_what_another_host_makes_is_left_alone_for_a_day(folder: ContainerFolder) -> None:
    stage_folder = folder.path / staging.STAGING
    made = [stage_folder / f"{name}@elsewhere" for name in ("young", "old")]
    for path in made:
        path.mkdir(parents=True)
        path.with_name(f"{path.name}.lock").touch()
    long_ago = time.time() - staging.ABANDONED_ELSEWHERE - 60
    for path in (made[1], made[1].with_name(f"{made[1].name}.lock")):
        os.utime(path, (long_ago, long_ago))
    (stage_folder / f"ours@{host_name()}").mkdir()
    sweep(folder.path)
    assert sorted(os.listdir(stage_folder)) == ["young@elsewhere", "young@elsewhere.lock"]


def test_nothing_is_swept_where_nothing_is(folder: ContainerFolder) -> None:
    sweep(folder.path)
    assert not folder.root.exists()
    with staged(folder.path) as stage:
        sweep(folder.path)
        assert stage.path.is_dir()


def test_a_listing_that_misses_the_lock_of_a_living_stage_does_no_harm(
    folder: ContainerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system may list a folder that was made just now, and not the lock file that was made before it."""
    listdir = os.listdir
    with staged(folder.path) as stage:
        monkeypatch.setattr(os, "listdir", lambda path: [name for name in listdir(path) if not name.endswith(".lock")])
        sweep(folder.path)
        assert stage.path.is_dir()


def test_staging_folders_come_and_go_under_everybodys_feet(
    folder: ContainerFolder, other: Callable[..., Other]
) -> None:
    """Each of them removes the empty folder at its end, while others are about to write into it."""
    kinds = (("staged", ""), ("staged", ""), ("building", "a"), ("building", "b"), ("sweep", ""))
    go_on([other(CHURN, folder.path, *words) for words in kinds])
    assert left(folder.path) == []


def test_only_one_process_builds_the_same(folder: ContainerFolder, other: Callable[..., Other], tmp_path: Path) -> None:
    go_on([other(ONE_BY_ONE, folder.path, tmp_path / "busy") for _ in range(4)])
    assert left(folder.path) == []


def test_who_waits_is_told_once_and_takes_over_from_a_dead_builder(
    folder: ContainerFolder, other: Callable[..., Other]
) -> None:
    builder = other(f"{IMPORTS}\nwith building(Path(sys.argv[1]), 'first', lambda: None):\n  wait()\n", folder.path)
    told: list[float] = []
    entered: list[float] = []

    def wait_for_it() -> None:
        with building(folder.path, "first", lambda: told.append(time.monotonic())):
            entered.append(time.monotonic())

    with building(folder.path, "second", lambda: told.append(0)):
        assert not told, "another name is another lock"
    thread = threading.Thread(target=wait_for_it)
    thread.start()
    time.sleep(0.5)
    sweep(folder.path)  # a command that passes by must not let the waiting one in
    time.sleep(0.2)
    assert (len(told), len(entered)) == (1, 0)
    builder.kill()
    thread.join(60)
    assert (len(told), len(entered)) == (1, 1)
    assert not folder.path.exists() or left(folder.path) == []


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    code = f"""{IMPORTS}
from pathlib import Path
from rezup_api.errors import StorageError
import sys
try:
    with staged(Path(sys.argv[1]) / "dev"):
        pass
except StorageError as error:
    print(error.message, "|", error.hint)
"""
    mount = 'mount -t tmpfs -o size=64k,nr_inodes=2 none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", tmp_path, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "Operation not permitted" in done.stderr:
        pytest.skip("this user may not mount")
    assert "No space left on device" in done.stdout, done.stderr
    assert "free some space" in done.stdout


def test_a_stage_that_is_flushed_appears_without_another_flush(
    folder: ContainerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with staged(folder.path) as stage:
        (stage.path / "file").write_text("x")
        stage.flush()
        monkeypatch.setattr(durable, "flush_tree", None)
        assert stage.appear(folder.path / "target")
    assert (folder.path / "target" / "file").read_text() == "x"


def test_where_nothing_may_be_searched_that_is_told(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    def act() -> None:
        root = open_folder / "root"
        root.mkdir(mode=0o600)
        with pytest.raises(StorageError, match="Permission denied"), staged(root / "dev"):
            pass
        with pytest.raises(StorageError, match="Permission denied"), building(root / "dev", "first", lambda: None):
            pass

    unprivileged(act)
