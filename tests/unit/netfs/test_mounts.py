"""Which file systems may hang, told by tables of mounts; and that none of them is touched to find out."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.netfs import mounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no table of mounts on Windows")


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`mounted(("/mnt", "nfs4"), ...)`: what the kernel would tell, in that order, above a local `/`."""
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "MOUNTS", str(table))

    def write(*lines: tuple[str, str]) -> None:
        told = "36 35 98:0 / {} rw,noatime master:1 propagate_from:2 - {} source-of-it rw,errors=continue\n"
        plain = "36 35 98:0 / {} rw - {} - rw\n"
        text = "".join((told, plain)[index % 2].format(*line) for index, line in enumerate((("/", "ext4"), *lines)))
        table.write_bytes(os.fsencode(text))

    return write


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse", "fuse.sshfs", "ceph", "lustre", "autofs", "new"]
)
def test_whatever_is_not_known_to_be_local_may_hang(mounted: Callable[..., None], kind: str) -> None:
    mounted(("/mnt", kind))
    assert mounts.may_hang("/mnt")
    assert mounts.may_hang("/mnt/studio/dev")
    assert not mounts.may_hang("/mnt2"), "it only begins like it"
    assert not mounts.may_hang("/")


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "vfat", "fuseblk", "apfs"])
def test_file_systems_of_this_machine_do_not_hang(mounted: Callable[..., None], kind: str) -> None:
    mounted(("/mnt", kind))
    assert not mounts.may_hang("/mnt/studio")


def test_the_innermost_mount_counts_and_of_two_at_one_place_the_last(mounted: Callable[..., None]) -> None:
    mounted(
        ("/mnt/a/disk", "ext4"),
        ("/mnt/a", "nfs"),
        ("/mnt/b", "nfs"),
        ("/mnt/b", "tmpfs"),
        ("/mnt/c", "tmpfs"),
        ("/mnt/c", "nfs"),
    )
    given = {path: mounts.may_hang(path) for path in ("/mnt/a/x", "/mnt/a/disk/x", "/mnt/b/x", "/mnt/c/x")}
    assert given == {"/mnt/a/x": True, "/mnt/a/disk/x": False, "/mnt/b/x": False, "/mnt/c/x": True}


@pytest.mark.parametrize(
    ("written", "point"),
    [("/mnt/two\\040words", "/mnt/two words"), ("/mnt/a\\134b", "/mnt/a\\b"), ("/mnt/für\\040alle", "/mnt/für alle"),
     ("/mnt/\udcff\\011", "/mnt/\udcff\t"), ("/mnt/a\x0cb\u2028c", "/mnt/a\x0cb\u2028c")],
)  # fmt: skip
def test_what_the_kernel_escapes(mounted: Callable[..., None], written: str, point: str) -> None:
    mounted((written, "nfs"))
    assert mounts.may_hang(f"{point}/studio")
    assert mounts.mount_point(f"{point}/studio") == point
    assert not mounts.may_hang("/mnt/other")


def test_what_the_kernel_escapes_costs_no_import(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("36 35 98:0 / / rw - ext4 - rw\n36 35 98:0 / /two\\040words rw - nfs - rw\n", encoding="ascii")
    code = (
        "import sys; before = set(sys.modules); from rezup_api.netfs import mounts\n"
        f"mounts.MOUNTS = {str(table)!r}; assert mounts.may_hang('/two words/x')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "rezup_api rezup_api.netfs rezup_api.netfs.mounts\n"


def test_links_are_followed_up_to_a_share_and_never_on_it(
    mounted: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path.resolve()
    share = base / "share"
    (share / "inside").mkdir(parents=True)
    (share / "back").symlink_to(base)
    (base / "absolute").symlink_to(share / "inside")
    (base / "folder").mkdir()
    (base / "folder" / "relative").symlink_to("../absolute/../x")
    (base / "twice").symlink_to("folder/relative")
    (base / "circle").symlink_to("circle")
    (base / "local").symlink_to("folder/.")
    mounted((str(share), "nfs"))
    touched: list[str] = []
    read = os.readlink

    def looking(path: str) -> str:
        touched.append(path)
        return read(path)

    monkeypatch.setattr(os, "readlink", looking)
    given = {
        name: mounts.may_hang(f"{base}/{name}")
        for name in ("absolute", "folder/relative", "twice/x", "local/x", "circle")
    }
    assert given == {"absolute": True, "folder/relative": True, "twice/x": True, "local/x": False, "circle": False}
    assert mounts.may_hang(f"{base}/share/back/folder"), "where its links lead is not looked at"
    assert mounts.resolved(f"{base}/local/../folder//x/.") == f"{base}/folder/x"
    assert touched
    assert [path for path in touched if path.startswith(str(share))] == []


def test_without_a_table_everything_may_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", str(tmp_path / "none"))
    assert mounts.may_hang("/")
    assert mounts.may_hang(str(tmp_path))
    assert mounts.mount_point(str(tmp_path)) == "/"


def test_the_real_table_is_understood(tmp_path: Path) -> None:
    assert os.path.ismount(mounts.mount_point(str(tmp_path)))
    assert mounts.mount_may_hang(mounts.resolved(str(tmp_path))) == mounts.may_hang(str(tmp_path))
