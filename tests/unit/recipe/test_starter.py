"""The starter: written whole or not at all, never over anything."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import StorageError, UsageError
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.schema import KEYS
from rezup_api.recipe.starter import SCHEMA_FILE, STARTER_FILE, keep_schema, renew_schema, write_starter

if TYPE_CHECKING:
    from pathlib import Path


def test_the_starter_is_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    write_starter(path)
    assert load_recipe(".main", path).rez.url == "rez>=2.83"
    assert os.listdir(tmp_path) == ["rezup.toml"]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_the_starter_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    write_starter(tmp_path / "rezup.toml")
    assert stat.S_IMODE((tmp_path / "rezup.toml").stat().st_mode) == stat.S_IMODE((tmp_path / "any").stat().st_mode)


def test_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        write_starter(path)
    assert path.read_text() == "mine"
    assert os.listdir(tmp_path) == ["rezup.toml"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_dangling_link_stays(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        write_starter(path)
    assert os.listdir(tmp_path) == ["rezup.toml"]


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"):
        write_starter(tmp_path / "none" / "rezup.toml")
    assert os.listdir(tmp_path) == []


def test_one_of_many_at_once_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def write() -> None:
        barrier.wait()
        try:
            write_starter(path)
        except UsageError:
            outcomes.append("there")
        else:
            outcomes.append("written")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["there"] * 7 + ["written"]
    assert path.read_bytes() == STARTER_FILE.read_bytes()
    assert os.listdir(tmp_path) == ["rezup.toml"]


@pytest.mark.skipif(os.name == "nt", reason="Windows renames instead")
@pytest.mark.parametrize("replaces", [True, False])
def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaces: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "rezup.toml"
    if replaces:
        write_starter(path)
        assert path.read_bytes() == STARTER_FILE.read_bytes()
        with pytest.raises(UsageError):
            write_starter(path)
    else:
        monkeypatch.setattr(os, "replace", refuse)
        with pytest.raises(StorageError):
            write_starter(path)
    assert os.listdir(tmp_path) == (["rezup.toml"] if replaces else [])


def test_the_first_line_names_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    write_starter(path, schema="file:///a%20b/rezup.schema.json")
    first, _, rest = path.read_bytes().partition(b"\n")
    assert first == b"#:schema file:///a%20b/rezup.schema.json"
    assert rest == STARTER_FILE.read_bytes()
    assert load_recipe(".main", path).warnings == ()


def test_a_copy_of_the_schema_outlives_the_release_that_wrote_it(tmp_path: Path) -> None:
    environ = dict.fromkeys(("XDG_STATE_HOME", "LOCALAPPDATA"), str(tmp_path / "my state"))
    renew_schema(environ)
    assert not (tmp_path / "my state").exists(), "nobody has asked for a copy"
    url = keep_schema(environ)
    copy = tmp_path / "my state" / "rezup" / "rezup.schema.json"
    assert url == copy.as_uri()
    assert copy.read_bytes() == SCHEMA_FILE.read_bytes()
    copy.write_text("{}", encoding="utf-8")
    renew_schema(environ)
    assert copy.read_bytes() == SCHEMA_FILE.read_bytes()
    before = copy.stat().st_ino
    assert keep_schema(environ) == url
    assert copy.stat().st_ino == before, "what is up to date is left alone"
    assert os.listdir(copy.parent) == [copy.name]


def test_no_schema_is_named_where_none_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert keep_schema({"XDG_STATE_HOME": str(tmp_path / "file"), "LOCALAPPDATA": str(tmp_path / "file")}) == ""


def uncommented(text: str) -> str:
    """The starter with every example in force: lines that are TOML behind `# `."""
    return re.sub(r"^# (?=\[|[\w.]+ = )", "", text, flags=re.MULTILINE)


def test_every_example_in_the_starter_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    text = uncommented(STARTER_FILE.read_text(encoding="utf-8"))
    # Two examples exclude each other: Rez from the index, and Rez editable from a path.
    path.write_text(text.replace('url = "rez>=2.83"', 'url = "~/dev/rez"'), encoding="utf-8")
    recipe = load_recipe(".main", path)
    assert recipe.rez.edit
    assert [extension.name for extension in recipe.extensions] == ["rez-pip", "foo"]
    assert recipe.retention.keep == 5
    tables = {key.name.partition(".")[0].removesuffix("[]") for key in KEYS} - {"schema"}
    assert tables <= set(recipe.data)
