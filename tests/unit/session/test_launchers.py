"""Launchers in a folder: rezup replaces and removes its own, and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import NotFoundError, StorageError, UsageError
from rezup_api.session.launcher import Launcher
from rezup_api.session.launchers import (
    check_tools,
    folder_for_launchers,
    hidden_by,
    list_launchers,
    on_path,
    programs_added,
    remove_launchers,
    write_launchers,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no launchers on Windows")

PLAIN = Launcher("maya", "prod@staging", "maya", (), ("/bin/rezup",))
IN_REZ = Launcher("maya-show", "prod", "maya", ("maya-2024", "~nuke", "a b"), ("/bin/rezup",))


@pytest.mark.parametrize("kind", ["file", "empty", "folder", "link", "dangling link", "pipe", "long"])
def test_what_rezup_did_not_write_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "maya"
    write_launchers(tmp_path, [replace(PLAIN, name="other")])
    make: dict[str, Callable[[], object]] = {
        "file": lambda: path.write_text("#!/bin/sh\necho rezup\n"),
        "empty": path.touch,
        "folder": path.mkdir,
        "link": lambda: path.symlink_to("other"),
        "dangling link": lambda: path.symlink_to("gone"),
        "pipe": lambda: os.mkfifo(path),
        "long": lambda: path.write_text("#!/bin/sh\n# rezup launcher:\tuse\n" + "#" * 10_000),
    }
    make[kind]()
    before = path.lstat()
    with pytest.raises(UsageError, match="was not written by rezup expose") as caught:
        write_launchers(tmp_path, [replace(PLAIN, name="first"), PLAIN])
    assert str(path) in caught.value.message
    with pytest.raises(UsageError, match="was not written by rezup expose"):
        remove_launchers(tmp_path, ["other", "maya"])
    assert path.lstat() == before
    assert sorted(os.listdir(tmp_path)) == ["maya", "other"], "nothing else has changed either"


def test_an_older_launcher_is_replaced_in_one_step(tmp_path: Path) -> None:
    write_launchers(tmp_path, [PLAIN])
    with open(tmp_path / "maya", encoding="utf-8") as running:
        write_launchers(tmp_path, [replace(PLAIN, target="dev")])
        assert "\tprod@staging\t" in running.read()
    assert list_launchers(tmp_path) == [replace(PLAIN, target="dev")]
    assert os.listdir(tmp_path) == ["maya"]


def test_launchers_are_removed_by_name(tmp_path: Path) -> None:
    write_launchers(tmp_path, [PLAIN, IN_REZ])
    with pytest.raises(NotFoundError) as caught:
        remove_launchers(tmp_path, ["maya", "maya-shwo"])
    assert caught.value.hint == "did you mean maya-show? there are: maya, maya-show"
    assert len(list_launchers(tmp_path)) == 2
    assert remove_launchers(tmp_path, ["maya", "maya"]) == [PLAIN]
    assert os.listdir(tmp_path) == ["maya-show"]
    with pytest.raises(UsageError):
        remove_launchers(tmp_path, ["../maya"])
    with pytest.raises(NotFoundError):
        remove_launchers(tmp_path / "nowhere", ["maya"])


def test_a_tool_that_is_missing_is_led_to_the_nearest_one() -> None:
    check_tools(["rez"], ["rez", "rez-env"], "dev@1")
    with pytest.raises(NotFoundError, match="dev@1 has no tool 'rez-nev'") as caught:
        check_tools(["rez", "rez-nev"], {"rez-env": "", "rez": ""}, "dev@1")
    assert caught.value.hint == "did you mean rez-env? it has: rez, rez-env"
    with pytest.raises(NotFoundError) as caught:
        check_tools(["rez"], [], "dev@1")
    assert caught.value.hint == ""


def test_the_programs_of_a_session_are_those_that_the_caller_has_not(tmp_path: Path) -> None:
    for folder, name in (("own", "a"), ("own", "b"), ("also", "b"), ("before", "c")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch(0o755)
    (tmp_path / "own" / "text").touch(0o644)
    (tmp_path / "own" / "folder").mkdir()
    before = {"PATH": str(tmp_path / "before")}
    after = {"PATH": os.pathsep.join(str(tmp_path / name) for name in ("own", "gone", "also", "before"))}
    assert programs_added(before, after) == {"a": str(tmp_path / "own/a"), "b": str(tmp_path / "own/b")}


def test_the_default_folder_is_made_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / ".local" / "bin"
    assert folder_for_launchers(None, tmp_path) == folder
    assert not folder.exists()
    assert folder_for_launchers(None, tmp_path, make=True) == folder
    assert folder.is_dir()
    with pytest.raises(NotFoundError, match="there is no folder") as caught:
        folder_for_launchers(tmp_path / "a b", tmp_path, make=True)
    assert caught.value.hint == f"make it: mkdir -p '{tmp_path / 'a b'}'"
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot make"):
        folder_for_launchers(None, tmp_path / "file", make=True)


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, unprivileged: Callable[[Callable[[], None]], None], open_folder: Path
) -> None:
    open_folder.chmod(0o755)

    def act() -> None:
        with pytest.raises(StorageError, match="cannot write") as caught:
            write_launchers(open_folder, [PLAIN])
        assert "--to DIR" in caught.value.hint

    unprivileged(act)
    assert os.listdir(open_folder) == []


def test_a_folder_is_on_path_by_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "link").symlink_to("bin")
    assert on_path(tmp_path / "bin", {"PATH": f"/usr/bin:{tmp_path / 'link'}"})
    assert not on_path(tmp_path / "bin", {"PATH": "/usr/bin:"})
    assert not on_path(tmp_path / "bin", {})


def test_a_program_that_comes_first_on_path_hides_a_launcher(tmp_path: Path) -> None:
    for folder in ("first", "bin", "last"):
        (tmp_path / folder).mkdir()
    write_launchers(tmp_path / "bin", [PLAIN])
    path = os.pathsep.join(str(tmp_path / folder) for folder in ("first", "bin", "last"))
    (tmp_path / "last" / "maya").touch(0o755)
    (tmp_path / "first" / "maya").mkdir()
    assert hidden_by(tmp_path / "bin" / "maya", {"PATH": path}) == ""
    (tmp_path / "first" / "maya").rmdir()
    (tmp_path / "first" / "maya").touch(0o755)
    assert hidden_by(tmp_path / "bin" / "maya", {"PATH": path}) == str(tmp_path / "first" / "maya")
    assert hidden_by(tmp_path / "bin" / "maya", {}) == ""
