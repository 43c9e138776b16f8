"""Settings from the environment, and how paths are expanded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rezup_api.settings import VARIABLES, Settings, absolute, expand, state_folder


def test_defaults_come_from_the_home_folder() -> None:
    settings = Settings.from_environ({"HOME": "/home/ana"})
    assert settings.root_local == "/home/ana/.rezup"
    assert settings.recipes == Path("/home/ana")
    assert settings.root_remote is None
    assert settings.python_path == ()
    assert not settings.skip_init


def test_every_variable_is_read() -> None:
    settings = Settings.from_environ(
        {
            "HOME": "/home/ana",
            "REZUP_ROOT_LOCAL": "~/there",
            "REZUP_ROOT_REMOTE": "$SHARE/rezup",
            "SHARE": "/studio",
            "REZUP_RECIPES": "/recipes",
            "REZUP_DEFAULT_SHELL": "zsh",
            "REZUP_PYTHON_PATH": os.pathsep.join(["/opt/a", "", "~/b"]),
            "REZUP_WHEELHOUSE": "/wheels",
            "REZUP_SKIP_INIT": "0",
        }
    )
    assert settings.root_local == "~/there"
    assert settings.root_remote == "$SHARE/rezup"
    assert settings.recipes == Path("/recipes")
    assert settings.default_shell == "zsh"
    assert settings.python_path == (Path("/opt/a"), Path("/home/ana/b"))
    assert settings.wheelhouse == Path("/wheels")
    assert settings.skip_init, "any non-empty value counts"


def test_empty_variables_are_unset() -> None:
    empty = {variable.name: "" for variable in VARIABLES}
    assert Settings.from_environ({"HOME": "/h", **empty}) == Settings.from_environ({"HOME": "/h"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~/x", "/h/x"),
        ("~", "/h"),
        ("$A/x", "/a/x"),
        ("${A}b", "/ab"),
        ("$UNSET/x", "$UNSET/x"),
        ("a~b", "a~b"),
        ("/plain path", "/plain path"),
    ],
)
def test_paths_are_expanded_from_the_given_environment(text: str, expected: str) -> None:
    assert expand(text, {"HOME": "/h", "A": "/a"}) == expected


def test_a_relative_path_is_taken_from_its_base() -> None:
    assert absolute("../x", {}, Path("/a/b")) == Path("/a/x")


def test_an_absolute_path_needs_no_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert absolute("/a/./b", {}) == Path("/a/b")


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/ana"}, "/state/rezup"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/ana"}, "/home/ana/.local/state/rezup"),
        ({"HOME": "/home/ana"}, "/home/ana/.local/state/rezup"),
    ],
)
def test_the_state_folder_is_that_of_the_user(environ: dict[str, str], folder: str) -> None:
    assert state_folder(environ) == Path(folder)
