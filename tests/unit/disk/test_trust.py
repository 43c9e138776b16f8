"""Trust: what other users can change is found, wherever above a file they can."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.unit.conftest import NOBODY

from rezup_api.disk.trust import changeable_by, is_mine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights are of another kind on Windows")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of this user in a folder of this user."""
    path = tmp_path / "folder" / "file"
    path.parent.mkdir(mode=0o755)
    path.write_text("text")
    path.chmod(0o644)
    return path


def test_what_only_this_user_can_write_is_mine(file: Path) -> None:
    assert is_mine(file)
    assert is_mine(file.parent)
    assert changeable_by(file) == ""


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_what_others_can_write_is_not_mine(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert not is_mine(file)
    assert changeable_by(file) == str(file)


def test_a_link_and_what_is_not_there_are_not_mine(file: Path) -> None:
    (file.parent / "link").symlink_to(file)
    assert not is_mine(file.parent / "link")
    assert not is_mine(file.parent / "nothing")
    assert changeable_by(file.parent / "nothing") == str(file.parent / "nothing")


def test_a_folder_above_counts_unless_it_is_sticky(file: Path) -> None:
    file.parent.chmod(0o777)
    assert changeable_by(file) == str(file.parent)
    file.parent.chmod(0o1777)
    assert changeable_by(file) == ""


def test_a_group_counts_only_where_it_is_asked_for(file: Path) -> None:
    file.chmod(0o664)
    assert changeable_by(file, group=False) == ""
    file.chmod(0o646)
    assert changeable_by(file, group=False) == str(file)


def test_a_link_is_judged_by_what_it_leads_to(file: Path) -> None:
    (file.parent / "link").symlink_to(file)
    file.chmod(0o666)
    assert changeable_by(file.parent / "link") == str(file)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_not_mine(file: Path) -> None:
    os.chown(file, NOBODY, NOBODY)
    assert not is_mine(file)
    assert changeable_by(file) == str(file)


def test_who_can_replace_a_link_can_change_what_is_behind_it(file: Path, tmp_path: Path) -> None:
    """A link lies in a folder that everybody may write to; what it leads to is this user's alone."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to(file)
    own = tmp_path / "own"
    own.symlink_to(shared / "link")
    assert changeable_by(own) == ""
    shared.chmod(0o777)
    assert changeable_by(own) == str(shared)
    assert changeable_by(shared / "link") == str(shared)


def test_links_that_lead_to_each_other_are_not_followed_for_ever(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert changeable_by(tmp_path / "one") in {"", str(tmp_path / "one"), str(tmp_path / "two")}
