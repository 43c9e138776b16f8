"""The archive of a release: the wheels of rezup and of all that it needs, for each platform and Python, with the installer."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Sequence

import _setup

# Each platform: its name for uv, and the newest tag of wheels that pip is to take for it, with all older ones.
PLATFORMS = {
    "linux-x86_64": ("x86_64-manylinux_2_28", ("manylinux_2_28_x86_64", "manylinux2014_x86_64")),
    "linux-aarch64": ("aarch64-manylinux_2_28", ("manylinux_2_28_aarch64", "manylinux2014_aarch64")),
    "macos-arm64": ("aarch64-apple-darwin", ("macosx_13_0_arm64",)),
    "macos-x86_64": ("x86_64-apple-darwin", ("macosx_13_0_x86_64",)),
    "windows-amd64": ("x86_64-pc-windows-msvc", ("win_amd64",)),
}
PYTHONS = tuple(f"3.{minor}" for minor in range(_setup.LOWEST[1], _setup.NEWEST[1] + 1))
# What the installer runs from its own wheel where a Python has no pip.
PIP = "pip>=24"
SUMS = "SHA256SUMS"
SBOM = "sbom.cdx.json"
INCLUDED = ("README.md", "CHANGELOG.md", "LICENSE", "scripts/install.py", "scripts/_setup.py")


def environment() -> Path:
    """The environment with what making a release needs."""

    def install(python: Path) -> None:
        _setup.pip_install(python, "hatchling>=1.27", "uv>=0.9", "cyclonedx-python-lib[json-validation]>=11")

    return _setup.environment(".venv-release", [Path(__file__)], install, "Setting up what makes releases ...")


def epoch() -> int:
    """The moment that everything in a release is dated with: SOURCE_DATE_EPOCH, else that of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isdigit():
        return int(given)
    command = ["git", "-c", "safe.directory=*", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=str(_setup.CHECKOUT), stdout=subprocess.PIPE, text=True, check=False)
    return int(done.stdout.strip() or 1577836800)


def make(output: Path, version: str, platforms: Sequence[str], pythons: Sequence[str]) -> Path:
    """Pack the wheels that lie in a folder with all that they need.

    Args:
        output: the folder with the wheels of both distributions, which gets the archive.
        version: of the release.
        platforms: names from `PLATFORMS`.
        pythons: versions such as "3.11".

    Returns:
        The archive, `rezup-VERSION.zip`.

    Raises:
        SetupError: a wheel cannot be had.
    """
    python = _setup.python_of(environment())
    with tempfile.TemporaryDirectory(prefix="rezup-release-") as name:
        folder = Path(name) / f"rezup-{version}"
        (folder / "wheels").mkdir(parents=True)
        (folder / "scripts").mkdir()
        for file in INCLUDED:
            shutil.copy(str(_setup.CHECKOUT / file), str(folder / file))
        ours = [output / f"{one}-{version}-py3-none-any.whl" for one in _setup.DISTRIBUTIONS]
        for platform in platforms:
            for one in pythons:
                _download(python, ours, folder / "wheels", platform, one)
        for wheel in ours:
            shutil.copy(str(wheel), str(folder / "wheels"))
        bill: list[_setup.Word] = [
            python,
            "-I",
            Path(__file__).with_name("_sbom.py"),
            folder / "wheels",
            folder / SBOM,
            version,
        ]
        _setup.run_quietly([*bill, str(epoch())], "Writing the bill of materials")
        write_sums(folder)
        target = output / f"rezup-{version}.zip"
        _pack(folder, target)
        for file in (SBOM, SUMS):
            shutil.copy(str(folder / file), str(output / file))
    return target


def _download(python: Path, ours: Sequence[Path], wheels: Path, platform: str, version: str) -> None:
    """Put the wheels that one platform and Python need into the folder."""
    of_uv, tags = PLATFORMS[platform]
    with tempfile.TemporaryDirectory(prefix="rezup-wheels-") as name:
        wanted, lock = Path(name) / "wanted.txt", Path(name) / "lock.txt"
        wanted.write_text("\n".join([*(f"{one.stem.split('-')[0]} @ {one.as_uri()}" for one in ours), PIP]))
        target = ["--python-platform", of_uv, "--python-version", version, "--only-binary", ":all:"]
        uv: list[_setup.Word] = [_setup.script_of(python.parent.parent, "uv"), "pip", "compile", wanted, "-o", lock]
        quiet = ["--no-header", "--no-annotate", *_index(python)]
        _setup.run_quietly([*uv, *target, *quiet], f"Resolving for Python {version} on {platform}")
        others = [line for line in lock.read_text(encoding="utf-8").splitlines() if " @ " not in line]
        lock.write_text("\n".join(others), encoding="utf-8")
        pip: list[_setup.Word] = [python, "-I", "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
        options: list[_setup.Word] = ["--no-deps", "--only-binary", ":all:", "--dest", wheels, "-r", lock]
        options += ["--python-version", version, *(word for tag in tags for word in ("--platform", tag))]
        _setup.run_quietly([*pip, *options], f"Downloading for Python {version} on {platform}")


def _index(python: Path) -> list[str]:
    """The option by which uv asks the index that pip is configured for; none if there is none."""
    command = [str(python), "-I", "-m", "pip", "config", "get", "global.index-url"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    found = os.environ.get("PIP_INDEX_URL") or done.stdout.strip()
    return ["--default-index", found] if found else []


def write_sums(folder: Path) -> None:
    """Write the SHA-256 digest of every file below a folder, as `sha256sum --check` reads it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}" for path in files
    ]
    (folder / SUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pack(folder: Path, target: Path) -> None:
    """Write the archive so that the same content always gives the same bytes."""
    from datetime import datetime, timezone

    moment = datetime.fromtimestamp(max(epoch(), 315532800), timezone.utc).timetuple()[:6]  # a zip begins in 1980
    with zipfile.ZipFile(str(target), "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                member = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), moment)
                member.external_attr = 0o644 << 16
                # Wheels are compressed already.
                member.compress_type = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
                archive.writestr(member, path.read_bytes())
