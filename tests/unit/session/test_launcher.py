"""The text of launchers: what it says, and that the system runs rezup by it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import UsageError
from rezup_api.session.launcher import Launcher, launcher_name, launcher_text, parse_launcher, requested_packages
from rezup_api.session.launchers import list_launchers, read_launcher, write_launchers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no launchers on Windows")

PLAIN = Launcher("maya", "prod@staging", "maya", (), ("/bin/rezup",))
IN_REZ = Launcher("maya-show", "prod", "maya", ("maya-2024", "~nuke", "a b"), ("/usr/bin/python3", "-m", "rezup"))
SAYS = "#!{}\nimport sys\nprint(sys.argv[1:])\nsys.exit(7)\n"


def stand_in(folder: Path) -> Launcher:
    """A launcher for a rezup that says with what it was started, and ends with 7."""
    folder.mkdir(exist_ok=True)
    (folder / "rezup").write_text(SAYS.format(sys.executable), encoding="utf-8")
    (folder / "rezup").chmod(0o755)
    return replace(PLAIN, command=(str(folder / "rezup"),))


@pytest.mark.parametrize(
    ("launcher", "words"),
    [
        (PLAIN, ("use", "prod@staging", "--", "maya")),
        (IN_REZ, ("use", "prod", "--", "rez-env", "maya-2024", "~nuke", "a b", "--", "maya")),
    ],
)
def test_it_stands_for_a_command_line(launcher: Launcher, words: tuple[str, ...]) -> None:
    assert launcher.words == words


@pytest.mark.parametrize(
    "launcher",
    [
        PLAIN,
        IN_REZ,
        replace(PLAIN, tool="rez-env"),
        replace(IN_REZ, tool="rez-env"),
        replace(PLAIN, command=("/a 'folder\"/$x/rezup",)),
        replace(PLAIN, tool="b\udce9\u00fc", command=("/\udcff/rezup",)),
    ],
)
def test_what_is_written_is_read_back(launcher: Launcher, tmp_path: Path) -> None:
    write_launchers(tmp_path, [launcher])
    assert read_launcher(tmp_path / launcher.name) == launcher
    assert list_launchers(tmp_path) == [launcher]
    assert os.listdir(tmp_path) == [launcher.name]
    assert (tmp_path / launcher.name).stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("folder", ["plain", "a folder", "a 'folder\"$x`", "d" * 150])
def test_rezup_is_started_with_its_path_and_all_words(tmp_path: Path, folder: str) -> None:
    """By the kernel, or, where the path of rezup is none that the kernel takes, by sh; and by a shell that is given the file."""
    launcher = stand_in(tmp_path / folder)
    write_launchers(tmp_path, [launcher])
    path = str(tmp_path / "maya")
    for start in ([path], ["sh", path]):
        done = subprocess.run([*start, "a b", "", "--", "-h"], capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr, done.returncode) == (f"{[path, 'a b', '', '--', '-h']}\n", "", 7)


def test_on_linux_no_shell_is_started() -> None:
    first = launcher_text(PLAIN).splitlines()[0]
    assert first == ("#!/bin/rezup" if sys.platform == "linux" else "#!/bin/sh")
    assert launcher_text(IN_REZ).splitlines()[0] == "#!/bin/sh", "the kernel passes one word on, and not two"


def test_rezup_may_be_installed_anew_behind_a_link(tmp_path: Path) -> None:
    stand_in(tmp_path / "old")
    (tmp_path / "rezup").symlink_to("old/rezup")
    write_launchers(tmp_path, [replace(PLAIN, command=(str(tmp_path / "rezup"),))])
    (tmp_path / "old").rename(tmp_path / "new")
    assert list_launchers(tmp_path)[0].broken
    (tmp_path / "rezup").unlink()
    (tmp_path / "rezup").symlink_to("new/rezup")
    assert not list_launchers(tmp_path)[0].broken
    assert subprocess.run([tmp_path / "maya"], capture_output=True, check=False).returncode == 7


@pytest.mark.parametrize("word", ["a\tb", "a\nb", "\x1b[31m", "\0"])
def test_words_that_a_line_cannot_hold_are_refused(tmp_path: Path, word: str) -> None:
    for launcher in (
        replace(PLAIN, tool=word),
        replace(IN_REZ, packages=("maya", word)),
        replace(PLAIN, command=(f"/{word}",)),
    ):
        with pytest.raises(UsageError, match="a launcher cannot hold"):
            write_launchers(tmp_path, [launcher])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("told", ["", "use", "use\tprod", "use\tprod\t--"])
def test_a_launcher_whose_line_is_damaged_is_still_one_of_ours(told: str) -> None:
    found = parse_launcher("maya", f"#!/bin/sh\n# rezup launcher:\t{told}\nexec 'rezup")
    assert found == Launcher("maya", "", "", (), ())
    assert found.broken


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#!/bin/sh\n",
        "# rezup launcher:\tuse\n",
        "#!/bin/sh\n\n# rezup launcher:\tuse\n",
        "#!/bin/sh\n# rezup launcher: x\n",
    ],
)
def test_other_texts_are_no_launchers(text: str) -> None:
    assert parse_launcher("maya", text) is None


@pytest.mark.parametrize("name", ["", ".maya", "-maya", "a/b", "..", "a b", "a:b", "rezup", "\u00e4", "a\n"])
def test_names_that_no_launcher_can_have(name: str) -> None:
    with pytest.raises(UsageError):
        launcher_name(name)


@pytest.mark.parametrize("name", ["maya", "rez-env", "python3.11", "_rez_fwd", "g++", "3de"])
def test_names_that_a_launcher_can_have(name: str) -> None:
    assert launcher_name(name) == name


@pytest.mark.parametrize(
    ("text", "packages"), [("", ()), ("maya-2024  show", ("maya-2024", "show")), ("'a b' ~c !d", ("a b", "~c", "!d"))]
)
def test_a_request_is_split_as_by_a_shell(text: str, packages: tuple[str, ...]) -> None:
    assert requested_packages(text) == packages


@pytest.mark.parametrize("text", ["'maya", "--time 1 maya"])
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        requested_packages(text)
    assert "maya show" in caught.value.hint
