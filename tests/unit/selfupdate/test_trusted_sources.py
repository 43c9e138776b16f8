"""Sources of releases in which others could put a program of their own are refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import UpgradeError
from rezup_api.selfupdate.trusted_sources import refuse_open_files, refuse_open_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind on Windows")
@pytest.mark.parametrize(("mode", "refused"), [(0o755, False), (0o775, False), (0o777, True), (0o757, True)])
def test_a_group_may_keep_releases_and_nobody_else(tmp_path: Path, mode: int, refused: bool) -> None:
    folder = tmp_path / "releases"
    folder.mkdir()
    folder.chmod(mode)
    if refused:
        with pytest.raises(UpgradeError, match=r"other users can change .*releases") as caught:
            refuse_open_folder(folder)
        assert "chmod o-w" in caught.value.hint
    else:
        refuse_open_folder(folder)
        refuse_open_folder(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("https://files.invalid/a.whl", False),
        ("file:///releases/a.whl", False),
        ("http://localhost:8080/a.whl", False),
        ("http://127.0.0.1/a.whl", False),
        ("http://[::1]:1/a.whl", False),
        ("http://files.invalid/a.whl", True),
        ("HTTP://10.0.0.1/a.whl", True),
        ("http://localhost.evil.invalid/a.whl", True),
        ("http:///a.whl", True),
    ],
)
def test_a_file_without_a_digest_must_come_by_a_safe_way(address: str, refused: bool) -> None:
    files = [("rezup-api 3.1.0", "https://files.invalid/b.whl"), ("rezup 3.1.0", address)]
    if refused:
        with pytest.raises(UpgradeError, match=r"the index gives rezup 3\.1\.0 by http:// and without a digest"):
            refuse_open_files("the index", files)
    else:
        refuse_open_files("the index", files)
        refuse_open_files("the index", [])
