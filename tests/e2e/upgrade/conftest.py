"""Several versions of rezup, and a user of the first one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.e2e.releases import Installation, build, checkout, installation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of several versions, each in a folder of its own."""
    made = {}
    for version in ("3.0.0", "3.1.0", "3.2.0", "4.0.0"):
        folder = tmp_path_factory.mktemp("sources")
        made[version] = build(checkout(folder, version), tmp_path_factory.mktemp("wheels"))
    return made


@pytest.fixture(scope="session")
def prefix(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with 3.0.0 in it, for those who only read it."""
    return installation(tmp_path_factory.mktemp("installed"), wheels["3.0.0"]).path


@pytest.fixture
def source(tmp_path: Path, wheels: dict[str, Path]) -> Path:
    """A folder of wheels with 3.0.0 in it."""
    folder = tmp_path / "source"
    shutil.copytree(wheels["3.0.0"], folder)
    return folder


@pytest.fixture
def user(prefix: Path, tmp_path: Path, source: Path) -> Installation:
    """A user of the environment, who looks for releases in the folder."""
    home = tmp_path / "a hóme"
    home.mkdir()
    return Installation(prefix, home, {"REZUP_UPGRADE_SOURCE": str(source)})
