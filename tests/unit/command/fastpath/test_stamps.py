"""Which stamps can be trusted to be those of what was read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.fastpath.stamps import Files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="records are for systems with exec")


def test_a_file_as_young_as_the_launch_is_not_recorded(tmp_path: Path) -> None:
    """A change within the same tick of the clock would leave the stamp as it is."""
    path = tmp_path / "file"
    path.touch()
    changed = path.stat().st_ctime
    for started, trusted in (
        (changed + 10, True),
        (changed + 0.06, True),
        (changed + 0.03, False),
        (changed - 10, False),
    ):
        files = Files(started, [tmp_path])
        files.read(path)
        assert (files.stamped() is not None) == trusted
    path.unlink()
    files = Files(changed + 10, [tmp_path])
    files.seek(path)
    assert files.stamped() is not None
    files.read(path)
    assert files.stamped() is None, "what was read is gone"


def test_what_lies_on_a_share_is_not_trusted_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.touch()
    monkeypatch.setattr("rezup.fastpath.stamps.may_hang", lambda path: True)
    files = Files(path.stat().st_ctime - 10, [])
    files.read(path)
    stamped = files.stamped()
    assert stamped is not None
    assert (stamped.local, dict(stamped.shared)) == ((), dict(stamped.slow)), "its clock is another one"
    os.utime(path, (1000, 1000))
    assert files.stamped() != stamped


def test_whole_seconds_are_not_trusted_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rezup.fastpath.stamps.stamp", lambda path: (5, 7 * 10**9, 0, 1))
    files = Files(100.0, [tmp_path])
    files.read(tmp_path / "file")
    stamped = files.stamped()
    assert stamped is not None
    assert list(stamped.slow) == [str(tmp_path / "file")]
