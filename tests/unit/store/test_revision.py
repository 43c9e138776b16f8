"""Revisions: which there are, which can be entered here, and which one a `REV` means."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.conftest import go_on

from rezup_api.disk.staging import staged
from rezup_api.errors import NotFoundError, StorageError, UsageError
from rezup_api.storage.folder import FolderStorage
from rezup_api.store.layout import BIN, platform_tag
from rezup_api.store.metadata import FORMAT
from rezup_api.store.names import timestamp_order
from rezup_api.store.revision import appear_next, load_revision, newest_first, newest_ready, resolve
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Other

    from rezup_api.store.layout import ContainerFolder

HERE = {
    "format": FORMAT,
    "rezup_version": "3.0.0",
    "platform": platform_tag(),
    "environments": [{"name": "rez", "interpreter": sys.executable}, {"name": "foo"}],
}
REZUP_2 = {"rezup_version": "2.6.0", "venvs": ["rez", "foo"]}
REZUP_1 = {"creator": "ana"}
ADDER = """from rezup_api.disk.staging import staged
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.revision import appear_next
folder = ContainerFolder(Path(sys.argv[1]), "dev")
wait()
for _ in range(20):
  with staged(folder.path) as stage:
    (stage.path / "a").write_text("a")
    (stage.path / "b").write_text("b")
    appear_next(stage, folder)
"""
STAMPS = ["1700000003.000000", "1700000002.5", "1700000002.000001", "1619780350.588625"]


def put(folder: ContainerFolder, timestamp: str, document: dict[str, Any] | str | None, recipe: bool = True) -> Path:
    """A revision's folder with that metadata."""
    path = folder.revisions / timestamp
    path.mkdir(parents=True)
    if document is not None:
        text = document if isinstance(document, str) else json.dumps(document)
        (path / "revision.json").write_text(text, encoding="utf-8")
    if recipe:
        (path / "rezup.toml").touch()
    return path


@pytest.mark.parametrize(
    ("document", "style", "tools"),
    [
        (HERE, "3", ["venv/rez/{bin}/rez", "venv/foo/{bin}/rez"]),
        (REZUP_2, "2.x", ["venv/rez/{bin}/rez", "venv/foo/{bin}/rez"]),
        (REZUP_1, "1.x", ["{bin}"]),
    ],
)
def test_revisions_of_each_version_are_ready(
    folder: ContainerFolder, document: dict[str, Any], style: str, tools: list[str]
) -> None:
    path = put(folder, "1619780350.588625", document)
    revision = load_revision(folder, "1619780350.588625")
    assert revision.ready, revision.obstacle
    assert revision.style == style
    assert list(revision.tool_folders) == [path / tool.format(bin=BIN) for tool in tools]
    assert (revision.path, revision.container, str(revision)) == (path, "dev", "dev@1619780350.588625")
    assert revision.lock_file == path / "revision.json"
    assert revision.recipe_file == path / "rezup.toml"
    assert revision.moment == datetime(2021, 4, 30, 10, 59, 10, 588625, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("document", "obstacle"),
    [
        (None, "it is not complete"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ({**HERE, "format": FORMAT + 1, "rezup_version": "4.2.0"}, f"its format is {FORMAT + 1}, made by rezup 4.2.0"),
        ({**HERE, "platform": "plan9-mips"}, "it was made for plan9-mips"),
        (
            {**HERE, "environments": [{"name": "rez", "interpreter": "/nowhere/python3.1"}]},
            "its interpreter /nowhere/python3.1 is missing here",
        ),
    ],
)
def test_what_stands_in_the_way(folder: ContainerFolder, document: dict[str, Any] | str | None, obstacle: str) -> None:
    put(folder, "1.5", document)
    revision = load_revision(folder, "1.5")
    assert not revision.ready
    assert obstacle in revision.obstacle
    assert newest_ready(folder) is None
    assert [str(found) for found in newest_first(folder)] == ["dev@1.5"], "it is listed all the same"


def test_a_revision_of_rezup_1_is_ready_with_its_recipe(folder: ContainerFolder) -> None:
    path = put(folder, "1.5", REZUP_1, recipe=False)
    assert load_revision(folder, "1.5").obstacle == "it is not complete"
    (path / "rezup.toml").touch()
    assert load_revision(folder, "1.5").ready


def test_a_file_in_place_of_a_revision_is_none(folder: ContainerFolder) -> None:
    folder.revisions.mkdir(parents=True)
    (folder.revisions / "2.5").touch()
    put(folder, "1.5", HERE)
    assert load_revision(folder, "2.5").obstacle == "it is not a folder"
    found = newest_ready(folder)
    assert found is not None
    assert found.timestamp == "1.5"


def test_the_newest_ready_one_is_the_greatest_number(folder: ContainerFolder) -> None:
    assert newest_ready(folder) is None
    for timestamp in ("9.9", "10.1", "10.09", "2.5"):
        put(folder, timestamp, HERE)
    put(folder, "11.1", None)
    (folder.revisions / "99.1.tmp").mkdir()
    (folder.revisions / ".12.1").mkdir()
    assert folder.timestamps() == ["11.1", "10.1", "10.09", "9.9", "2.5"]
    found = newest_ready(folder)
    assert found is not None
    assert found.timestamp == "10.1"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_who_needs_the_newest_reads_only_that(folder: ContainerFolder) -> None:
    put(folder, "2.5", HERE)
    os.mkfifo(put(folder, "1.5", None) / "revision.json")  # reading it would never end
    found = newest_ready(folder)
    assert found is not None
    assert found.timestamp == "2.5"


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a right on Windows")
def test_behind_an_empty_folder_everything_is_what_it_is_alone(folder: ContainerFolder) -> None:
    put(folder, "1700000009.000000", None, recipe=False)
    put(folder, "1700000008.000000", None, recipe=False)
    put(folder, "1700000007.000000", "{")
    put(folder, "1700000006.000000", None, recipe=False)
    put(folder, "1700000005.000000", HERE)
    put(folder, "1700000004.000000", None)
    (folder.revisions / "1700000003.000000").touch()
    put(folder, "1700000002.000000", None)
    (folder.revisions / "1700000001.000000").symlink_to("1700000005.000000")
    put(folder, "1700000000.500000", None)
    (folder.revisions / "1700000000.000000").symlink_to("nowhere")
    names = folder.timestamps()
    assert len(names) == 11
    assert list(newest_first(folder)) == [load_revision(folder, name) for name in names]


def test_no_folder_is_no_revisions_and_a_file_is_an_error(folder: ContainerFolder) -> None:
    assert folder.timestamps() == []
    folder.path.mkdir(parents=True)
    folder.revisions.touch()
    with pytest.raises(StorageError, match="cannot list"):
        folder.timestamps()


def test_containers_of_a_root(folder: ContainerFolder) -> None:
    assert list_containers(FolderStorage(folder.root)) == []
    for name in ("dev", ".main", "a.b", ".staging", ".cache", "not one", "empty"):
        (folder.root / name / "revisions").mkdir(parents=True)
    (folder.root / "empty" / "revisions").rmdir()
    (folder.root / "file").touch()
    assert list_containers(FolderStorage(folder.root)) == [".main", "a.b", "dev"]
    with pytest.raises(StorageError, match="cannot list"):
        list_containers(FolderStorage(folder.root / "file"))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("latest", STAMPS[0]),
        ("~0", STAMPS[1]),
        ("~1", STAMPS[2]),
        ("~2", STAMPS[3]),
        ("1700000003", STAMPS[0]),
        ("1619", STAMPS[3]),
        (STAMPS[2], STAMPS[2]),
        ("1700000002.0", STAMPS[2]),
    ],
)
def test_what_a_request_means(request_: str, expected: str) -> None:
    assert resolve("dev", request_, STAMPS, STAMPS[1]) == expected


