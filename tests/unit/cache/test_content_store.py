"""Files of environments, kept once and shared."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.content_store import File, FileStore, Listing, parse_listing
from rezup_api.disk.files import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """An empty cache of contents."""
    (tmp_path / "files").mkdir()
    return FileStore(tmp_path / "files")


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[str], Path]:
    """Make a tree with a file of each kind."""

    def make(name: str) -> Path:
        tree = tmp_path / name
        (tree / "lib" / "pkg" / "empty folder").mkdir(parents=True)
        (tree / "bin").mkdir()
        (tree / "lib" / "pkg" / "a.py").write_bytes(b"x = 1\n")
        (tree / "lib" / "pkg" / "t\u00fcr \u6587.txt").write_bytes(b"text\n")
        (tree / "lib" / "pkg" / "__init__.py").write_bytes(b"")
        (tree / "bin" / "tool").write_bytes(b"#!/bin/sh\n")
        (tree / "bin" / "tool").chmod(0o755)
        (tree / "bin" / "copy").write_bytes(b"#!/bin/sh\n")
        if os.name != "nt":
            (tree / "lib64").symlink_to("lib")
            (tree / "bin" / "python").symlink_to(sys.executable)
        return tree

    return make


def content(tree: Path) -> dict[str, str | bytes]:
    """What a tree holds, without its empty folders."""
    found: dict[str, str | bytes] = {}
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes() + (b"!" if os.access(path, os.X_OK) else b"")
    return found


def inode(path: Path) -> int:
    """What two names of one file have in common."""
    return path.stat().st_ino


def shares(path: Path) -> bool:
    """Whether the file system links by inode here; with reflinks two files stay two."""
    return path.stat().st_nlink > 1


def test_a_tree_comes_back_as_it_was(tmp_path: Path, store: FileStore, plant: Callable[[str], Path]) -> None:
    tree = plant("one")
    before = content(tree)
    listing = store.adopt(tree)
    assert content(tree) == before, "listing a tree leaves it as it is"
    assert listing.size == len(b"x = 1\n" + b"text\n" + b"#!/bin/sh\n" * 2)
    assert store.materialise(listing, tmp_path / "two")
    assert content(tmp_path / "two") == before


@posix
def test_equal_files_are_one(tmp_path: Path, store: FileStore, plant: Callable[[str], Path]) -> None:
    one, two, three = plant("one"), plant("two"), tmp_path / "three"
    store.adopt(one)
    listing = store.adopt(two)
    store.materialise(listing, three)
    if not shares(one / "lib/pkg/a.py"):
        pytest.skip("this file system clones files, so sharing cannot be seen in inodes")
    for name in ("lib/pkg/a.py", "bin/tool"):
        assert inode(one / name) == inode(two / name) == inode(three / name)
    assert inode(one / "bin" / "tool") != inode(one / "bin" / "copy"), "they differ in their mode"


@posix
def test_what_is_shared_is_write_protected(store: FileStore, plant: Callable[[str], Path]) -> None:
    tree = plant("one")
    store.adopt(tree)
    for name in ("lib/pkg/a.py", "bin/tool"):
        mode = stat.S_IMODE((tree / name).stat().st_mode)
        assert not mode & 0o222, f"{name} {mode:o}"
    assert os.access(tree / "bin" / "tool", os.X_OK)


@posix
def test_copies_on_request(tmp_path: Path, plant: Callable[[str], Path]) -> None:
    (tmp_path / "files").mkdir()
    store = FileStore(tmp_path / "files", "copy")
    one = plant("one")
    listing = store.adopt(one)
    assert not any((tmp_path / "files").iterdir()), "a revision of its own needs no cache"
    assert not shares(one / "lib/pkg/a.py")
    assert stat.S_IMODE((one / "lib/pkg/a.py").stat().st_mode) & 0o200
    # What another recipe brought into the cache is copied.
    FileStore(tmp_path / "files").adopt(plant("other"))
    if store.materialise(listing, tmp_path / "two"):
        assert inode(tmp_path / "two" / "bin/tool") != inode(tmp_path / "other" / "bin/tool")


@posix
@pytest.mark.parametrize("name", ["lib/pkg/a.py", "bin/tool"])
def test_damaged_content_is_never_given_out(
    tmp_path: Path, store: FileStore, plant: Callable[[str], Path], name: str
) -> None:
    tree = plant("one")
    listing = store.adopt(tree)
    mark = "x" if listing.files[name].executable else ""
    (kept,) = (tmp_path / "files").rglob(f"{digest_of(str(tree / name))}{mark}")
    kept.chmod(0o644)
    kept.write_bytes(b"changed")
    assert not store.materialise(listing, tmp_path / "two")
    assert not kept.exists(), "it is no longer what its name says"
    # What is installed anew mends the cache.
    assert store.adopt(plant("fresh")).digest == listing.digest
    assert store.materialise(store.adopt(plant("fresher")), tmp_path / "three")
    assert content(tmp_path / "three") == content(tmp_path / "fresh")


@posix
def test_adopting_over_damaged_content(tmp_path: Path, store: FileStore, plant: Callable[[str], Path]) -> None:
    listing = store.adopt(plant("one"))
    digest = listing.files["lib/pkg/a.py"].digest
    (kept,) = (tmp_path / "files").rglob(digest)
    kept.chmod(0o644)
    kept.write_bytes(b"x = 2\n")  # the same length
    os.utime(kept, ns=(listing.files["lib/pkg/a.py"].mtime,) * 2)
    fresh = plant("fresh")
    assert store.adopt(fresh).digest == listing.digest
    assert (fresh / "lib/pkg/a.py").read_bytes() == b"x = 1\n"
    (kept,) = (tmp_path / "files").rglob(digest)
    assert kept.read_bytes() == b"x = 1\n"


def test_missing_content(tmp_path: Path, store: FileStore, plant: Callable[[str], Path]) -> None:
    listing = store.adopt(plant("one"))
    (kept,) = (tmp_path / "files").rglob(listing.files["lib/pkg/a.py"].digest)
    kept.unlink()
    assert not store.materialise(listing, tmp_path / "two")


def test_a_target_that_is_there_is_refused(tmp_path: Path, store: FileStore, plant: Callable[[str], Path]) -> None:
    listing = store.adopt(plant("one"))
    (tmp_path / "two").mkdir()
    with pytest.raises(OSError, match="two"):
        store.materialise(listing, tmp_path / "two")


def test_a_listing_survives_its_text(store: FileStore, plant: Callable[[str], Path]) -> None:
    listing = store.adopt(plant("one"))
    read = parse_listing(listing.to_json())
    assert (dict(read.files), dict(read.links)) == (dict(listing.files), dict(listing.links))
    assert read.digest == listing.digest


def test_the_digest_tells_content_not_place_or_time(store: FileStore, plant: Callable[[str], Path]) -> None:
    one, two = store.adopt(plant("one")), store.adopt(plant("two"))
    assert one.digest == two.digest


@pytest.mark.parametrize(
    "other",
    [
        Listing({"a": File("2", 1, False, 5)}, {"l": "a"}),
        Listing({"b": File("1", 1, False, 5)}, {"l": "a"}),
        Listing({"a": File("1", 1, True, 5)}, {"l": "a"}),
        Listing({"a": File("1", 1, False, 5)}, {"l": "b"}),
        Listing({"a": File("1", 1, False, 5)}, {}),
        Listing({"a": File("1", 1, False, 5), "l": File("1", 1, False, 5)}, {}),
    ],
)
def test_every_difference_shows_in_the_digest(other: Listing) -> None:
    one = Listing({"a": File("1", 1, False, 5)}, {"l": "a"})
    assert one.digest != other.digest
    assert one.digest == Listing({"a": File("1", 1, False, 99)}, {"l": "a"}).digest, "a time stamp is no content"


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "null", '{"format": 2, "files": {}, "links": {}}', '{"format": 1}'),
        *('{"format": 1, "files": {"a": ["1"]}, "links": {}}', '{"format": 1, "files": [], "links": {}}'),
        *('{"format": 1, "files": {"a": 1}, "links": {}}', '{"format": 1, "files": {}, "links": 3}'),
    ],
)
def test_text_that_is_no_listing(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_listing(text)


def test_a_listing_of_another_format(store: FileStore, plant: Callable[[str], Path]) -> None:
    document = json.loads(store.adopt(plant("one")).to_json())
    with pytest.raises(ValueError, match="format"):
        parse_listing(json.dumps({**document, "format": 0}))
