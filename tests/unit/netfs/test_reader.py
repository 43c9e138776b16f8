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
    assert all(str(os.getuid()) in os.path.basename(name) for name in names)
