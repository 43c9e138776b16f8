"""Roots whose paths are trouble: in folders that nobody may search, and with bytes that are not UTF-8."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import NOBODY, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="permissions, and file names of any bytes")

VERBS = (
    "status",
    "status dev",
    "use dev -- true",
    "add dev --skip-use",
    "gc",
    "verify dev",
    "history dev",
    "sessions",
    "pin dev",
    "unpin dev",
    "tag dev x",
    "untag dev x",
    "rollback dev",
    "diff dev dev",
    "env dev",
    "pull dev",
    "bundle dev -o bundle.zip",
    "drop dev --yes",
)
STRANGE = os.fsdecode(b"r\xc3\xa4t\xe4t")


@pytest.fixture(scope="module")
def built_once(session_machine: Callable[[], Machine]) -> Machine:
    """A machine with the container `dev`."""
    machine = session_machine()
    machine.run("add", "dev", "--skip-use")
    return machine


@pytest.fixture
def somebody(built_once: Machine) -> Iterator[Machine]:
    """An ordinary user, who may not search what is closed, with the same container."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become another user")
    home = Path(tempfile.mkdtemp())
    try:
        shutil.copytree(built_once.root / "dev", home / "top" / "root" / "dev", symlinks=True)
        subprocess.run(["chown", "-hR", f"{NOBODY}:{NOBODY}", str(home)], check=True)
        identity = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        machine = Machine(
            home, {"REZUP_ROOT_LOCAL": str(home / "top" / "root"), "PYTHONDONTWRITEBYTECODE": "1"}, identity
        )
        if subprocess.run(machine.command("--version"), env=machine.environ, check=False).returncode:
            pytest.skip("another user cannot run the interpreter of these tests")
        yield machine
    finally:
        shutil.rmtree(home)


@pytest.mark.parametrize("closed", ["..", "dev", "dev/revisions", "dev/revisions/*"])
def test_a_folder_that_cannot_be_searched_is_said_by_every_command(somebody: Machine, closed: str) -> None:
    (folder,) = somebody.root.glob(closed) if "*" in closed else [somebody.root / closed]
    before = folder.stat().st_mode
    folder.chmod(0)
    try:
        for verb in VERBS:
            told = somebody.run(*verb.split(), status=None)
            assert told.returncode != 1, (verb, told.stderr)
            assert "internal error" not in told.stderr, (verb, told.stderr)
            if verb.startswith("use") and told.returncode:
                assert told.returncode == 125, told.stderr
    finally:
        if folder.exists():
            folder.chmod(before)


def test_what_cannot_be_read_is_not_as_it_was_made(somebody: Machine) -> None:
    (revision,) = somebody.revisions("dev")
    revision.chmod(0)
    try:
        refused = somebody.run("verify", "dev", status=6)
        assert "Permission denied" in refused.stderr
        assert "as it was made" not in refused.stdout
    finally:
        revision.chmod(0o755)


@pytest.mark.parametrize("closed", ["root", "recipes"])
def test_a_remote_root_or_recipes_that_cannot_be_reached(somebody: Machine, closed: str) -> None:
    place = somebody.home / "closed" / "inner"
    place.mkdir(parents=True)
    place.parent.chmod(0)
    somebody.variables["REZUP_ROOT_REMOTE" if closed == "root" else "REZUP_RECIPES"] = str(place)
    for verb in VERBS:
        told = somebody.run(*verb.split(), status=None)
        assert told.returncode != 1, (verb, told.stderr)
        assert "internal error" not in told.stderr, (verb, told.stderr)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_local_root_that_is_not_utf_8_is_entered_but_not_built_in(
    built_once: Machine, home: Path, locale: str
) -> None:
    root = home / STRANGE
    shutil.copytree(built_once.root / "dev", root / "dev", symlinks=True)
    machine = Machine(home, {"REZUP_ROOT_LOCAL": str(root), "LC_ALL": locale})
    for _ in range(3):
        assert machine.run("use", "dev", "--", "rez-python", "-c", "import rez; print('Rez')").stdout == "Rez\n"
    for verb in (
        "status",
        "status dev --json",
        "env dev --json",
        "verify dev",
        "gc",
        "history dev",
        "sessions",
        "tag dev x",
    ):
        machine.run(*verb.split())
    for verb in ("add dev --skip-use", "bundle dev -o bundle.zip"):
        refused = machine.run(*verb.split(), status=6)
        assert refused.stderr.count("its path is not UTF-8\n  -> set REZUP_ROOT_LOCAL to another folder") == 1
    assert machine.leftovers("dev") == []
    machine.run("drop", "dev", "--yes")


def test_a_remote_root_that_is_not_utf_8_is_a_root_like_any_other(
    publisher: Machine, consumer: Machine, tmp_path: Path
) -> None:
    share = tmp_path / STRANGE
    share.mkdir()
    message = os.fsdecode(b"gr\xfcn")
    for machine in (publisher, consumer):
        machine.variables["REZUP_ROOT_REMOTE"] = str(share)
    publisher.run("add", "dev", "--remote", "--skip-use", "-m", message)
    assert "Rez 3." in consumer.run("use", "dev", "--", "rez", "--version").stdout
    assert consumer.run("use", "dev", "--", "printenv", "REZUP_USING_REMOTE").stdout == "yes\n"
    consumer.run("pin", "dev", "--remote", "-m", message)
    consumer.run("unpin", "dev", "--remote")
    consumer.run("pin", "dev", "--local", "-m", message)
    assert "gr?n" in publisher.run("history", "dev").stdout
    publisher.run("drop", "dev", "--remote", "--yes")
