"""Removing a container: not while anybody uses it, and what that frees on the disk."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.staging import staged
from rezup_api.errors import BusyError, NotFoundError, StorageError
from rezup_api.maintenance import removal
from rezup_api.maintenance.removal import drop_container, freed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.maintenance.conftest import Make

    from rezup_api.disk.staging import Stage
    from rezup_api.store.layout import ContainerFolder

    Session = Callable[..., subprocess.Popen[str]]

FIRST, SECOND = "1700000001.000000", "1700000002.000000"


def test_it_goes_whole(folder: ContainerFolder, make: Make) -> None:
    make(FIRST)
    (folder.revisions / SECOND).mkdir()  # incomplete
    (folder.path / "labels").mkdir()
    assert drop_container(folder)
    assert os.listdir(folder.root) == []


def test_a_disk_that_fails_after_it_is_gone_leaves_files_and_no_error(
    folder: ContainerFolder, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(FIRST)

    @contextmanager
    def failing(container: Path) -> Iterator[Stage]:
        with staged(container) as stage:
            yield stage
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(removal, "staged", failing)  # a disk that fails at this moment cannot be had
    assert not drop_container(folder)
    assert not folder.path.exists()
    make(FIRST)
    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StorageError):
        drop_container(folder)
    assert folder.path.is_dir()


def refuse(*_: object, **__: object) -> None:
    """A disk that fails."""
    raise OSError(errno.EIO, "Input/output error")


def test_what_is_not_there_cannot_go(folder: ContainerFolder) -> None:
    with pytest.raises(NotFoundError, match="there is no container dev under"):
        drop_container(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
@pytest.mark.parametrize("closed", [False, True], ids=["holds it", "is in it"])
def test_while_somebody_uses_it_it_stays(folder: ContainerFolder, make: Make, session: Session, closed: bool) -> None:
    process = session(make(FIRST), closed=closed)
    with pytest.raises(BusyError) as caught:
        drop_container(folder)
    assert f"(process {process.pid}, " in caught.value.message
    assert f"uses dev@{FIRST}" in caught.value.message
    assert folder.path.is_dir()
    assert drop_container(folder, force=True)
    assert not folder.path.exists()


def test_while_one_is_built_it_stays(folder: ContainerFolder, make: Make) -> None:
    make(FIRST)
    with staged(folder.path), pytest.raises(BusyError, match="a revision of dev is being built"):
        drop_container(folder)
    assert folder.revisions.is_dir()


def test_after_a_refusal_everything_can_be_entered_again(folder: ContainerFolder, make: Make, session: Session) -> None:
    make(FIRST)
    used = session(make(SECOND))
    with pytest.raises(BusyError):
        drop_container(folder)
    session(folder.revisions / FIRST)
    used.kill()


def blocks(path: Path) -> int:
    """What a file takes on the disk."""
    return path.stat().st_blocks * 512


@pytest.mark.skipif(os.name == "nt", reason="links and blocks of POSIX")
def test_what_is_linked_elsewhere_is_not_freed(tmp_path: Path) -> None:
    one, other, kept = (tmp_path / name for name in ("one", "other", "kept"))
    for folder in (one, other, kept):
        folder.mkdir()
    (one / "own").write_bytes(b"x" * 10_000)
    (one / "shared").write_bytes(b"x" * 20_000)
    os.link(one / "shared", other / "shared")
    (one / "linked").write_bytes(b"x" * 30_000)
    os.link(one / "linked", kept / "linked")
    own = blocks(one) + blocks(one / "own")
    assert freed([one]) == own
    assert freed([one, other]) == own + blocks(other) + blocks(one / "shared")
    assert freed([]) == freed([tmp_path / "none"]) == 0
