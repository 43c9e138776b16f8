"""Pins and labels, of a machine and of a studio: what `use` gives and says, and that a prepared launch heeds them."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.studio import entered, make_revision, publish

from rezup_api.disk.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

MOMENTS = (1_700_000_001, 1_700_000_002, 1_700_000_003)
OLDEST, MIDDLE, NEWEST = (f"{moment}.000000" for moment in MOMENTS)


def label(container: Path, name: str, timestamp: str) -> Path:
    """Set a label as the documentation says: written elsewhere and renamed into place."""
    folder = container / "labels"
    folder.mkdir(exist_ok=True)
    write_whole(folder / name, f"{timestamp}\n".encode())
    return folder / name


@pytest.fixture
def user(home: Path, remote: Path) -> Machine:
    """Somebody who has all three revisions of `dev` that the studio has published."""
    for moment in MOMENTS:
        make_revision(home / ".rezup" / "dev", moment, tool="tool", remote=remote)
    return Machine(home, {"REZUP_ROOT_REMOTE": str(remote)})


def given(machine: Machine, target: str = "dev", *options: str, warned: str = "") -> str:
    """The timestamp of the revision that is entered; what is said besides must be `warned`."""
    done = machine.run("use", target, *options, "--", "printenv", "REZUP_REVISION")
    assert done.stderr == (f"rezup: warning: {warned}\n" if warned else "")
    return os.path.basename(done.stdout.strip())


def test_a_label_is_entered_and_moved(user: Machine, remote: Path) -> None:
    label(remote / "dev", "staging", OLDEST)
    assert given(user, "dev@staging") == OLDEST
    if os.name == "posix":
        user.prepare("use", "dev@staging", "--", "true")
    label(remote / "dev", "staging", MIDDLE)
    assert given(user, "dev@staging") == MIDDLE
    mine = label(user.root / "dev", "staging", NEWEST)
    assert given(user, "dev@staging") == given(user, "dev@staging", "--local") == NEWEST
    mine.unlink()
    assert given(user, "dev@staging") == MIDDLE
    refused = user.run("use", "dev@staging", "--local", "--", "true", status=125)
    assert "rezup: dev has no revision or label 'staging'\n  -> see what there is: rezup status dev" in refused.stderr


def test_a_pin_of_the_studio_holds_until_it_is_cleared(user: Machine, remote: Path) -> None:
    if os.name == "posix":
        user.prepare("use", "dev", "--", "true")
    assert given(user) == NEWEST
    pin = label(remote / "dev", ".pin", OLDEST)
    assert given(user) == OLDEST
    assert given(user, "dev@latest") == NEWEST
    if os.name == "posix":
        user.prepare("use", "dev", "--", "true")
    label(remote / "dev", ".pin", MIDDLE)
    assert given(user) == MIDDLE
    assert given(user, "dev@~1") == OLDEST
    assert given(user, "dev", "--local") == NEWEST
    pin.unlink()
    assert given(user) == NEWEST


def test_a_machine_that_goes_its_own_way_is_told_every_time(user: Machine, remote: Path) -> None:
    pin = label(user.root / "dev", ".pin", OLDEST)
    for _ in range(3):
        told = f"dev is pinned to {OLDEST} on this machine; others get {NEWEST}"
        assert given(user, warned=told) == OLDEST
    assert given(user, "dev", "--local") == OLDEST
    label(remote / "dev", ".pin", OLDEST)
    assert given(user) == OLDEST
    pin.unlink()
    (remote / "dev" / "labels" / ".pin").unlink()
    assert given(user) == NEWEST


def test_what_a_pin_or_label_names_is_built_when_it_is_missing(publisher: Machine, consumer: Machine) -> None:
    oldest, middle, newest = (publish(publisher) for _ in range(3))
    publisher.run("pin", f"dev@{oldest}", "--remote")
    consumer.run("pull", "dev")
    assert [path.name for path in consumer.revisions("dev")] == [oldest], "what `use` would need"
    assert entered(consumer, "dev").name == oldest
    publisher.run("tag", f"dev@{middle}", "staging", "--remote")
    assert entered(consumer, "dev@staging").name == middle
    label(consumer.root / "dev", ".pin", newest)
    assert entered(consumer, "dev").name == newest
    assert [path.name for path in consumer.revisions("dev")] == [oldest, middle, newest]


@pytest.mark.parametrize("where", ["machine", "studio"])
def test_a_pin_to_what_is_gone_is_one_error(user: Machine, remote: Path, where: str) -> None:
    label(user.root / "dev" if where == "machine" else remote / "dev", ".pin", "1600000000.000000")
    place = "this machine" if where == "machine" else str(remote)
    for words, status in ((("use", "dev", "--", "true"), 125), (("pull", "dev"), 4)):
        refused = user.run(*words, status=status)
        told = refused.stderr.removeprefix(f"rezup: dev is pinned to 1600000000.000000 on {place}, ")
        assert told == "which is not there\n  -> see what there is: rezup status dev\n"
    rows = user.json("status", "dev")["revisions"]
    assert [row["timestamp"] for row in rows] == [NEWEST, MIDDLE, OLDEST], "so it can be seen"
    assert "\ndev        -" in user.run("status").stdout, "what `use` would give is an error"
    assert given(user, f"dev@{MIDDLE}") == MIDDLE
    user.run("drop", "dev", "--yes", "--local")


def test_a_pin_that_says_nothing_names_its_file(user: Machine, remote: Path) -> None:
    mine = label(user.root / "dev", ".pin", "the good one")
    assert (
        f"rezup: {mine} is damaged: it does not hold a timestamp"
        in user.run("use", "dev", "--", "true", status=125).stderr
    )
    mine.unlink()
    theirs = label(remote / "dev", ".pin", "../../x")
    refused = user.run("use", "dev", "--strict", "--", "true", status=125)
    assert f"{theirs} is damaged: it does not hold a timestamp" in refused.stderr


def test_what_was_taken_back_is_not_taken_where_the_share_is_away(user: Machine, remote: Path) -> None:
    assert given(user) == NEWEST
    shutil.rmtree(remote / "dev" / "revisions" / NEWEST)
    assert given(user) == MIDDLE
    remote.rename(remote.with_name("unmounted"))
    away = f"the remote root {remote} is not there; taking dev@{MIDDLE}, which is on this machine"
    for _ in range(2):
        assert given(user, warned=away) == MIDDLE
    remote.mkdir()
    empty = f"the remote root {remote} has no container dev any more; taking dev@{MIDDLE}, which is on this machine"
    for _ in range(2):
        assert given(user, warned=empty) == MIDDLE
    assert "has no container dev any more" in user.run("use", "dev", "--strict", "--", "true", status=125).stderr
    assert given(user, "dev", "--local") == NEWEST
    remote.rmdir()
    remote.with_name("unmounted").rename(remote)
    assert given(user) == MIDDLE
