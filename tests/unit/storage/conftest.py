"""Every kind of storage, for the tests that hold for all of them; a new kind is added here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.storage.folder import FolderStorage, SharedFolder

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.storage.interface import Storage


@pytest.fixture(params=[FolderStorage, SharedFolder])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty storage."""
    root = tmp_path / "root"
    root.mkdir()
    made: Storage = request.param(root)
    return made
