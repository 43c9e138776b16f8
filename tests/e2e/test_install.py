"""Installing rezup with its own script: from a checkout, from a release without a network, again, and back."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rezup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Words = list[str | Path]

NOBODY = 65534
PYTHON = f"3.{sys.version_info[1]}"
# Names of files in an environment: see scripts/install.py.
MARK, REPLACED = "rezup-installed.txt", "rezup-replaced.txt"
LINE = f"rezup {rezup.__version__} from "

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the release of these tests is for Linux")


# An index that nobody can reach, which a release must not ask.
NO_INDEX = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://127.0.0.1:9/simple"}


def run(
    command: Sequence[str | Path],
    home: Path,
    *,
    status: int = 0,
    path: str = "",
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command of a user with this home folder, and check its exit status."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REZUP_", "XDG_"))}
    environ = {**kept, "HOME": str(home), "PATH": path or os.environ["PATH"], **(variables or {})}
    done = subprocess.run(
        [str(word) for word in command], cwd=home, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def build(checkout: Path, output: Path) -> None:
    """Build the archive of a release for this machine alone."""
    words = ["--output", str(output), "--archive", "--platform", f"linux-{platform.machine()}", "--python", PYTHON]
    script = str(checkout / "scripts" / "release.py")
    done = subprocess.run([sys.executable, script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(".whl")


@pytest.fixture(scope="module")
def release(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what a release consists of."""
    output = tmp_path_factory.mktemp("release")
    build(checkout, output)
    return output


