"""What a quick launch may load, and that it agrees with the parts of the library that it cannot afford to import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rezup import fastpath
from rezup.fastpath import EXISTS, identity, record_path
from rezup.fastpath.record import Record
from rezup.fastpath.seal import dumped
from rezup_api.disk import flock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")

# Whatever else Python loads, it loads for `python -c pass` as well.
OURS = {"rezup", "rezup.__main__", "rezup.fastpath"}
# Part of Python itself in many builds.
SYSTEM = {"fcntl"}
# Run in a child: take a record that is written here, and tell what was loaded in place of becoming the command.
LAUNCH = """
import os, sys
before = set(sys.modules)
import rezup.__main__
def told(program, words):
    os.write(1, " ".join(sorted(set(sys.modules) - before)).encode())
    os._exit(0)
os.execv = told
rezup.__main__.main(["use", "dev", "--", sys.executable])
"""


def write_record(home: Path, **changes: object) -> Path:
    """A settled record for `use dev -- COMMAND` that depends on nothing."""
    held = home / "revision.json"
    held.write_text("{}", encoding="utf-8")
    empty = dict.fromkeys(
        ("early", "early_stamps", "shared", "mounted", "script", "variables", "stamps", "removed", "opening", "parent"),
        (),
    )
    fields: dict[str, Any] = {
        **empty,
        "settled": True,
        "identity": identity(),
        "written": 0.0,
        "since": 0.0,
        "revision": str(held),
        "values": {},
        "prefix": "",
        **changes,
    }
    path = Path(record_path(("dev", False, ["command"]), {"HOME": str(home)}))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(dumped(Record(**fields)))
    return path


def loaded(home: Path) -> set[str]:
    """The modules that a launch has loaded until it becomes the command."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REZUP_")}
    done = subprocess.run(
        [sys.executable, "-c", LAUNCH], env={**environ, "HOME": str(home)}, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_quick_launch_loads_nothing_else(home: Path) -> None:
    write_record(home)
    assert loaded(home) <= OURS | SYSTEM
    assert loaded(home) >= OURS


def test_a_site_customize_script_loads_only_what_it_imports(home: Path) -> None:
    code = compile("import colorsys", "site.py", "exec")
    write_record(home, script=("site.py", code))
    assert loaded(home) - OURS - SYSTEM == {"colorsys", "rezup.fastpath.site_script"}


def test_a_remote_root_adds_a_look_at_the_mounts(home: Path) -> None:
    write_record(home, mounted=(str(home),))
    assert loaded(home) - OURS - SYSTEM == {"rezup_api", "rezup_api.netfs", "rezup_api.netfs.mounts"}


def test_a_share_adds_the_guard(home: Path) -> None:
    write_record(home, shared=((str(home / "marker"), ((str(home), EXISTS),)),))
    assert loaded(home) - OURS - SYSTEM == {"rezup_api", "rezup_api.netfs", "rezup_api.netfs.limit"}


def test_a_lease_is_that_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "revision.json"
    path.touch()
    descriptor = fastpath.hold_revision(str(path))
    held = flock.lease(path)
    assert held is not None
    assert descriptor >= flock.LOWEST_DESCRIPTOR
    assert os.get_inheritable(descriptor) == os.get_inheritable(held.descriptor)
    held.release()
    assert flock.claim(path) is None, "the quick launch holds it"
    os.close(descriptor)
    claimed = flock.claim(path)
    assert claimed is not None
    assert fastpath.hold_revision(str(path)) == -1, "it is being removed"
    claimed.release()
    assert fastpath.hold_revision(str(tmp_path / "gone")) == -1
