"""Which folders are shared as a whole, and that they come back where nothing of them is left."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from rezup_api.cache.content_store import FileStore
from rezup_api.disk.staging import staged
from rezup_api.environments.shared_data import LEAST, DataTrees, data_folders, linked
from rezup_api.store.layout import ContainerFolder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


def package(packages: Path, name: str, data: str = "data", folders: int = LEAST) -> Path:
    """A package with data in it; the data's folder."""
    (packages / name).mkdir(parents=True)
    (packages / name / "__init__.py").touch()
    for number in range(folders - 1):
        (packages / name / data / str(number)).mkdir(parents=True)
        (packages / name / data / str(number) / "file").write_text(f"{name} {number}", encoding="utf-8")
    return packages / name / data


@pytest.fixture
def trees(tmp_path: Path) -> DataTrees:
    (tmp_path / "lists").mkdir()
    return DataTrees(
        ContainerFolder(tmp_path, "dev"),
        FileStore(tmp_path / "files"),
        tmp_path / "lists",
        ExitStack(),
        made_for=tmp_path,
    )


def test_only_large_data_is_shared(tmp_path: Path) -> None:
    large = package(tmp_path, "large")
    package(tmp_path, "small", folders=LEAST - 1)
    package(tmp_path, "cached", data="__pycache__")
    (package(tmp_path, "sub", data="module") / "__init__.py").touch()
    package(tmp_path, "no_package")
    (tmp_path / "no_package" / "__init__.py").unlink()
    package(tmp_path / "large" / "below", "deep")  # whatever is below data is data
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "__init__.py").touch()
    os.symlink(large, tmp_path / "linked" / "data")
    (tmp_path / "large" / "inner").mkdir()
    (tmp_path / "large" / "inner" / "__init__.py").touch()
    found = sorted(path.relative_to(tmp_path).as_posix() for path in data_folders(tmp_path))
    assert found == ["large/below", "large/data"]


def test_what_is_split_is_linked_and_the_same_for_the_next(tmp_path: Path, trees: DataTrees) -> None:
    seen = []
    for moment in ("1.0", "2.0"):
        with staged(trees.folder.path) as stage:
            packages = stage.path / "venv" / "rez" / "site-packages"
            package(packages, "rez")
            found = replace(trees, made_for=stage.path).split(packages)
            listing = trees.store.adopt(stage.path / "venv")
            assert linked(listing) == set(found)
            trees.folder.revisions.mkdir(exist_ok=True)
            stage.appear(trees.folder.revisions / moment)
        data = trees.folder.revisions / moment / "venv" / "rez" / "site-packages" / "rez" / "data"
        assert data.is_symlink()
        assert (data / "3" / "file").read_text(encoding="utf-8") == "rez 3"
        assert len(os.readlink(data)) < 60
        seen.append(list(found))
    assert seen[0] == seen[1]
    assert [path.name for path in trees.folder.data.iterdir()] == seen[0]
    trees.holds.close()


def test_another_container_gets_its_own_from_the_list(tmp_path: Path, trees: DataTrees) -> None:
    with staged(trees.folder.path) as stage:
        package(stage.path / "venv", "rez")
        found = replace(trees, made_for=stage.path).split(stage.path / "venv")
        environment = trees.store.adopt(stage.path / "venv")
    other = replace(trees, folder=ContainerFolder(tmp_path, "other"))
    assert other.restore(environment) == found
    (name,) = found
    assert (other.folder.data / name / "data" / "3" / "file").read_text(encoding="utf-8") == "rez 3"
    assert other.restore(environment) == found, "it is there already"

    trees.holds.close()
    assert not other.folder.data.exists(), "no revision has come about that needs it"
    for path in (trees.lists / f"data-{name}.json", *Path(tmp_path / "files").rglob("*")):
        if path.is_file():
            path.unlink()
    assert other.restore(environment) is None, "then it must be made from nothing"
    assert not other.folder.data.exists()
