"""Finding the command, and becoming it: as `env` and shells do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import LaunchError
from rezup_api.session.launch import find_command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "unfit").write_text("")
    (second / "tool").write_text("#!/bin/sh\n")
    (second / "tool").chmod(0o755)
    (second / "unfit").write_text("#!/bin/sh\n")
    (second / "unfit").chmod(0o755)
    (first / "folder").mkdir()
    (first / "only-unfit").write_text("")
    return first, second


def test_the_first_executable_on_path_is_taken(folders: tuple[Path, Path]) -> None:
    environ = {"PATH": os.pathsep.join(map(str, folders))}
    assert find_command("tool", environ) == str(folders[1] / "tool")
    assert find_command("unfit", environ) == str(folders[1] / "unfit")


@pytest.mark.parametrize(("name", "status"), [("nothing", 127), ("only-unfit", 126), ("folder", 127), ("", 127)])
def test_what_cannot_be_run_has_the_status_of_shells(folders: tuple[Path, Path], name: str, status: int) -> None:
    with pytest.raises(LaunchError) as caught:
        find_command(name, {"PATH": os.pathsep.join(map(str, folders))})
    assert caught.value.status == status


def test_a_name_with_a_slash_is_a_path(folders: tuple[Path, Path]) -> None:
    assert find_command(str(folders[1] / "tool"), {"PATH": ""}) == str(folders[1] / "tool")
    with pytest.raises(LaunchError) as caught:
        find_command(str(folders[0] / "folder"), {})
    assert caught.value.status == 126
