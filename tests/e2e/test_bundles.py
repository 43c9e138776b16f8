"""A bundle is all that is needed where there is no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.packages import Index, project, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

CUT_OFF = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--map-root-user",)))
RECIPE = """
[rez]
url = "rez==3.4.0"
lib = ["studio-colours"]
[[extension]]
name = "tools"
url = "{source}"
[shared]
name = "production"
requires = ["studio-shapes"]
"""


def can_be_cut_off() -> bool:
    try:
        return not subprocess.run([*CUT_OFF, "true"], capture_output=True, check=False).returncode
    except OSError:
        return False


cut_off = pytest.mark.skipif(not can_be_cut_off(), reason="needs a network namespace (Linux)")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index of two packages."""
    with Index(tmp_path / "index") as serving:
        for name in ("colours", "shapes"):
            wheel(serving.folder, f"studio-{name}", {f"studio_{name}.py": f"NAME = '{name}'\n"})
        yield serving


@pytest.fixture
def studio(machine: Machine, index: Index, tmp_path: Path) -> Machine:
    """A machine with a revision of `dev` that has something of every kind."""
    source = project(
        tmp_path / "tools", "tools", {"tools/__init__.py": "def main(): print('a tool')\n"},
        entry_points={"console_scripts": ["tool=tools:main"]},
    )  # fmt: skip
    machine.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    machine.recipe(RECIPE.format(source=source), "dev")
    machine.run("add", "dev", "--skip-use")
    return machine


def isolated(tmp_path: Path) -> Machine:
    """A machine without a network, that has never seen anything."""
    home = tmp_path / "an isolated hóme"
    home.mkdir()
    return Machine(home, prefix=CUT_OFF)


@cut_off
def test_a_bundle_installs_with_the_network_cut(studio: Machine, tmp_path: Path) -> None:
    path = tmp_path / "dev.zip"
    told = studio.json("bundle", "dev", "-o", str(path))
    assert told["wheels"] == len([name for name in zipfile.ZipFile(path).namelist() if name.endswith(".whl")]) >= 5
    other = isolated(tmp_path)
    assert "is whole: dev@" in other.run("bundle", "--verify", str(path)).stdout
    other.run("add", "site", "--from", str(path), "--skip-use")
    assert other.run("use", "site", "--", "tool").stdout == "a tool\n"
    code = "import studio_colours, studio_shapes; print(studio_colours.NAME, studio_shapes.NAME)"
    assert other.run("use", "site", "--", "rez-python", "-c", code).stdout == "colours shapes\n"
    assert "is as it was made" in other.run("verify", "site").stdout
    digests = [
        {name: values[0] for name, values in json.loads(text)["files"].items() if not name.endswith(".pyc")}
        for text in (
            (one.revisions(name)[-1] / "files.rez.json").read_text(encoding="utf-8")
            for one, name in ((studio, "dev"), (other, "site"))
        )
    ]
    assert digests[0] == digests[1]
    other.run("add", "site", "--upgrade", "rez", "--skip-use", status=6)


@cut_off
def test_a_wheelhouse_is_enough(studio: Machine, tmp_path: Path) -> None:
    path = tmp_path / "dev.zip"
    studio.run("bundle", "dev", "-o", str(path))
    zipfile.ZipFile(path).extractall(tmp_path / "unpacked")
    other = isolated(tmp_path)
    other.variables["REZUP_WHEELHOUSE"] = str(tmp_path / "unpacked" / "wheels")
    other.recipe('[rez]\nurl = "rez>=3"\nlib = ["studio-colours"]\n', "dev")
    other.run("add", "dev", "--skip-use")
    other.run("use", "dev", "--", "rez-python", "-c", "import studio_colours")
    other.recipe('[rez]\nurl = "rez>=3"\nlib = ["six"]\n', "dev")
    assert "the index does not answer" in other.run("add", "dev", "--skip-use", status=6).stderr
    assert len(other.revisions("dev")) == 1