def test_a_name_that_another_begins_with_is_meant_itself() -> None:
    assert resolve("dev", "1.5", ["1.55", "1.5"], "1.55") == "1.5"


@pytest.mark.parametrize(
    ("request_", "error", "told"),
    [
        ("17000", UsageError, "'17000' is the beginning of 3 revisions of dev"),
        ("1800", NotFoundError, "dev has no revision '1800'"),
        ("~3", NotFoundError, f"dev has no revision 3 before {STAMPS[1]}"),
        ("staging", NotFoundError, "dev has no revision or label 'staging'"),
    ],
)
def test_what_means_nothing(request_: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        resolve("dev", request_, STAMPS, STAMPS[1])


@pytest.mark.parametrize("request_", ["latest", "~0", "~1", "1"])
def test_where_there_is_nothing_nothing_is_meant(request_: str) -> None:
    with pytest.raises(NotFoundError):
        resolve("dev", request_, [], None)


def test_every_name_is_greater_than_all_before(folder: ContainerFolder) -> None:
    second = int(time.time()) + 80_000
    future = f"{second}.999999"
    seen = []
    for newest in (None, None, future, None):
        with staged(folder.path) as stage:
            seen.append(appear_next(stage, folder, newest))
    assert seen == sorted(seen, key=timestamp_order)
    assert seen[2:] == [f"{second + 1}.000000", f"{second + 1}.000001"]
    assert folder.timestamps() == seen[::-1]
    now = time.time()
    assert now - 60 < float(seen[0]) <= now


def test_names_of_others_are_stepped_over(folder: ContainerFolder) -> None:
    """rsync and rezup 2.x make the folder first: it is not ready, but its name is taken."""
    second = int(time.time()) + 80_000
    (folder.revisions / f"{second}.5").mkdir(parents=True)
    (folder.revisions / "not a revision").mkdir()
    with staged(folder.path) as stage:
        assert appear_next(stage, folder) == f"{second}.500001"


def test_a_name_far_ahead_hides_nothing(folder: ContainerFolder) -> None:
    (folder.revisions / "99999999999.999999999").mkdir(parents=True)
    names = []
    for _ in range(2):
        with staged(folder.path) as stage:
            names.append(appear_next(stage, folder))
    assert time.time() - 60 < float(names[0]) < float(names[1]) <= time.time()


def test_one_far_ahead_is_not_ready_and_says_why(folder: ContainerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    for timestamp in (f"{int(now) + 80_000}.0", f"{int(now) + 90_000}.0", "99999999999.0"):
        path = folder.revisions / timestamp
        path.mkdir(parents=True)
        (path / "revision.json").write_text('{"format": 1, "rezup_version": "3"}', encoding="utf-8")
    far, near, skewed = newest_first(folder)
    assert (far.ready, near.ready, skewed.ready) == (False, False, True)
    assert (
        near.obstacle == f"its name lies 1 day ahead of this machine's clock; if the clock is right, remove {near.path}"
    )
    assert far.fault == near.fault == ""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert all(one.ready for one in newest_first(folder)), "a clock that stands at its beginning judges nothing"


def test_processes_that_add_at_once_all_get_a_name_of_their_own(
    folder: ContainerFolder, other: Callable[..., Other]
) -> None:
    go_on([other(ADDER, folder.root) for _ in range(4)])
    assert len(folder.timestamps()) == 80
    for name in folder.timestamps():
        assert sorted(os.listdir(folder.revisions / name)) == ["a", "b"]
    assert os.listdir(folder.path) == ["revisions"]
