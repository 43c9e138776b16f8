"""Notes that revisions were handed out without a lease: made, renewed, read and forgotten."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tests.unit.studio import A, B

from rezup_api.store.holds import HOLDS, RENEWED, forget_holds, note_hold, read_holds
from rezup_api.store.layout import ContainerFolder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_note_says_when(tmp_path: Path) -> None:
    folder = ContainerFolder(tmp_path, "dev")
    folder.path.mkdir()
    assert read_holds(folder) == {}
    before = time.time() - 1
    note_hold(folder, A)
    assert list(read_holds(folder)) == [A]
    assert before < read_holds(folder)[A] < time.time() + 1


def test_it_is_renewed_only_after_an_hour(tmp_path: Path) -> None:
    folder = ContainerFolder(tmp_path, "dev")
    folder.path.mkdir()
    note_hold(folder, A)
    for age, renewed in ((RENEWED / 2, False), (RENEWED * 2, True)):
        moment = time.time() - age
        os.utime(folder.path / HOLDS / A, (moment, moment))
        note_hold(folder, A)
        assert (read_holds(folder)[A] > moment + 1) == renewed


def test_old_notes_go(tmp_path: Path) -> None:
    folder = ContainerFolder(tmp_path, "dev")
    folder.path.mkdir()
    for timestamp, age in ((A, 200.0), (B, 50.0)):
        note_hold(folder, timestamp)
        os.utime(folder.path / HOLDS / timestamp, (time.time() - age,) * 2)
    (folder.path / HOLDS / "no revision").touch()
    forget_holds(folder, time.time() - 100)
    assert sorted(os.listdir(folder.path / HOLDS)) == [B, "no revision"]


def test_where_nothing_can_be_written_nothing_is_noted(tmp_path: Path) -> None:
    folder = ContainerFolder(tmp_path, "dev")
    note_hold(folder, A)
    assert read_holds(folder) == {}
    folder.path.mkdir()
    (folder.path / HOLDS).write_text("a file is in the way", encoding="utf-8")
    note_hold(folder, A)
    assert read_holds(folder) == {}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = ContainerFolder(tmp_path, "dev")
    (folder.path / HOLDS).mkdir(parents=True)
    (folder.path / HOLDS / A).symlink_to(tmp_path / "elsewhere")
    os.utime(folder.path / HOLDS / A, (0, 0), follow_symlinks=False)
    note_hold(folder, A)
    assert not (tmp_path / "elsewhere").exists()
