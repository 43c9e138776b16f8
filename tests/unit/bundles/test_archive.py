"""Bundles: packed, checked and unpacked; whatever is wrong with one is told, and nothing of it gets out."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from tests.packages import wheel

from rezup_api.bundles import archive
from rezup_api.disk.files import digest_of
from rezup_api.errors import NotFoundError, StorageError, VerificationError
from rezup_api.packages.platforms import PlatformTarget

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TARGET = PlatformTarget("linux", "x86_64", (3, 11))


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """What goes into a bundle: a recipe, metadata, a lock, and its one wheel."""
    folder = tmp_path / "content"
    made = wheel(folder / "wheels", "colours", {"colours.py": "NAME = 'red'\n"})
    (folder / "rezup.toml").write_text("", encoding="utf-8")
    (folder / "revision.json").write_text("{}", encoding="utf-8")
    lock = f"""
lock-version = "1.0"
created-by = "rezup"
[[packages]]
name = "colours"
version = "1.0"
wheels = [{{ name = "{made.name}", path = "wheels/{made.name}", hashes = {{ sha256 = "{digest_of(str(made))}" }} }}]
"""
    (folder / "pylock.rez.toml").write_text(lock, encoding="utf-8")
    return folder


@pytest.fixture
def bundle(content: Path, tmp_path: Path) -> Path:
    """A good one."""
    path = tmp_path / "dev.zip"
    archive.pack(content, path, "dev@1.0", "3.0.0", {"rez": (TARGET,)})
    return path


def changed(bundle: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The bundle with other members."""
    with zipfile.ZipFile(bundle) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    change(members)
    with zipfile.ZipFile(bundle, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return bundle


def manifest_of(members: dict[str, bytes]) -> dict[str, object]:
    document: dict[str, object] = json.loads(members[archive.MANIFEST])
    return document


def test_what_is_packed_comes_out(bundle: Path, content: Path, tmp_path: Path) -> None:
    manifest, found = archive.examine_bundle(bundle)
    assert found == []
    assert (manifest.revision, manifest.targets) == ("dev@1.0", {"rez": (TARGET,)})
    out = tmp_path / "out"
    out.mkdir()
    assert archive.unpack(bundle, out) == "the bundle of dev@1.0"
    files = {path.relative_to(content): path.read_bytes() for path in content.rglob("*") if path.is_file()}
    assert {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()} == files
    again = tmp_path / "again.zip"
    archive.pack(content, again, "dev@1.0", "3.0.0", {"rez": (TARGET,)})
    assert again.read_bytes() == bundle.read_bytes()


def test_one_byte_is_enough(bundle: Path, tmp_path: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[data.index(b"NAME = 'red'") + 8] ^= 1
    bundle.write_bytes(data)
    _, found = archive.examine_bundle(bundle)
    assert len(found) == 1
    assert "colours-1.0" in found[0]
    with pytest.raises(VerificationError, match=r"colours-1\.0"):
        archive.unpack(bundle, tmp_path)


def alter(members: dict[str, bytes]) -> None:
    members["rezup.toml"] = b"description = 'mine'\n"


def lose(members: dict[str, bytes]) -> None:
    del members["revision.json"]


def climb(members: dict[str, bytes]) -> None:
    document = manifest_of(members)
    document["files"] = {"../evil.py": digest_text(b"")}
    members[archive.MANIFEST] = json.dumps(document).encode()
    members["../evil.py"] = b""


def digest_text(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (alter, "rezup.toml: its content has changed"),
        (lose, "revision.json: is missing"),
        (climb, "evil.py: a bundle has no file"),
    ],
)
def test_other_members(bundle: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], told: str) -> None:
    changed(bundle, change)
    _, found = archive.examine_bundle(bundle)
    assert any(told in line for line in found)
    out = tmp_path / "a" / "b"
    out.mkdir(parents=True)
    with pytest.raises(VerificationError, match=told.partition(":")[0]):
        archive.unpack(bundle, out)
    assert not (tmp_path / "a" / "evil.py").exists()


def test_what_is_added_is_told_and_stays_inside(bundle: Path, tmp_path: Path) -> None:
    changed(bundle, lambda members: members.update({"wheels/other.py": b""}))
    assert archive.examine_bundle(bundle)[1] == ["wheels/other.py: is not a part of the bundle"]
    out = tmp_path / "out"
    out.mkdir()
    archive.unpack(bundle, out)
    assert not (out / "wheels" / "other.py").exists()


