"""Interpreters that are downloaded: checked, made ready beside, and there in one step; nothing is left of what fails."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.unit.interpreter_archive import archive, entry, write_list

from rezup_api.errors import InstallError, NotFoundError, StorageError, UsageError
from rezup_api.events import CommandStarted, Event
from rezup_api.pythons.provided import damage, provided
from rezup_api.pythons.provider import Download, check_version, provider_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.pythons.provider import Provider

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the archives of these tests are for Linux")


@pytest.fixture
def provider(tmp_path: Path) -> Callable[[Path], Provider]:
    """`provider(mirror)` provides interpreters in a local root."""

    def make(mirror: Path) -> Provider:
        return provider_of(tmp_path / "root", os.environ, events.append, str(mirror))

    events: list[Event] = []
    make.events = events  # type: ignore[attr-defined]
    return make


def left(root: Path) -> list[str]:
    """What lies in the folder of interpreters, but for finished ones."""
    folder = root / ".pythons"
    names = {one.key for one in provided(root)}
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.relative_to(folder).parts[0] not in names
    )


def test_one_is_provided_once(provider: Callable[[Path], Provider], tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.json", entry(archive(tmp_path, "3.12.1")), entry(archive(tmp_path, "3.13.0")))
    ours = provider(listed)
    made = ours.provide("3.12")
    assert (made.version, made.key.startswith("cpython-3.12.1-20240107-")) == ("3.12.1", True)
    assert made.url.startswith("file://")
    assert damage(made) == []
    assert made.executable.stat().st_mode & 0o222 == 0
    assert list((made.path / "python" / "lib" / "python3.12" / "__pycache__").glob("os.*"))
    (variables,) = made.path.rglob("_sysconfigdata_*.py")
    assert str(made.path / "python") in variables.read_text(encoding="utf-8"), "compilers of extensions read it"
    assert ".staging" not in variables.read_text(encoding="utf-8")
    assert left(tmp_path / "root") == []
    told = provider.events  # type: ignore[attr-defined]
    told.clear()
    assert ours.provide("3.12") == ours.provide("3") == made
    assert not [event for event in told if isinstance(event, CommandStarted)], "nothing is asked for what is there"
    assert ours.provide("3.13").version == "3.13.0"
    assert [one.version for one in provided(tmp_path / "root")] == ["3.13.0", "3.12.1"]


def test_a_folder_can_be_the_mirror(provider: Callable[[Path], Provider], tmp_path: Path) -> None:
    write_list(tmp_path / "downloads.json", entry(archive(tmp_path)))
    assert provider(tmp_path).provide("3.12.1").version == "3.12.1"


def test_what_is_not_what_its_digest_says_is_refused(provider: Callable[[Path], Provider], tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.json", entry(archive(tmp_path), digest="0" * 64))
    with pytest.raises(InstallError, match="Hash mismatch") as told:
        provider(listed).provide("3.12")
    assert "[python] mirror" in told.value.hint
    assert left(tmp_path / "root") == []


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 3\n", "no program\0"])
def test_what_does_not_run_is_refused(provider: Callable[[Path], Provider], tmp_path: Path, program: str) -> None:
    listed = write_list(tmp_path / "list.json", entry(archive(tmp_path, program=program)))
    with pytest.raises(InstallError):
        provider(listed).provide("3.12")
    assert left(tmp_path / "root") == []


def test_a_version_that_is_not_there_names_those_that_are(provider: Callable[[Path], Provider], tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.json", entry(archive(tmp_path, "3.9.18")), entry(archive(tmp_path, "3.10.13")))
    with pytest.raises(NotFoundError, match=r"no Python 2\.7 can be downloaded") as told:
        provider(listed).provide("2.7")
    assert told.value.hint == "these can be: 3.10.13, 3.9.18"


@pytest.mark.parametrize("mirror", ["nowhere", "nowhere.json", "damaged.json"])
def test_a_mirror_that_is_none_is_named(provider: Callable[[Path], Provider], tmp_path: Path, mirror: str) -> None:
    (tmp_path / "damaged.json").write_text("{", encoding="utf-8")
    with pytest.raises(InstallError) as told:
        provider(tmp_path / mirror).provide("3.12")
    assert str(tmp_path / mirror) in told.value.hint


def test_the_folder_of_somebody_else_is_passed_over(provider: Callable[[Path], Provider], tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.json", entry(archive(tmp_path)))
    first = provider(listed).provide("3.12")
    first.path.chmod(0o777)  # somebody else may have put another program there
    second = provider(listed).provide("3.12")
    assert second.path != first.path
    assert provided(tmp_path / "root") == [second]


def test_a_root_that_cannot_be_written_is_told(provider: Callable[[Path], Provider], tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.json", entry(archive(tmp_path)))
    (tmp_path / "root").touch()
    with pytest.raises(StorageError):
        provider(listed).provide("3.12")


def test_damaged_files_are_replaced_one_by_one(provider: Callable[[Path], Provider], tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.json", entry(archive(tmp_path)))
    made = provider(listed).provide("3.12")
    library = made.path / "python" / "lib" / "python3.12" / "os.py"
    untouched = made.executable.stat().st_ino
    library.chmod(0o644)
    library.write_text("damaged", encoding="utf-8")
    (made.path / "python" / "lib" / "python3.12" / "bad.py").unlink()
    wrong = damage(made)
    assert [path.rpartition("/")[2] for path in wrong] == ["bad.py", "os.py"]
    provider(listed).mend(made, wrong)
    assert damage(made) == []
    assert made.executable.stat().st_ino == untouched
    assert left(tmp_path / "root") == []
    write_list(listed, entry(archive(tmp_path, "3.12.2")))
    with pytest.raises(InstallError, match="is no longer offered"):
        provider(listed).mend(made, wrong)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (
            "https://x.org/20240107/cpython-3.12.1%2B20240107-x86_64-install_only.tar.gz",
            "cpython-3.12.1-20240107-x86_64-install_only",
        ),
        ("https://x.org/cpython-3.13.0-full.tar.zst", "cpython-3.13.0-full"),
        ("https://x.org/", "cpython-3.12.1-linux"),
    ],
)
def test_the_key_is_the_name_of_the_archive(url: str, key: str) -> None:
    assert Download("cpython-3.12.1-linux", "3.12.1", url).key == key


@pytest.mark.parametrize("text", ["", "x", "3.", "3.12.1.4", "/usr/bin/python3", "3.12 "])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(UsageError):
        check_version(text)
    for version in ("3", "3.12", "3.12.1"):
        check_version(version)
