"""The files of a published revision: read only if they are what was published."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rezup_api.errors import InstallError, RemoteError
from rezup_api.published.manifest import MANIFEST, Content, content_of, manifest_of
from rezup_api.published.sealed_files import SealedFiles
from rezup_api.storage.folder import SharedFolder

FILES: dict[str, bytes | Path] = {"rezup.toml": b"recipe", "revision.json": b"{}", "wheels/a-1.whl": b"PK"}
PREFIX = "dev/revisions/1700000001.000000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a revision."""
    SharedFolder(tmp_path).append("dev/revisions", {MANIFEST: manifest_of(FILES), **FILES}, lambda _: Path(PREFIX).name)
    return tmp_path / PREFIX


def sealed(folder: Path, manifest: bytes | None = None) -> SealedFiles:
    """The files of the revision, sealed by the digest of a manifest."""
    digest = hashlib.sha256(manifest_of(FILES) if manifest is None else manifest).hexdigest()
    return SealedFiles(SharedFolder(folder.parents[2]), PREFIX, digest, InstallError)


def test_what_was_published_is_read(folder: Path) -> None:
    files = sealed(folder)
    assert {name: files.read(name) for name in FILES} == FILES
    assert files.contents == {name: content_of(content) for name, content in FILES.items()}
    assert files.read("pylock.rez.toml") is None


def test_what_somebody_has_added_is_not_there(folder: Path) -> None:
    (folder / "pylock.rez.toml").write_bytes(b"evil")
    assert sealed(folder).read("pylock.rez.toml") is None
    assert sealed(folder).read(MANIFEST) is None


@pytest.mark.parametrize("content", [b"", b"Recipe", b"recipe ", None])
@pytest.mark.parametrize("name", ["rezup.toml", "wheels/a-1.whl"])
def test_a_file_that_is_another_one_is_refused_with_its_path(folder: Path, name: str, content: bytes | None) -> None:
    files = sealed(folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(InstallError) as caught:
        files.read(name)
    assert caught.value.message == f"{folder / name} is not the file that was published"
    assert "publish again" in caught.value.hint
    assert files.read("revision.json") == b"{}", "the others are still good"


def test_a_manifest_that_is_another_one_is_refused_with_its_path(folder: Path) -> None:
    (folder / "rezup.toml").write_bytes(b"evil")
    (folder / MANIFEST).write_bytes(manifest_of({"rezup.toml": b"evil"}))
    for _ in range(2):
        with pytest.raises(InstallError, match=f"^{folder / MANIFEST} is not the file that was published$"):
            sealed(folder).read("rezup.toml")


def test_a_revision_that_was_removed_has_no_files(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    files = sealed(folder)
    assert files.contents == {}
    assert files.read("rezup.toml") is None


def test_the_manifest_is_read_once(folder: Path) -> None:
    files = sealed(folder)
    assert files.contents["rezup.toml"] == Content(hashlib.sha256(b"recipe").hexdigest(), 6)
    (folder / MANIFEST).write_bytes(b"damaged")
    assert files.read("rezup.toml") == b"recipe"


def test_a_manifest_that_was_published_so_and_cannot_be_understood_says_why(folder: Path) -> None:
    data = b'{"format": 2}'
    (folder / MANIFEST).write_bytes(data)
    with pytest.raises(InstallError, match="is damaged: it needs a newer rezup") as caught:
        sealed(folder, data).read("rezup.toml")
    assert str(folder / MANIFEST) in caught.value.message


def test_a_file_that_cannot_be_understood_is_told_with_its_path(folder: Path) -> None:
    files = sealed(folder)
    assert files.understood("rezup.toml", b"12", int) == 12
    with pytest.raises(InstallError, match="is damaged: invalid literal") as caught:
        files.understood("rezup.toml", b"x", int)
    assert str(folder / "rezup.toml") in caught.value.message
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_share_that_is_away_is_no_damage(folder: Path) -> None:
    files = sealed(folder)
    assert files.read("rezup.toml") == b"recipe"
    folder.parents[2].rename(folder.parents[2].with_name("away"))
    with pytest.raises(RemoteError, match="is not there"):
        files.read("rezup.toml")
