"""A lock of downloaded files: what each is, and which of them lie beside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import tomli
from tests.unit.fake_engine import library_wheel

from rezup_api.disk.files import digest_of
from rezup_api.errors import InstallError
from rezup_api.packages.pylock import parse_lock
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.process import runner
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.resolve.engine import LockRequest
from rezup_api.resolve.pip_lock import Downloading, lock_limits

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="`true` and `false` stand in for pip")


def lock(folder: Path, *requirements: Requirement, status: str = "true") -> str:
    """The lock of what lies in a folder when the download has ended."""
    asked = EnvironmentRequest("rez", host_interpreter(), requirements, (), (), "", ())
    return Downloading(runner.start([status], environ=os.environ), runner.Running.wait, folder, asked).result()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("Six-1.17.0-py2.py3-none-any.whl", ("six", "1.17.0", "wheels")),
        ("Studio.Tool-1.0rc1.tar.gz", ("studio-tool", "1.0rc1", "sdist")),
        ("a-b-2.0.zip", ("a-b", "2.0", "sdist")),
        ("old-0.1.tar.bz2", ("old", "0.1", "sdist")),
    ],
)
def test_each_kind_of_file(tmp_path: Path, file: str, expected: tuple[str, str, str]) -> None:
    (tmp_path / file).write_text("x", encoding="utf-8")
    (package,) = tomli.loads(lock(tmp_path))["packages"]
    name, version, kind = expected
    assert (package["name"], package["version"]) == (name, version)
    entry = package[kind][0] if kind == "wheels" else package[kind]
    assert entry == {"name": file, "path": f"wheels/{file}", "hashes": {"sha256": digest_of(str(tmp_path / file))}}


def test_it_is_a_lock_for_this_python_and_platform(tmp_path: Path) -> None:
    library_wheel(tmp_path, "six", "1.9")
    read = parse_lock(lock(tmp_path, Requirement("six", "six")))
    own, _ = read.versions(host_interpreter())
    assert own.names == ("six==1.9",)
    assert own.lasting
    assert len(read.document["environments"]) == 1
    assert read.document["requires-python"] == f"=={host_interpreter().version[0]}.{host_interpreter().version[1]}.*"


def test_what_was_made_of_a_local_path_is_the_archive_that_was_asked_for(tmp_path: Path) -> None:
    made = library_wheel(tmp_path / "made", "tool")
    library_wheel(tmp_path / "downloads", "tool")
    (package,) = tomli.loads(lock(tmp_path / "downloads", Requirement("tool", "tool", made)))["packages"]
    assert package["archive"]["path"] == str(tmp_path / "downloads" / made.name)


def test_what_is_editable_stays_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "Tool-1.0.zip").touch()  # pip saves it all the same
    tool = Requirement("file:///dev/tool", "Tool", tmp_path, editable=True)
    document = tomli.loads(lock(tmp_path / "downloads", tool))
    assert document["packages"] == [{"name": "tool", "directory": {"path": str(tmp_path), "editable": True}}]


def test_nothing_downloaded_is_an_empty_lock_and_a_failure_an_error(tmp_path: Path) -> None:
    assert tomli.loads(lock(tmp_path / "none"))["packages"] == []
    with pytest.raises(InstallError, match="pip cannot find what the recipe asks for"):
        lock(tmp_path / "none", status="false")


def test_a_file_with_a_wrong_name_is_said(tmp_path: Path) -> None:
    (tmp_path / "nonsense.whl").touch()
    with pytest.raises(InstallError, match=r"nonsense\.whl is not a valid name of a wheel"):
        lock(tmp_path)


EARLIER = """
[[packages]]
name = "six"
version = "1.9"
[[packages]]
name = "studio-tool"
version = "2.0"
[[packages]]
name = "in-place"
directory = { path = "/dev", editable = true }
"""


@pytest.mark.parametrize(
    ("earlier", "upgrades", "limits"),
    [
        ("", (), ()),
        (EARLIER, (), ("six==1.9", "studio-tool==2.0")),
        (EARLIER, ("Studio_Tool",), ("six==1.9",)),
        (EARLIER, ("nonsense",), ("six==1.9", "studio-tool==2.0")),
        ("", ("six",), ()),
    ],
)
def test_what_keeps_its_version(earlier: str, upgrades: tuple[str, ...], limits: tuple[str, ...]) -> None:
    assert lock_limits(LockRequest(earlier=earlier, upgrades=upgrades)) == limits
