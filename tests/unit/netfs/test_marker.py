"""Markers: they hold for a minute, or while who is named in them is stuck; anybody else's count for nothing.

What a marker does to questions is tested with `limit`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rezup_api.netfs.marker import PATIENCE, is_marked, mark

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no guard")


@pytest.mark.parametrize(("age", "marked"), [(0, True), (PATIENCE - 5, True), (PATIENCE + 1, False), (-3600, False)])
def test_a_dead_ones_marker_holds_for_a_minute(tmp_path: Path, age: float, marked: bool) -> None:
    marker = tmp_path / "hung"
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    mark(str(marker), process.pid)
    os.utime(marker, (0, time.time() - age))
    assert is_marked(str(marker)) is marked
    assert marker.exists() is marked, "one that does not hold is removed"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_stuck_ones_marker_holds_for_as_long(tmp_path: Path) -> None:
    marker = str(tmp_path / "hung")
    mark(marker, os.getpid())
    os.utime(marker, (0, 0))
    assert is_marked(marker)
    Path(marker).write_text(f"{os.getpid()} 1", encoding="ascii")  # another process with the same number
    os.utime(marker, (0, 0))
    assert not is_marked(marker)


def test_no_marker_is_none_and_where_none_can_be_written_nothing_happens(tmp_path: Path) -> None:
    assert not is_marked(str(tmp_path / "hung"))
    mark(str(tmp_path / "none" / "hung"), 1)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").touch()
    mark(str(tmp_path / "folder"), 1)
    assert sorted(os.listdir(tmp_path)) == ["folder"]
