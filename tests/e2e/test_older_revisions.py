"""Revisions as rezup 2.x and 1.x laid them out are listed, entered, held and removed; half-made ones are not."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Machine, tree_digest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the layout of a POSIX system")
# As the two have written it beside a revision: tables and keys that today's recipes do not have.
RECIPE_2 = """\
description = "default container revision recipe"
schema = "rezup-recipe:2.0"
[[extension]]

[root]
local = ""
remote = false

[env]
STUDIO = "made by 2.x"
TWICE = "${STUDIO} ${STUDIO}"

[pip]
options = [ "--disable-pip-version-check",]

[rez]
name = "rez"
url = "rez>=2.83"

[dotenv.linux]

[dotenv.darwin]

[dotenv.windows]

[pip.env]
"""
RECIPE_1 = """\
description = "my rez setup"
[root]
local = false
remote = false

[dependency]
toml = "1"

[env]
STUDIO = "made by 1.x"

[rez]
name = "rez"
url = "rez>=2.83"

[[extension]]
name = "foo"
"""


def tool(folder: Path, name: str, said: str) -> None:
    """A console script in a folder of them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\necho "{said} $STUDIO" "$@"\n', encoding="utf-8")
    (folder / name).chmod(0o755)


def revision_2(machine: Machine, timestamp: str, container: str = ".main") -> Path:
    """A revision as rezup 2.6.0 laid it out, with an isolated extension."""
    path = machine.root / container / "revisions" / timestamp
    for name in ("rez", "bar"):
        tool(path / "venv" / name / "bin" / "rez", name, f"{name} of 2.x")
        tool(path / "venv" / name / "bin", "pip", "pip")
        (path / "venv" / name / "bin" / "rez" / ".rez_production_install").write_text("2.114.1", encoding="utf-8")
    (path / "rezup.toml").write_text(RECIPE_2, encoding="utf-8")
    metadata = {
        "rezup_version": "2.6.0",
        "creator": "ana",
        "hostname": "ws12",
        "revision_path": str(path),
        "venvs": ["rez", "bar"],
    }
    (path / "revision.json").write_text(json.dumps(metadata, indent=4), encoding="utf-8")
    return path


def revision_1(machine: Machine, timestamp: str, container: str = ".main") -> Path:
    """A revision as rezup 1.x laid it out."""
    path = machine.root / container / "revisions" / timestamp
    tool(path / "bin", "rez", "rez of 1.x")
    (path / "rezup.toml").write_text(RECIPE_1, encoding="utf-8")
    metadata = {"creator": "ben", "hostname": "ws7", "revision_path": str(path)}
    (path / "revision.json").write_text(json.dumps(metadata), encoding="utf-8")
    return path


def listed(machine: Machine, container: str = ".main") -> list[dict[str, Any]]:
    """The revisions of a container, as `status` tells programs."""
    told = json.loads(machine.run("status", container, "--json").stdout)
    rows: list[dict[str, Any]] = told["data"]["revisions"]
    return rows


def test_they_are_listed(machine: Machine) -> None:
    two, one = revision_2(machine, "1700000000.1234567"), revision_1(machine, "1619780350.588625")
    rows = listed(machine)
    assert [(row["path"], row["ready"], row["current"]) for row in rows] == [
        (str(two), True, True),
        (str(one), True, False),
    ]
    assert [(row["creator"], row["hostname"], row["rezup_version"]) for row in rows] == [
        ("ana", "ws12", "2.6.0"),
        ("ben", "ws7", ""),
    ]
    assert rows[0]["created"] == "2023-11-14T22:13:20+00:00"
    shown = machine.run("status", ".main", TZ="UTC").stdout
    for text in (two.name, one.name, "ana", "ben", "2023-11-14", "2021-04-30"):
        assert text in shown


def test_one_of_2_is_entered(machine: Machine) -> None:
    path = revision_2(machine, "1700000000.1234567")
    before = tree_digest(path)
    script = "rez a 'b c'; bar; echo $TWICE; echo $REZUP_REVISION; echo $REZUP_CONTAINER; echo $PATH"
    done = machine.run("use", "--", "sh", "-c", script, PATH="/usr/bin:/bin")
    assert done.stdout.splitlines() == [
        "rez of 2.x made by 2.x a b c",
        "bar of 2.x made by 2.x",
        "made by 2.x made by 2.x",
        str(path),
        ".main",
        f"{path}/venv/rez/bin/rez:{path}/venv/bar/bin/rez:/usr/bin:/bin",
    ]
    assert tree_digest(path) == before


def test_one_of_1_is_entered(machine: Machine) -> None:
    path = revision_1(machine, "1619780350.588625", "old")
    done = machine.run("use", "old", "--", "sh", "-c", "rez a; echo $PATH", PATH="/usr/bin:/bin")
    assert done.stdout.splitlines() == ["rez of 1.x made by 1.x a", f"{path}/bin:/usr/bin:/bin"]


def test_the_newest_is_entered_whoever_made_it(machine: Machine) -> None:
    two = revision_2(machine, "1700000000.1234567")
    revision_1(machine, "1619780350.588625")
    assert machine.run("use", "--", "printenv", "REZUP_REVISION").stdout == f"{two}\n"
    machine.run("add")
    newest = machine.revisions()[-1]
    assert machine.run("use", "--", "printenv", "REZUP_REVISION").stdout == f"{newest}\n"
    for request in (".main@~1", ".main@1700000000.1234567", ".main@17000"):
        done = machine.run("use", request, "--", "rez")
        assert done.stdout == "rez of 2.x made by 2.x\n", request
    assert machine.run("use", ".main@~2", "--", "rez").stdout == "rez of 1.x made by 1.x\n"


def test_a_new_one_comes_after_those_of_a_clock_that_was_ahead(machine: Machine) -> None:
    seconds = int(time.time()) + 80_000  # what is more than a day ahead is not followed
    ahead = revision_2(machine, f"{seconds}.1234567")
    done = machine.run("add")
    assert "clock" in done.stderr
    old, new = machine.revisions()
    assert old == ahead
    assert new.name == f"{seconds}.123457"
    assert machine.run("use", "--", "printenv", "REZUP_REVISION").stdout == f"{new}\n"


def test_half_made_ones_are_not_entered(machine: Machine) -> None:
    good = revision_2(machine, "1600000000.5")
    (revision_2(machine, "1700000000.1234567") / "revision.json").unlink()
    (revision_1(machine, "1700000001.123456") / "rezup.toml").unlink()
    assert [(row["timestamp"], row["obstacle"]) for row in listed(machine)] == [
        ("1700000001.123456", "it is not complete"),
        ("1700000000.1234567", "it is not complete"),
        (good.name, ""),
    ]
    assert machine.run("use", "--", "printenv", "REZUP_REVISION").stdout == f"{good}\n"
    assert "1700000000" in machine.run("use", ".main@1700000000", "--", "rez", status=125).stderr


def test_they_are_held_and_removed(machine: Machine) -> None:
    path = revision_2(machine, "1700000000.1234567", "old")
    revision_1(machine, "1619780350.588625", "old")
    for request in ("old", "old@1619780350"):
        running = machine.start("use", request, "--", "sh", "-c", "echo begun; exec sleep 60")
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "begun\n"
            assert "old is in use" in machine.run("drop", "old", "--yes", status=5).stderr
        finally:
            running.kill()
            running.communicate()
    machine.run("drop", "old", "--yes")
    assert not path.exists()