def test_what_there_are_only_sources_of_is_built(machine: Machine, tmp_path: Path) -> None:
    source = project(tmp_path / "src", "studio-old", {"studio_old/__init__.py": "NAME = 'old'\n"})
    house = tmp_path / "house"
    house.mkdir()
    subprocess.run(
        [
            sys.executable,
            "-c",
            "from setuptools import setup; exec(open('setup.py').read())",
            "sdist",
            "-d",
            str(house),
        ],
        cwd=source,
        check=False,
        capture_output=True,
    )
    if not list(house.iterdir()):
        sdist(source, house)
    machine.variables["PIP_FIND_LINKS"] = str(house)
    machine.recipe('[rez]\nurl = "rez==3.4.0"\nlib = ["studio-old"]\n', "dev")
    machine.run("add", "dev", "--skip-use")
    path = tmp_path / "dev.zip"
    machine.run("bundle", "dev", "-o", str(path))
    names = zipfile.ZipFile(path).namelist()
    assert "wheels/studio_old-1.0-py3-none-any.whl" in names
    assert machine.run("bundle", "--verify", str(path)).returncode == 0
    machine.run("add", "site", "--from", str(path), "--skip-use")
    machine.run("use", "site", "--", "rez-python", "-c", "import studio_old")


def sdist(source: Path, folder: Path) -> None:
    """A source archive (PEP 625), by hand."""
    import tarfile

    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: studio-old\nVersion: 1.0\n", encoding="utf-8")
    with tarfile.open(folder / "studio_old-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "studio_old-1.0")


def test_a_bundle_for_other_platforms(machine: Machine, index: Index, tmp_path: Path) -> None:
    made = wheel(index.folder, "studio-native", {"studio_native.py": ""})
    for tag in ("manylinux_2_17_x86_64.manylinux2014_x86_64", "win_amd64"):
        (made.parent / f"studio_native-1.0-py3-none-{tag}.whl").write_bytes(made.read_bytes())
    made.unlink()
    machine.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    machine.recipe('[rez]\nurl = "rez==3.4.0"\nlib = ["studio-native"]\n', "dev")
    machine.run("add", "dev", "--skip-use")
    path = tmp_path / "dev.zip"
    machine.run("bundle", "dev", "-o", str(path), "--platform", "linux", "--platform", "windows")
    names = [name for name in zipfile.ZipFile(path).namelist() if "studio_native" in name]
    assert [name.rpartition("-")[2] for name in sorted(names)] == [
        "manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "win_amd64.whl",
    ]
    path.unlink()
    refused = machine.run("bundle", "dev", "-o", str(path), "--platform", "macos", status=6).stderr
    assert "studio-native" in refused
    assert "macos-arm64" in refused
    assert not path.exists()
    assert machine.leftovers("dev") == []


def test_what_cannot_be_bundled_is_told(studio: Machine, tmp_path: Path) -> None:
    path = str(tmp_path / "dev.zip")
    for words, status, told in (
        (("bundle",), 2, "which revision"),
        (("bundle", "dev"), 2, "which revision"),
        (("bundle", "dev", "-o", path, "--platform", "beos"), 2, "there is no platform 'beos'"),
        (("bundle", "dev", "--verify", path), 2, "checks a bundle"),
        (("bundle", "dev@nonesuch", "-o", path), 4, "nonesuch"),
        (("bundle", "dev", "-o", str(tmp_path / "none" / "dev.zip")), 4, "there is no folder"),
        (("bundle", "--verify", path), 4, "there is no file"),
        (("add", "site", "--from", path, "--skip-use"), 4, "is neither a bundle"),
    ):
        assert told in studio.run(*words, status=status).stderr, words
    recipe = f'[rez]\nurl = "rez==3.4.0"\n[[extension]]\nname = "tools"\nurl = "{tmp_path / "tools"}"\nedit = true\n'
    studio.recipe(recipe, "dev")
    studio.run("add", "dev", "--skip-use")
    assert "tools of dev@" in studio.run("bundle", "dev", "-o", path, status=6).stderr
    assert not Path(path).exists()


def test_a_damaged_bundle_leaves_nothing(studio: Machine, tmp_path: Path) -> None:
    path = tmp_path / "dev.zip"
    studio.run("bundle", "dev", "-o", str(path))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = studio.run("bundle", "--verify", str(path), status=8).stdout
    assert "wheels/" in found
    assert "is damaged" in studio.run("add", "site", "--from", str(path), "--skip-use", status=8).stderr
    assert not studio.revisions("site")
    assert not studio.leftovers("site")
