"""What is known of provided interpreters: which ones count, what is damaged, and who keeps them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.flock import claim
from rezup_api.errors import StorageError
from rezup_api.pythons.provided import about, damage, hold_provided, listing, provided, provided_by

if TYPE_CHECKING:
    from pathlib import Path


def put(root: Path, key: str = "cpython-3.12.1-x", version: str = "3.12.1") -> Path:
    """Put an interpreter into a local root, as `provider` does; its folder."""
    folder = root / ".pythons" / key
    minor = version.rpartition(".")[0]
    (folder / "python" / "bin").mkdir(parents=True)
    (folder / "python" / "bin" / f"python{minor}").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "python" / "bin" / "python").symlink_to(f"python{minor}")
    (folder / "files.json").write_bytes(listing(folder / "python"))
    (folder / "python.json").write_bytes(about(key, version, "https://x.org/a.tar.gz"))
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o022)
    return folder


def test_the_newest_comes_first(tmp_path: Path) -> None:
    put(tmp_path, "a", "3.9.18")
    put(tmp_path, "b", "3.10.2")
    put(tmp_path, "c", "3.10.13")
    found = provided(tmp_path)
    assert [one.version for one in found] == ["3.10.13", "3.10.2", "3.9.18"]
    assert [one.fits("3.1") for one in found] == [False, False, False]
    assert [one.fits("3.10") for one in found] == [True, True, False]
    assert found[0].url == "https://x.org/a.tar.gz"
    assert provided(tmp_path / "none") == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": "3.12", "url": ""}', '{"version": "../x", "url": ""}', "[" * 9999]
)
def test_a_damaged_description_is_none(tmp_path: Path, text: str) -> None:
    (put(tmp_path) / "python.json").write_text(text, encoding="utf-8")
    assert provided(tmp_path) == []


@pytest.mark.parametrize("part", [".", "python", "python/bin", "python/bin/python3.12", "python.json"])
def test_what_somebody_else_could_change_is_not_there(tmp_path: Path, part: str) -> None:
    path = put(tmp_path) / part
    assert len(provided(tmp_path)) == 1
    path.chmod(path.stat().st_mode | 0o020)
    assert provided(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root, to give files away")
def test_what_belongs_to_somebody_else_is_not_there(tmp_path: Path) -> None:
    os.chown(put(tmp_path), 65534, -1)
    assert provided(tmp_path) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = put(tmp_path)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert provided(tmp_path) == []


def test_damage_names_the_files(tmp_path: Path) -> None:
    folder = put(tmp_path)
    (one,) = provided(tmp_path)
    assert damage(one) == []
    one.executable.write_text("#!/bin/sh\nrm\n", encoding="utf-8")
    assert damage(one) == [str(one.executable)]
    one.executable.unlink()
    assert damage(one) == [str(one.executable)]
    (folder / "files.json").write_text("[", encoding="utf-8")
    assert damage(one) == [str(folder / "files.json")]


def test_a_build_keeps_it(tmp_path: Path) -> None:
    folder = put(tmp_path)
    (one,) = provided(tmp_path)
    assert provided_by(tmp_path, str(one.executable)) == folder.name
    assert provided_by(tmp_path, "/usr/bin/python3") == ""
    with ExitStack() as holds:
        hold_provided(tmp_path, "/usr/bin/python3", holds)
        hold_provided(tmp_path, str(one.executable), holds)
        assert claim(folder / "python.json") is None
    held = claim(folder / "python.json")
    assert held is not None
    held.release()
    (folder / "python.json").unlink()
    with pytest.raises(StorageError), ExitStack() as holds:
        hold_provided(tmp_path, str(one.executable), holds)
