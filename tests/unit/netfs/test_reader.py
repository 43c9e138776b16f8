"""Reading what may lie on a share: asked of another process there, and here where nothing can hang."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.netfs import reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nothing counts as a share on Windows")


def test_files_of_this_machine_are_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    asked: list[str] = []
    ask = reader.ask

    def watched(question: Callable[[], bytes], marker: str) -> bytes:
        asked.append(marker)
        return ask(question, marker)

    monkeypatch.setattr(reader, "ask", watched)
    for shared in (False, True):
        monkeypatch.setattr(reader, "may_hang", lambda _, answer=shared: answer)
        assert reader.read_bytes(path) == b"content"
        with pytest.raises(FileNotFoundError):
            reader.read_bytes(tmp_path / "none")
        assert len(asked) == (2 if shared else 0)


def test_one_marker_for_each_user_and_share() -> None:
    names = {reader.marker_of("/"), reader.marker_of("/proc"), reader.marker_of("/proc/self")}
    assert len(names) == 2
    assert all(str(os.getuid()) in name for name in names)


def test_a_marker_lies_where_nobody_else_can_put_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "OWN", str(tmp_path))
    own = tmp_path / str(os.getuid())
    open_to_all = f"{reader.MARKERS}-{os.getuid()}-proc"
    assert reader.marker_of("/proc") == open_to_all, "the user has not logged in here"
    own.mkdir(mode=0o700)
    assert reader.marker_of("/proc") == f"{own}/rezup-hung-proc"
    own.chmod(0o770)
    assert reader.marker_of("/proc") == open_to_all
    own.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    own.symlink_to(tmp_path / "elsewhere")
    assert reader.marker_of("/proc") == open_to_all


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_marker_does_not_lie_in_the_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "OWN", str(tmp_path))
    own = tmp_path / str(os.getuid())
    own.mkdir(mode=0o700)
    os.chown(own, 65534, 65534)
    assert reader.marker_of("/proc").startswith(reader.MARKERS)
