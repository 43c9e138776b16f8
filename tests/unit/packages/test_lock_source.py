"""What another revision gives to a new one: its locks, its wheels, and what is to be upgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import InstallError, NotFoundError
from rezup_api.packages.lock_source import read_lock_source

if TYPE_CHECKING:
    from pathlib import Path

LOCK = """
lock-version = "1.0"
created-by = "x"
[[packages]]
name = "{name}"
version = "1.0"
archive = {{ path = "x.zip", hashes = {{ sha256 = "ab" }} }}
"""


@pytest.fixture
def revision(tmp_path: Path) -> Path:
    """The folder of a revision with the locks of two environments."""
    for environment, name in (("rez", "studio-tool"), ("plugged", "six")):
        (tmp_path / f"pylock.{environment}.toml").write_text(LOCK.format(name=name), encoding="utf-8")
    (tmp_path / "rezup.toml").touch()
    return tmp_path


def test_each_environment_has_its_lock(revision: Path) -> None:
    found = read_lock_source(revision, "dev@1")
    assert {name: lock.packages[0]["name"] for name, lock in found.locks.items()} == {
        "rez": "studio-tool",
        "plugged": "six",
    }
    assert (found.told, found.wheels, found.upgrades) == ("dev@1", None, ())
    (revision / "wheels").mkdir()
    assert read_lock_source(revision, "dev@1").wheels == revision / "wheels"


def test_a_revision_without_locks_gives_none(tmp_path: Path) -> None:
    assert dict(read_lock_source(tmp_path, "dev@1").locks) == {}


@pytest.mark.parametrize(("upgrades", "expected"), [(["Studio_Tool", "six"], ("studio-tool", "six")), ([], ())])
def test_upgrades_are_names_of_any_spelling(revision: Path, upgrades: list[str], expected: tuple[str, ...]) -> None:
    assert read_lock_source(revision, "dev@1", upgrades).upgrades == expected


def test_what_is_not_there_cannot_be_upgraded(revision: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no nonsense in dev@1") as caught:
        read_lock_source(revision, "dev@1", ["six", "nonsense"])
    assert caught.value.hint == "it has six, studio-tool"


@pytest.mark.parametrize("damage", ["[", 'lock-version = "1.0"', "packages = 1"])
def test_a_damaged_lock_is_said(revision: Path, damage: str) -> None:
    (revision / "pylock.rez.toml").write_text(damage, encoding="utf-8")
    with pytest.raises(InstallError, match=r"the lock pylock\.rez\.toml of dev@1 is damaged"):
        read_lock_source(revision, "dev@1")