def test_a_wheel_that_the_lock_asks_for_must_be_there(content: Path, tmp_path: Path) -> None:
    (made,) = (content / "wheels").iterdir()
    made.write_bytes(made.read_bytes() + b"x")
    path = tmp_path / "dev.zip"
    archive.pack(content, path, "dev@1.0", "3.0.0", {"rez": (TARGET,)})
    assert archive.examine_bundle(path)[1] == ["colours: there is no wheel for linux-x86_64 with Python 3.11"]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\x03\x04"])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "dev.zip"
    path.write_bytes(data)
    with pytest.raises(VerificationError, match="is not a bundle, or damaged"):
        archive.examine_bundle(path)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_file_that_is_cut_short(bundle: Path, tmp_path: Path, size: int) -> None:
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[: len(whole) * size // 4])
    with pytest.raises(VerificationError, match="is not a bundle, or damaged"):
        archive.unpack(bundle, tmp_path)


def test_any_other_archive(tmp_path: Path) -> None:
    path = tmp_path / "dev.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a", "b")
    with pytest.raises(VerificationError, match="is not a bundle, or damaged"):
        archive.examine_bundle(path)
    for text in ("[]", "{}", "null", '{"format": 1}', '{"format": "1"}'):
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr(archive.MANIFEST, text)
        with pytest.raises(VerificationError, match="is not a bundle, or damaged"):
            archive.examine_bundle(path)


def test_a_newer_format_names_the_rezup_that_reads_it(bundle: Path) -> None:
    def newer(members: dict[str, bytes]) -> None:
        document = manifest_of(members)
        members[archive.MANIFEST] = json.dumps({**document, "format": 2, "rezup_version": "9.1.0"}).encode()

    changed(bundle, newer)
    with pytest.raises(VerificationError, match="format 2") as caught:
        archive.examine_bundle(bundle)
    assert "rezup 9.1.0" in caught.value.hint


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        archive.examine_bundle(tmp_path / "none.zip")
    with pytest.raises(StorageError):
        archive.examine_bundle(tmp_path)


def test_a_bundle_appears_whole_or_not_at_all(content: Path, tmp_path: Path) -> None:
    target = tmp_path / "none" / "dev.zip"
    with pytest.raises(StorageError):
        archive.pack(content, target, "dev@1.0", "3.0.0", {})
    target = tmp_path / "dev.zip"
    target.mkdir()
    with pytest.raises(StorageError):
        archive.pack(content, target, "dev@1.0", "3.0.0", {})
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".zip") or path.name[0] == "."] == [
        "dev.zip"
    ]


def bomb(path: Path, members: int, size: int, method: int = zipfile.ZIP_DEFLATED) -> None:
    """A bundle whose wheels are nothing but zeros; few bytes of it stand for many."""
    files = {f"wheels/a{number}-1-py3-none-any.whl": "0" * 64 for number in range(members)}
    target = [["linux", "x86_64", [3, 11]]]
    document = {"format": 1, "revision": "dev@1.0", "rezup_version": "3", "targets": {"rez": target}, "files": files}
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.writestr(archive.MANIFEST, json.dumps(document))
        for name in files:
            with packed.open(name, "w") as member:
                for _ in range(size >> 20):
                    member.write(bytes(1 << 20))


def test_what_would_fill_the_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path, out = tmp_path / "bomb.zip", tmp_path / "out"
    out.mkdir()
    bomb(path, 1, 200 << 20)
    assert path.stat().st_size < 1 << 20
    for act in (lambda: archive.unpack(path, out), lambda: archive.examine_bundle(path)):
        with pytest.raises(VerificationError, match="times as large as itself"):
            act()
    assert list(out.iterdir()) == []


def test_members_that_share_their_bytes_count_each(tmp_path: Path, bundle: Path) -> None:
    with zipfile.ZipFile(bundle, "a") as packed:
        first = next(one for one in packed.infolist() if one.filename.startswith("wheels/"))
        for number in range(archive.MOST):
            entry = zipfile.ZipInfo(f"wheels/{number}.whl")
            entry.header_offset, entry.CRC = first.header_offset, first.CRC
            entry.compress_size = entry.file_size = first.file_size
            packed.filelist.append(entry)
            packed.NameToInfo[entry.filename] = entry
        packed._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(VerificationError, match="too many members"):
        archive.unpack(bundle, tmp_path / "out")


