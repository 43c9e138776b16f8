"""What the tests of logs share: a folder that many machines see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.published.logs import Share

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def share(tmp_path: Path) -> Share:
    """An empty share, and users who have accepted nothing yet."""
    (tmp_path / "remote").mkdir()
    return Share(tmp_path / "remote", tmp_path / "homes")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A remote root that nothing was published to."""
    path = tmp_path / "remote"
    path.mkdir()
    return path
