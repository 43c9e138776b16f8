"""The two distributions, as they are built and installed."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import pytest

import rezup
import rezup_api

PACKAGES = {"rezup": "rezup", "rezup_api": "rezup-api"}
PIP: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheels(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels, by package; built without a network."""
    folder = tmp_path_factory.mktemp("wheels")
    options: list[str | Path] = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", folder]
    run([*PIP, "wheel", *options, *(checkout / name for name in PACKAGES)])
    found = {path.name.split("-")[0]: path for path in folder.glob("*.whl")}
    assert set(found) == set(PACKAGES)
    return found


def run(command: list[str | Path]) -> str:
    """What a command prints that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def member(wheel: Path, ending: str) -> str:
    """The text of the one file in a wheel whose path ends so."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(ending))
        return archive.read(name).decode()


def test_both_have_one_version() -> None:
    assert rezup.__version__ == rezup_api.__version__


@pytest.mark.parametrize("package", PACKAGES)
def test_a_wheel_holds_exactly_what_the_package_holds(package: str, wheels: dict[str, Path], checkout: Path) -> None:
    sources = checkout / package / "src"
    expected = {path.relative_to(sources).as_posix() for path in sources.rglob("*") if path.is_file()}
    expected = {name for name in expected if "__pycache__" not in name}
    if package == "rezup_api":
        expected |= {f"rezup_api/recipe/examples/{path.name}" for path in (checkout / "recipes").glob("*.toml")}
    with ZipFile(wheels[package]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected
    assert f"{package}/py.typed" in names


def test_a_wheel_of_the_source_distribution_is_the_same(
    wheels: dict[str, Path], checkout: Path, tmp_path: Path
) -> None:
    options: list[str | Path] = ["-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path]
    subprocess.run([sys.executable, *options], cwd=checkout / "rezup_api", check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    (tmp_path / "wheels").mkdir()
    building: list[str | Path] = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir"]
    run([*PIP, "wheel", *building, tmp_path / "wheels", archive])
    (again,) = (tmp_path / "wheels").glob("*.whl")
    with ZipFile(again) as ours, ZipFile(wheels["rezup_api"]) as plain:
        assert sorted(ours.namelist()) == sorted(plain.namelist())


@pytest.mark.parametrize("package", PACKAGES)
def test_metadata(package: str, wheels: dict[str, Path], checkout: Path) -> None:
    metadata = message_from_string(member(wheels[package], ".dist-info/METADATA"))
    assert metadata["Name"] == PACKAGES[package]
    assert metadata["Version"] == rezup.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_payload() == (checkout / package / "README.md").read_text(encoding="utf-8")
    licence = (checkout / "LICENSE").read_text(encoding="utf-8")
    assert member(wheels[package], ".dist-info/licenses/LICENSE") == licence


def test_the_command_needs_the_library_of_its_own_version(wheels: dict[str, Path]) -> None:
    metadata = message_from_string(member(wheels["rezup"], ".dist-info/METADATA"))
    assert f"rezup-api=={rezup.__version__}" in metadata.get_all("Requires-Dist", [])
    assert "rezup = rezup.__main__:main" in member(wheels["rezup"], ".dist-info/entry_points.txt").splitlines()


def test_wheels_install_from_a_folder(wheels: dict[str, Path], tmp_path: Path) -> None:
    run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"])
    bin_folder = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    python = bin_folder / "python"
    folder = wheels["rezup"].parent
    options: list[str | Path] = ["--no-index", "--no-deps", "--quiet", "--find-links", folder]
    run([*PIP, "--python", python, "install", *options, "rezup", "rezup-api"])
    code = "import json, rezup, rezup_api; print(json.dumps([rezup.__version__, rezup_api.__file__]))"
    version, file = json.loads(run([python, "-I", "-c", code]))
    assert version == rezup.__version__
    assert Path(file).is_relative_to(tmp_path)
    assert list(bin_folder.glob("rezup*"))


def test_git_ignores_no_source(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes((checkout / ".gitignore").read_bytes())
    run(["git", "-C", tmp_path, "init", "--quiet"])
    tops = [
        *(checkout / name / "src" for name in PACKAGES),
        checkout / "recipes",
        checkout / "docs",
        checkout / "tests",
    ]
    found = [path for top in tops for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    names = "\n".join(path.relative_to(checkout).as_posix() for path in found if path.suffix != ".pyc")
    command: list[str | Path] = ["git", "-C", tmp_path, "check-ignore", "--no-index", "--stdin"]
    done = subprocess.run(command, input=names, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 1, done.stderr  # none of them is ignored


@pytest.mark.slow
def test_a_release_says_where_newer_ones_are_only_if_its_build_was_told(
    wheels: dict[str, Path], checkout: Path, tmp_path: Path
) -> None:
    assert 'SOURCE = ""\n' in member(wheels["rezup"], "rezup/__init__.py")
    options: list[str | Path] = ["--source", "https://x.org/simple", "--sdist", "--output", tmp_path]
    told = run([sys.executable, checkout / "scripts" / "release.py", *options])
    (built,) = tmp_path.glob("rezup-*.whl")
    assert told.splitlines() == sorted(str(path) for path in tmp_path.iterdir())
    assert len(told.splitlines()) == 4
    assert "SOURCE = 'https://x.org/simple'\n" in member(built, "rezup/__init__.py")
    with ZipFile(built) as ours, ZipFile(wheels["rezup"]) as plain:
        changed = [name for name in plain.namelist() if name.endswith(".py") and ours.read(name) != plain.read(name)]
    assert changed == ["rezup/__init__.py"]
    (archive,) = tmp_path.glob("rezup-*.tar.gz")
    with tarfile.open(archive) as sources:
        source = sources.extractfile(f"rezup-{rezup.__version__}/src/rezup/__init__.py")
        assert source is not None
        assert b"SOURCE = 'https://x.org/simple'\n" in source.read()
    (archive,) = tmp_path.glob("rezup_api-*.tar.gz")
    with tarfile.open(archive) as sources:
        assert any(name.endswith("/recipe/examples/production.toml") for name in sources.getnames())