def test_a_large_document_is_not_read(bundle: Path) -> None:
    changed(bundle, lambda members: members.update({archive.MANIFEST: b" " * (17 << 20)}))
    with pytest.raises(VerificationError, match=r"bundle\.json: it has 17825792 bytes"):
        archive.examine_bundle(bundle)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unknown_compression_is_refused(tmp_path: Path, method: int) -> None:
    bomb(tmp_path / "dev.zip", 1, 1 << 20, method)
    with pytest.raises(VerificationError, match="compressed in an unknown way"):
        archive.examine_bundle(tmp_path / "dev.zip")


def test_an_encrypted_member_is_refused(bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the flags of the last member, in the list of all members
    bundle.write_bytes(data)
    with pytest.raises(VerificationError, match="is encrypted"):
        archive.examine_bundle(bundle)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_bundle_that_was_cut_off_or_garbled_is_refused(
    bundle: Path, tmp_path: Path, kept: float, method: int
) -> None:
    with zipfile.ZipFile(bundle) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(bundle, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    data = bundle.read_bytes()
    place = int(len(data) * kept)
    (tmp_path / "out").mkdir()
    for damaged in (data[:place], data[:place] + bytes(32) + data[place + 32 :], data[:place] + data[place + 32 :]):
        bundle.write_bytes(damaged)
        with pytest.raises(VerificationError):
            archive.unpack(bundle, tmp_path / "out")


@pytest.mark.parametrize(
    "targets",
    [
        {"rez": [["linux", "x86_64", [3, 2_000_000_000]]]},
        {"rez": [["linux", "x86_64", [3, -1]]]},
        {"rez": [["linux", "x86_64", [3, True]]]},
        {"rez": [["linux", "x86_64", [3]]]},
        {"rez": [["linux", "x86_64", "3.11"]]},
        {"rez": [["linux", "mips", [3, 11]]]},
        {"rez": [["amiga", "x86_64", [3, 11]]]},
        {"rez": [[["linux"], "x86_64", [3, 11]]]},
        {"rez": [["linux", {}, [3, 11]]]},
        {"rez": [1]},
        [],
    ],
)
def test_a_platform_that_cannot_be_is_refused(bundle: Path, targets: object) -> None:
    def state(members: dict[str, bytes]) -> None:
        members[archive.MANIFEST] = json.dumps({**manifest_of(members), "targets": targets}).encode()

    with pytest.raises(VerificationError, match="is not a bundle, or damaged"):
        archive.examine_bundle(changed(bundle, state))


@pytest.mark.parametrize(("key", "value"), [("revision", "dev"), ("revision", 1), ("files", {"rezup.toml": "0"})])
def test_a_manifest_states_what_belongs_there(bundle: Path, key: str, value: object) -> None:
    def state(members: dict[str, bytes]) -> None:
        members[archive.MANIFEST] = json.dumps({**manifest_of(members), key: value}).encode()

    with pytest.raises(VerificationError, match="is not a bundle, or damaged"):
        archive.examine_bundle(changed(bundle, state))


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ({}, ["pylock.rez.toml: the bundle does not say for which platforms it is"]),
        ({"rez": []}, ["pylock.rez.toml: the bundle does not say for which platforms it is"]),
        ({"rez": [["linux", "x86_64", [3, 11]]], "maya": []}, ["maya: has no lock"]),
    ],
)
def test_a_bundle_that_is_for_no_platform_is_not_whole(bundle: Path, targets: object, said: list[str]) -> None:
    def state(members: dict[str, bytes]) -> None:
        members[archive.MANIFEST] = json.dumps({**manifest_of(members), "targets": targets}).encode()

    assert archive.examine_bundle(changed(bundle, state))[1] == said


def test_a_bundle_without_locks_is_not_whole(bundle: Path) -> None:
    def state(members: dict[str, bytes]) -> None:
        members[archive.MANIFEST] = json.dumps({**manifest_of(members), "files": {}, "targets": {}}).encode()
        for name in set(members) - {archive.MANIFEST}:
            del members[name]

    found = archive.examine_bundle(changed(bundle, state))[1]
    assert found == ["rezup.toml: is missing", "revision.json: is missing", "it has no lock"]
