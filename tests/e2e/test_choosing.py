"""Pin, roll back, label: typed as an admin types them, killed at any moment, and by many at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.studio import make_revision

from rezup_api.store.history import parse_act
from rezup_api.store.labels import PIN
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.root import local_root

MOMENTS = (1_700_000_001, 1_700_000_002, 1_700_000_003)
A, B, C = (f"{moment}.000000" for moment in MOMENTS)
KILLS = 100
WRITERS = 20


@pytest.fixture
def user(home: Path) -> Machine:
    """Somebody with three revisions of `dev`, and no remote root."""
    for moment in MOMENTS:
        make_revision(home / ".rezup" / "dev", moment, tool="tool")
    return Machine(home)


@pytest.fixture
def employee(home: Path, tmp_path: Path) -> Machine:
    """Somebody in a studio that has published three revisions of `dev`, all built here."""
    for moment in MOMENTS:
        make_revision(home / ".rezup" / "dev", moment, tool="tool", remote=tmp_path / "studio")
    return Machine(home, {"REZUP_ROOT_REMOTE": str(tmp_path / "studio")})


def given(user: Machine, target: str = "dev", *words: str) -> str:
    """The revision that `use` gives."""
    return Path(user.run("use", target, *words, "--", "printenv", "REZUP_REVISION").stdout.strip()).name


def test_a_rollout_that_went_wrong(user: Machine) -> None:
    assert given(user) == C
    told = user.run("rollback", "dev", "-m", "menus are gone").stderr
    assert told == f"Rolled dev back from {C} to {B}, until the next `add`\n"
    assert given(user) == B
    status = user.run("status", "dev").stdout
    assert f"`rezup use dev` gives {B}: rolled back to it, until the next `add`" in status
    make_revision(user.root / "dev", 1_700_000_004, tool="tool")
    assert given(user) == "1700000004.000000"
    history = user.run("history", "dev").stdout
    assert "menus are gone" in history
    assert "rollback" in history


def test_a_rollback_says_in_which_direction_it_went(user: Machine) -> None:
    assert user.run("rollback", "dev", "--to", A).stderr.startswith(f"Rolled dev back from {C} to {A}")
    assert user.run("rollback", "dev", "--to", A).stderr.startswith(f"dev stays at {A}")
    assert user.run("rollback", "dev", "--to", B).stderr.startswith(f"Moved dev forward from {A} to {B}")
    assert user.run("rollback", "dev", "--to", "latest").stderr == f"Moved dev forward from {B} to {C}\n"


def test_unpin_says_what_it_took_away_and_what_use_gives_now(user: Machine) -> None:
    user.run("pin", f"dev@{A}")
    assert user.run("unpin", "dev").stderr == f"Unpinned dev, which was fixed to {A}; `rezup use dev` now gives {C}\n"


def test_a_quick_launch_sees_every_act(user: Machine) -> None:
    user.prepare("use", "dev", "--", "true")
    steps = [
        (("rollback", "dev"), B),
        (("pin", f"dev@{A}"), A),
        (("unpin", "dev"), C),
        (("pin", "dev@~1"), B),
        (("rollback", "dev"), A),
        (("unpin", "dev"), C),
        (("rollback", "dev", "--to", A), A),
        (("rollback", "dev", "--to", "latest"), C),
    ]
    for words, expected in steps:
        user.run(*words)
        assert given(user) == expected, words
        user.prepare("use", "dev", "--", "true")
        assert given(user) == expected, words


def test_from_staging_to_production(user: Machine) -> None:
    user.run("tag", f"dev@{B}", "staging")
    assert given(user, "dev@staging") == B
    user.run("pin", "dev@staging", "-m", "tested by QA")
    assert given(user) == B
    assert "staging" in user.run("status", "dev").stdout
    user.run("tag", "dev@latest", "staging")
    assert (given(user, "dev@staging"), given(user)) == (C, B)
    user.run("untag", "dev", "staging")
    assert "no revision or label 'staging'" in user.run("use", "dev@staging", "--", "true", status=125).stderr


@pytest.mark.parametrize(
    "words",
    [
        ("pin", "dev@~1"),
        ("unpin", "dev"),
        ("rollback", "dev"),
        ("tag", "dev@~1", "staging"),
        ("untag", "dev", "staging"),
    ],
    ids=lambda words: words[0],
)
def test_a_studio_must_say_which_root_is_meant(employee: Machine, tmp_path: Path, words: tuple[str, ...]) -> None:
    refused = employee.run(*words, status=2).stderr
    assert "dev is also published on the remote root" in refused
    assert "--remote" in refused
    assert "--local" in refused
    both = employee.run(*words, "--local", "--remote", status=2).stderr
    assert "not allowed with" in both
    assert not (tmp_path / "studio" / "dev" / "labels").exists()
    assert not (employee.root / "dev" / "history").exists()


def test_the_whole_studio_goes_back(employee: Machine, new_home: Machine, tmp_path: Path) -> None:
    employee.run("rollback", "dev", "--remote", "-m", "C crashes Maya")
    for moment in MOMENTS:
        make_revision(new_home.root / "dev", moment, tool="tool")
    assert (given(employee), given(new_home)) == (B, B)
    assert "C crashes Maya" in new_home.run("history", "dev").stdout
    documents = json.loads(new_home.run("history", "dev", "--json").stdout)
    assert {act["place"] for act in documents["data"]["acts"]} == {"local", "remote"}
    employee.run("pin", f"dev@{C}", "--local")
    told = employee.run("use", "dev", "--", "tool").stderr
    assert f"dev is pinned to {C} on this machine; others get {B}" in told
    employee.run("unpin", "dev", "--remote")
    employee.run("unpin", "dev", "--local")
    assert employee.run("use", "dev", "--", "tool").stderr == ""
    assert given(employee) == C


@pytest.fixture
def new_home(tmp_path: Path) -> Machine:
    """Another machine of the studio."""
    (tmp_path / "another").mkdir()
    return Machine(tmp_path / "another", {"REZUP_ROOT_REMOTE": str(tmp_path / "studio")})


def test_without_a_remote_root_none_can_be_meant(user: Machine) -> None:
    assert "no remote root" in user.run("pin", "dev@~1", "--remote", status=7).stderr
    assert given(user) == C


def test_who_may_not_write_changes_nothing(unprivileged: Machine) -> None:
    for moment in MOMENTS:
        make_revision(unprivileged.root / "dev", moment, tool="tool")
    for words in (("pin", "dev@~1"), ("rollback", "dev"), ("tag", "dev@~1", "staging")):
        refused = unprivileged.run(*words, status=6).stderr
        assert "Permission denied" in refused
        assert "Traceback" not in refused
    assert sorted(os.listdir(unprivileged.root / "dev")) == ["revisions"]


def test_killed_at_any_moment_the_old_or_the_new_holds(user: Machine) -> None:
    """Every act, killed at random moments: what readers see is what it was, or what it was to be."""
    seed = int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000)
    draw = random.Random(seed)
    folder = ContainerFolder(user.root, "dev")
    took = _took(user)
    killed = 0
    for _ in range(KILLS):
        words = draw.choice(
            [
                ("pin", f"dev@{draw.choice((A, B, C))}"),
                ("unpin", "dev"),
                ("rollback", "dev", "--to", draw.choice((A, B))),
                ("tag", f"dev@{draw.choice((A, B, C))}", "staging"),
                ("untag", "dev", "staging"),
            ]
        )
        before = _state(folder)
        with subprocess.Popen(
            user.command(*words), env=user.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            time.sleep(draw.uniform(0.5, 1.1) * took)
            running.send_signal(signal.SIGKILL)
        killed += running.returncode == -signal.SIGKILL
        after = _state(folder)
        for key in ("pin", "staging"):
            touched = (key == "staging") == ("tag" in words[0])
            assert after[key] == before[key] or touched, (seed, words)
        for path in (folder.path / "history").glob("*.json"):
            parse_act(path.read_text(encoding="utf-8"))
    assert killed > KILLS // 10, "they were too quick to be killed"
    user.run("tag", f"dev@{A}", "last")
    user.run("unpin", "dev")
    assert given(user) == C
    assert {path.name for path in folder.path.iterdir()} == {"history", "labels", "revisions"}
    assert {path.name for path in (folder.path / "labels").iterdir()} <= {"last", "staging"}


def _took(user: Machine) -> float:
    """Seconds that an act takes."""
    started = time.monotonic()
    user.run("tag", f"dev@{A}", "staging")
    return time.monotonic() - started


def _state(folder: ContainerFolder) -> dict[str, object]:
    """What is pinned and labelled; fails where a file is not whole."""
    files = {path.name: path.read_text(encoding="utf-8") for path in (folder.path / "labels").iterdir()}
    assert all(text.endswith("\n") for text in files.values())
    assert set(files) <= {PIN, "staging"}
    return {"pin": local_root(folder).pin(), "staging": local_root(folder).labels().get("staging")}


def test_what_many_do_at_once_is_all_in_the_history(user: Machine) -> None:
    commands = [user.command("tag", f"dev@{A}", f"label{number}", "-m", f"by {number}") for number in range(WRITERS)]
    running = [subprocess.Popen(words, env=user.environ, stderr=subprocess.PIPE, text=True) for words in commands]
    for process in running:
        complaint = process.communicate(timeout=120)[1]
        assert process.returncode == 0, complaint
        assert "warning" not in complaint
    folder = ContainerFolder(user.root, "dev")
    acts = local_root(folder).acts()
    assert sorted(act.message for act in acts) == sorted(f"by {number}" for number in range(WRITERS))
    assert sorted(local_root(folder).labels()) == sorted(f"label{number}" for number in range(WRITERS))
    assert {act.act for act in acts} == {"tag"}
    assert {path.name for path in folder.path.iterdir()} == {"history", "labels", "revisions"}
