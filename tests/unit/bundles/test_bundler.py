"""Bundles of revisions: what goes in, what cannot, and that a bundle gives the same revision again."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, library_wheel, project_folder

from rezup_api.bundles import fetch
from rezup_api.bundles.archive import unpack
from rezup_api.bundles.bundler import Bundler
from rezup_api.errors import InstallError, NotFoundError
from rezup_api.events import silent
from rezup_api.packages.lock_source import read_lock_source
from rezup_api.packages.platforms import PLATFORMS, here, parse_platforms
from rezup_api.process.runner import Completed
from rezup_api.resolve.pip import PipEngine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.unit.machine import Machine

    from rezup_api.events import Step
    from rezup_api.process import runner
    from rezup_api.store.revision import Revision


@pytest.fixture(autouse=True)
def downloads(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is asked of pip; it takes wheels from the engine's folder, by name and version."""
    asked: list[list[str]] = []

    def take(
        self: PipEngine, environment: Path, command: str, lines: Sequence[str], *rest: Sequence[str] | Step | None
    ) -> runner.Completed:
        words = rest[0]
        assert isinstance(words, list)
        asked.append([command, *lines])
        for line in lines:
            name, _, version = line.split(" ")[0].partition("==")
            found = list(engine.index.glob(f"{name}-{version}-*.whl"))
            if not found:
                return Completed(("pip",), 1, "", f"No matching distribution found for {name}")
            shutil.copy(found[0], words[words.index("--dest") + 1])
        return Completed(("pip",), 0, "", "")

    monkeypatch.setattr(PipEngine, "fetch", take)
    monkeypatch.setattr(fetch, "create_environment", lambda *words, **options: None)
    return asked


def bundle(machine: Machine, revision: Revision, path: Path, *platforms: str) -> int:
    """Make a bundle; the number of its wheels."""
    builder = machine.builder()
    bundler = Bundler(builder.settings, builder.environ, silent)
    return bundler.bundle(revision, path, parse_platforms(platforms or (here(),))).wheels


def test_a_bundle_gives_the_same_revision(machine: Machine, engine: FakeEngine, tmp_path: Path) -> None:
    library_wheel(engine.index, "six", "1.0")
    made = machine.make('[rez]\nlib = ["six"]')
    assert bundle(machine, made, tmp_path / "dev.zip") == 3
    for path in engine.index.iterdir():
        path.unlink()
    folder = tmp_path / "unpacked"
    folder.mkdir()
    told = unpack(tmp_path / "dev.zip", folder)
    assert str(made) in told
    again = machine.make('[rez]\nlib = ["six"]', origin=read_lock_source(folder, told))
    assert (again.path / "pylock.rez.toml").read_bytes() == (made.path / "pylock.rez.toml").read_bytes()


def test_what_a_bundle_holds(machine: Machine, tmp_path: Path) -> None:
    made = machine.make(message="tested")
    bundle(machine, made, tmp_path / "dev.zip")
    with zipfile.ZipFile(tmp_path / "dev.zip") as packed:
        names = set(packed.namelist())
        metadata = json.loads(packed.read("revision.json"))
    assert {"rezup.toml", "revision.json", "pylock.rez.toml"} <= names
    assert {name for name in names if name.endswith(".whl")} == {
        "wheels/rez-3.4.0-py2.py3-none-any.whl",
        "wheels/pip-25.0-py2.py3-none-any.whl",
    }
    assert metadata["message"] == "tested"
    assert metadata.get("environments", []) == []
    assert machine.left == [], "nothing of the work stays"


def test_wheels_of_local_paths_come_from_beside_the_lock(
    machine: Machine, downloads: list[list[str]], tmp_path: Path
) -> None:
    source = project_folder(tmp_path, "tool")
    made = machine.make(f'[rez]\nlib = ["{source}"]')
    assert bundle(machine, made, tmp_path / "dev.zip") == 3
    with zipfile.ZipFile(tmp_path / "dev.zip") as packed:
        inside = packed.read("wheels/tool-1.0-py2.py3-none-any.whl")
    assert inside == (made.path / "wheels" / "tool-1.0-py2.py3-none-any.whl").read_bytes()


def test_each_platform_is_asked_for_and_nothing_twice(
    machine: Machine, downloads: list[list[str]], tmp_path: Path
) -> None:
    bundle(machine, machine.make(), tmp_path / "dev.zip", *PLATFORMS)
    assert [words[0] for words in downloads] == ["download"], "pure wheels fit all of them"


def test_an_old_bundle_is_replaced_and_a_missing_folder_said(machine: Machine, tmp_path: Path) -> None:
    made = machine.make()
    (tmp_path / "dev.zip").write_text("old", encoding="utf-8")
    bundle(machine, made, tmp_path / "dev.zip")
    assert zipfile.is_zipfile(tmp_path / "dev.zip")
    with pytest.raises(NotFoundError, match="there is no folder"):
        bundle(machine, made, tmp_path / "none" / "dev.zip")


def test_what_cannot_be_fetched_is_said_and_nothing_is_left(
    machine: Machine, engine: FakeEngine, tmp_path: Path
) -> None:
    made = machine.make()
    next(engine.index.glob("pip-*")).unlink()
    with pytest.raises(InstallError, match=r"cannot fetch the wheels for .*"):
        bundle(machine, made, tmp_path / "dev.zip")
    assert not (tmp_path / "dev.zip").exists()
    assert machine.left == []


def test_without_locks_nobody_knows_what_belongs_into_it(machine: Machine, engine: FakeEngine, tmp_path: Path) -> None:
    engine.locks = False
    with pytest.raises(NotFoundError, match="has no lock for rez"):
        bundle(machine, machine.make(), tmp_path / "dev.zip")
