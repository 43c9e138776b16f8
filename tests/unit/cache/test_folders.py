"""The caches of each user: their own, on the root's file system, beside those of others."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.folders import open_caches
from rezup_api.errors import StorageError
from rezup_api.store.layout import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")


def mode(path: Path) -> int:
    """The permissions of a folder."""
    return stat.S_IMODE(path.stat().st_mode)


def test_they_are_made_and_made_only_once(tmp_path: Path) -> None:
    caches = open_caches(tmp_path / "root")
    assert caches.path == cache_folder(tmp_path / "root")
    assert all(path.is_dir() for path in (caches.files, caches.environments, caches.bytecode, caches.probed))
    (caches.files / "kept").touch()
    assert open_caches(tmp_path / "root") == caches
    assert (caches.files / "kept").exists()


@posix
def test_nobody_else_reads_them(tmp_path: Path) -> None:
    assert mode(open_caches(tmp_path / "root").path) == 0o700


@posix
@pytest.mark.parametrize(("root", "above"), [(0o777, 0o1777), (0o775, 0o1775), (0o1777, 0o1777), (0o755, 0o755)])
def test_every_user_of_a_shared_root_may_have_some_beside(tmp_path: Path, root: int, above: int) -> None:
    """And removes only their own, as in /tmp."""
    folder = tmp_path / "root"
    folder.mkdir()
    folder.chmod(root)
    before = os.umask(0o022)
    try:
        caches = open_caches(folder)
    finally:
        os.umask(before)
    assert mode(caches.path.parent) == above


@posix
def test_a_folder_of_another_user_is_left_as_it_is(
    open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    above = open_folder / ".cache"
    above.mkdir()
    above.chmod(0o1777)
    (above / "user-1").mkdir(mode=0o700)

    def act() -> None:
        assert open_caches(open_folder).path.is_dir()

    unprivileged(act)
    assert mode(above) == 0o1777


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write to"):
        open_caches(tmp_path / "file")