@pytest.fixture
def unpacked(release: Path, tmp_path: Path) -> Path:
    """An unpacked release, which every user can read."""
    tmp_path.chmod(0o755)
    with zipfile.ZipFile(release / f"rezup-{rezup.__version__}.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path / f"rezup-{rezup.__version__}"


def files(folder: Path) -> list[str]:
    """What lies below a folder, but for the empty folders that installing may have made."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_from_a_checkout_again_and_back(checkout: Path, home: Path) -> None:
    script: Words = [sys.executable, checkout / "scripts" / "install.py"]
    told = run(script, home).stdout
    command = home / ".local" / "bin" / "rezup"
    assert f"The command is {command}" in told
    assert f'export PATH="{command.parent}:$PATH"' in told
    assert run([command, "--version"], home).stdout.startswith(f"{LINE}{home}")
    first = command.readlink()
    code = "input(); import rezup_api.studio; print(rezup_api.__file__)"
    running = subprocess.Popen(
        [first.with_name("python"), "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    on_path = f"{command.parent}:{os.environ['PATH']}"
    assert "What to type next: rezup" in run(script, home, path=on_path).stdout
    assert command.readlink() != first
    assert f"rezup is running (process {running.pid})" in run([*script, "--uninstall"], home, status=1).stderr
    told = running.communicate("\n", timeout=60)[0]
    assert told.startswith(str(first.parents[1])), "what was started from it has gone on"
    (home / ".rezup" / "dev").mkdir(parents=True, exist_ok=True)
    (home / ".rezup" / "dev" / "kept").touch()
    told = run([*script, "--uninstall"], home).stdout
    assert f"Removed {command}" in told
    assert files(home / ".local") == []
    assert not (home / ".cache" / "rezup").exists()
    assert (home / ".rezup" / "dev" / "kept").exists()
    assert "was not installed" in run([*script, "--uninstall"], home).stdout


def test_what_was_replaced_long_ago_goes(unpacked: Path, home: Path) -> None:
    environments = home / ".local" / "share" / "rezup-installed"
    for name, marks in (
        ("rezup-1", ()),
        ("rezup-2", (MARK, REPLACED)),
        ("rezup-3", (MARK, REPLACED)),
        ("rezup-4", (MARK, REPLACED)),
    ):
        (environments / name).mkdir(parents=True)
        for mark in marks:
            (environments / name / mark).touch()
        if name in {"rezup-2", "rezup-3"}:
            os.utime(environments / name / REPLACED, (1, 1))
    (environments / "rezup-3" / "python").symlink_to(sys.executable)
    user = subprocess.Popen([environments / "rezup-3" / "python", "-c", "input()"], stdin=subprocess.PIPE)
    run([sys.executable, unpacked / "scripts" / "install.py"], home)
    user.communicate(b"\n")
    left = {path.name for path in environments.iterdir() if path.is_dir()}
    assert left >= {"rezup-3", "rezup-4"}
    assert len(left) == 3, "with the new one; what a killed installation left is gone, and what was replaced long ago"


def test_nothing_of_others_is_replaced(unpacked: Path, home: Path) -> None:
    command = home / "bin" / "rezup"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n", encoding="utf-8")
    script: Words = [sys.executable, unpacked / "scripts" / "install.py", "--bin", str(command.parent)]
    assert "is not one that this script has made" in run(script, home, status=1).stderr
    run([*script, "--uninstall"], home)
    assert files(home) == ["bin/rezup"]


@pytest.mark.parametrize("user", ["root", "nobody"])
def test_a_release_needs_no_network(unpacked: Path, home: Path, user: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, for a network namespace and another user")
    offline = ["unshare", "--net"]
    if user == "nobody":
        offline += ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        for folder in (home, *home.parents):
            if folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055)
        os.chown(home, NOBODY, NOBODY)
    system = shutil.which("python3", path="/usr/bin:/bin")
    python = system if system and user == "nobody" else sys.executable
    script: Words = [*offline, python, unpacked / "scripts" / "install.py"]
    run(script, home, variables=NO_INDEX)
    command = home / ".local" / "bin" / "rezup"
    assert run([*offline, command, "--version"], home).stdout.startswith(LINE)
    assert "There are no containers yet" in run([*offline, command, "status"], home).stdout
    run([*script, "--uninstall"], home, variables=NO_INDEX)
    assert files(home / ".local") == []


@pytest.mark.parametrize("damage", ["changed", "cut off", "missing"])
def test_a_damaged_release_is_refused(unpacked: Path, home: Path, damage: str) -> None:
    wheel = next((unpacked / "wheels").glob("rich-*.whl"))
    content = wheel.read_bytes()
    wheel.unlink()
    if damage == "changed":
        wheel.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    elif damage == "cut off":
        wheel.write_bytes(content[:-1])
    told = run([sys.executable, unpacked / "scripts" / "install.py"], home, status=1).stderr
    assert told.startswith("install: ")
    assert str(wheel) in told
    assert files(home / ".local") == []


def test_a_release_has_its_digests_and_a_bill_of_materials(release: Path, unpacked: Path) -> None:
    lines = (line.split("  ") for line in (unpacked / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    sums = {name: digest for digest, name in lines}
    found = {name: hashlib.sha256((unpacked / name).read_bytes()).hexdigest() for name in files(unpacked)}
    found.pop("SHA256SUMS")
    assert sums == found
    bill = json.loads((release / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {one["bom-ref"]: one["hashes"][0]["content"] for one in bill["components"]}
    wheels = {name.partition("/")[2]: digest for name, digest in sums.items() if name.startswith("wheels/")}
    assert listed == wheels
    assert {"uv", "rezup", "rezup_api", "pip"} <= {name.partition("-")[0] for name in listed}


def test_a_release_built_again_is_the_same(checkout: Path, release: Path, tmp_path: Path) -> None:
    build(checkout, tmp_path)
    again = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    assert again == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in release.iterdir()}


def test_a_folder_that_the_user_names_keeps_what_is_its_own(unpacked: Path, home: Path) -> None:
    folder = home / "opt"
    (folder / "precious").mkdir(parents=True)
    (folder / "precious" / "file").touch()
    script: Words = [sys.executable, unpacked / "scripts" / "install.py", "--to", str(folder)]
    run(script, home)
    run([*script, "--uninstall"], home)
    assert files(folder) == ["precious/file"]
