"""Clean up: what goes, what stays, that nobody is hurt, and that it runs by itself where a studio wants that."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.processes import wait_until
from tests.e2e.studio import make_revision, publish, published

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

MOMENTS = tuple(range(1_700_000_001, 1_700_000_006))
A, B, C, D, E = (f"{moment}.000000" for moment in MOMENTS)
KILLS = 100


@pytest.fixture
def user(home: Path) -> Machine:
    """Somebody with five old revisions of `dev`."""
    for moment in MOMENTS:
        make_revision(home / ".rezup" / "dev", moment, tool="tool")
    return Machine(home)


def left(user: Machine) -> list[str]:
    return [path.name for path in user.revisions("dev")]


def verdicts(user: Machine, *words: str) -> dict[str, tuple[bool, str]]:
    """What `gc` says of each revision."""
    (row,) = json.loads(user.run("gc", "dev", "--json", *words).stdout)["data"]["containers"]
    return {one["timestamp"]: (one["stays"], one["reason"]) for one in row["revisions"]}


def test_without_a_policy_no_revision_goes(user: Machine) -> None:
    told = user.run("gc", "dev").stdout
    assert "No rule says which revisions to remove." in told
    assert left(user) == [A, B, C, D, E]


def test_what_is_named_stays_and_says_why(user: Machine) -> None:
    user.run("tag", f"dev@{A}", "staging")
    user.run("pin", f"dev@{C}")
    said = verdicts(user, "--keep", "1", "--dry-run")
    assert left(user) == [A, B, C, D, E], "it is only said"
    assert said == verdicts(user, "--keep", "1")
    assert left(user) == [A, C, E]
    assert said[A] == (True, "labelled staging")
    assert said[C] == (True, "pinned")
    assert said[E] == (True, "the newest")
    lately = "though `use` gave it in the last 7 days: only a cleanup that starts by itself spares it for that"
    assert said[B] == said[D] == (False, f"beyond the newest 1, {lately}"), "each was current until the next was built"
    history = user.json("history", "dev")["acts"]
    assert [act["detail"] for act in history if act["act"] == "gc"] == [f"{D} {B}"]
    user.run("unpin", "dev")
    user.run("rollback", "dev", "--to", A)
    user.run("gc", "dev", "--keep", "1")
    assert left(user) == [A, E]


def test_rules_of_the_recipe_and_of_the_environment(user: Machine) -> None:
    assert [stays for stays, _ in verdicts(user, "--dry-run", "--older-than", "1000w").values()] == [True] * 5
    user.variables["REZUP_CLEAN_AFTER"] = "1d"
    assert [stays for stays, _ in verdicts(user, "--dry-run").values()] == [True, False, False, False, False]
    user.recipe("[retention]\nkeep = 3\n", "dev")
    assert [stays for stays, _ in verdicts(user, "--dry-run").values()] == [True, True, True, False, False]
    assert [stays for stays, _ in verdicts(user, "--dry-run", "--keep", "4").values()] == [
        True,
        True,
        True,
        True,
        False,
    ]
    for words in (("--older-than", "soon"), ("--keep", "-1"), ("--keep", "x")):
        assert "rezup:" in user.run("gc", "dev", *words, status=2).stderr
    user.run("gc", "dev")
    assert left(user) == [C, D, E]


def test_revisions_that_are_ready_elsewhere_have_a_newest_of_their_own(user: Machine) -> None:
    for moment in MOMENTS[:2]:
        path = user.root / "dev" / "revisions" / f"{moment}.000000" / "revision.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "platform": "windows-amd64"}), encoding="utf-8")
    said = verdicts(user, "--keep", "1")
    assert said[B] == (True, "the newest for windows-amd64")
    assert left(user) == [B, E]


def test_what_is_incomplete_goes_after_a_day(user: Machine) -> None:
    young = user.root / "dev" / "revisions" / "1700000009.000000"
    young.mkdir()
    assert verdicts(user)["1700000009.000000"] == (True, "incomplete, and changed within a day")
    assert young.exists()


def holder(user: Machine, *, how: str) -> Iterator[subprocess.Popen[str]]:
    """A process in `dev` that outlives the session which has started it, one way or another."""
    script = {
        "a session": "echo in; exec sleep 60",
        "in the background": "sleep 60 >/dev/null 2>&1 & echo in $!",
        "closed": f"{sys.executable} -c \"import subprocess; p = subprocess.Popen(['sleep', '60'], close_fds=True, "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); print('in', p.pid)\"",
    }[how]
    running = user.start("use", "dev", "--", "sh", "-c", script)
    assert running.stdout is not None
    words = running.stdout.readline().split()
    assert words[0] == "in"
    yield running
    for process in (int(words[1]) if len(words) > 1 else running.pid,):
        os.kill(process, signal.SIGKILL)
        running.communicate()
        wait_until(lambda process=process: not Path(f"/proc/{process}").exists(), "it goes on")  # type: ignore[misc]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc")
@pytest.mark.parametrize("how", ["a session", "in the background", "closed"])
def test_who_is_in_a_revision_keeps_it(user: Machine, how: str) -> None:
    session = holder(user, how=how)
    next(session)
    make_revision(user.root / "dev", 1_700_000_009, tool="tool")
    assert verdicts(user, "--keep", "1", "--dry-run")[E] == (True, "in use")
    user.run("gc", "dev", "--keep", "1")
    assert left(user) == [E, "1700000009.000000"]
    assert "dev is in use" in user.run("drop", "dev", "--yes", status=5).stderr
    assert left(user) == [E, "1700000009.000000"]
    assert next(session, None) is None
    user.run("gc", "dev", "--keep", "1")
    assert left(user) == ["1700000009.000000"]


def test_it_runs_by_itself_and_spares_what_was_current(machine: Machine) -> None:
    for moment in MOMENTS:
        make_revision(machine.root / "dev", moment, tool="tool")
    machine.recipe("[retention]\nkeep = 2\n", "dev")
    told = machine.run("add", "dev", "--skip-use").stderr
    # Five were built just now, so that each one before was current just now, as far as anybody can tell.
    assert "not needed any more" not in told
    assert len(left(machine)) == 6
    for timestamp in (A, B, C, D):
        os.utime(machine.root / "dev" / "revisions" / timestamp / "revision.json", (0, time.time() - 8 * 86400))
    told = machine.run("add", "dev", "--skip-use").stderr
    assert "Removed 3 revisions that are no longer needed" in told
    assert left(machine)[:1] == [D], "it was current until E was built, just now"
    assert len(left(machine)) == 4
    machine.recipe("", "dev")
    assert "not needed" not in machine.run("add", "dev", "--skip-use").stderr
    told = machine.run("add", "dev", "--skip-use", REZUP_CLEAN_AFTER="soon").stderr
    assert "warning: cannot clean up dev: 'soon' is not a duration" in told


def test_a_pull_cleans_up_as_the_studio_says(publisher: Machine, consumer: Machine) -> None:
    publisher.recipe("[retention]\nkeep = 1\n", "dev")
    timestamps = [publish(publisher) for _ in range(3)]
    for timestamp in timestamps:
        consumer.run("pull", f"dev@{timestamp}")
    assert len(left(consumer)) == 3, "each was current until the next one was built, just now"
    for path in consumer.revisions("dev"):
        os.utime(path / "revision.json", (0, time.time() - 8 * 86400))
    assert "Removed 2 revisions" in consumer.run("pull", "dev").stderr
    assert left(consumer) == timestamps[-1:]


def test_what_was_asked_for_is_not_cleaned_up_at_once(publisher: Machine, consumer: Machine) -> None:
    publisher.recipe("[retention]\nkeep = 1\n", "dev")
    first, second = publish(publisher), publish(publisher)
    consumer.run("pull", "dev")
    for path in consumer.revisions("dev"):
        os.utime(path / "revision.json", (0, time.time() - 8 * 86400))
    for words in (("use", f"dev@{first}", "--", "true"), ("pull", f"dev@{first}")):
        consumer.run(*words)
        assert left(consumer) == [first, second]


def test_a_revision_whose_metadata_cannot_be_read_is_not_incomplete(user: Machine) -> None:
    path = user.root / "dev" / "revisions" / A / "revision.json"
    path.write_text("nonsense", encoding="utf-8")
    assert verdicts(user, "--keep", "1")[A] == (True, "damaged, and changed within a day")
    assert left(user) == [A, E]


def test_with_one_that_is_published_nothing_goes_before_it_is_said_where(publisher: Machine) -> None:
    publish(publisher, "zoo")
    for moment in MOMENTS:
        make_revision(publisher.root / "dev", moment, tool="tool")
    assert "zoo is also published" in publisher.run("gc", "--keep", "1", status=2).stderr
    assert len(left(publisher)) == 5
    publisher.run("gc", "--keep", "1", "--remote")
    assert len(left(publisher)) == 5
    publisher.run("gc", "--keep", "1", "--local")
    assert left(publisher) == [E]


def test_the_cache_loses_what_no_revision_has_any_more(cold_machine: Machine) -> None:
    for version in ("3.3.0", "3.4.0"):
        cold_machine.recipe(f'[rez]\nurl = "rez=={version}"\n', "dev")
        cold_machine.run("add", "dev", "--skip-use")
    (cache,) = (cold_machine.root / ".cache").glob("*/files")
    listings = [
        json.loads((path / "files.rez.json").read_text(encoding="utf-8")) for path in cold_machine.revisions("dev")
    ]
    old, new = ({values[0] for values in listing["files"].values() if values[1]} for listing in listings)
    kept = {path.name[:64] for path in cache.rglob("*") if path.is_file()}
    assert old | new <= kept
    cold_machine.run("gc", "dev", "--keep", "1")
    kept = {path.name[:64] for path in cache.rglob("*") if path.is_file()}
    assert new <= kept
    assert not (old - new) & kept
    for version in ("3.4.0", "3.3.0"):
        cold_machine.recipe(f'[rez]\nurl = "rez=={version}"\n', "dev")
        cold_machine.run("add", "dev", "--skip-use")
        assert "is as it was made" in cold_machine.run("verify", "dev").stdout


def test_shared_libraries_and_data_go_with_the_last_that_needs_them(machine: Machine) -> None:
    machine.recipe('[shared]\nname = "studio"\nrequires = ["toml"]\n', "dev")
    machine.run("add", "dev", "--skip-use")
    machine.recipe('[shared]\nname = "studio"\nrequires = ["six"]\n', "dev")
    machine.run("add", "dev", "--skip-use")
    libraries, data = machine.root / "dev" / "libs", machine.root / "dev" / ".data"
    first, second = sorted(libraries.iterdir(), key=lambda path: path.stat().st_ctime)
    (shared,) = data.iterdir()
    document = machine.json("gc", "dev", "--keep", "1", "--dry-run")["containers"][0]
    assert document["folders"] == [f"libs/{first.name}"]
    assert document["bytes"] > 100_000
    assert first.exists()
    machine.run("gc", "dev", "--keep", "1")
    assert list(libraries.iterdir()) == [second]
    assert list(data.iterdir()) == [shared]
    assert machine.run("use", "dev", "--", "rez-python", "-c", "import six, rez; print('well')").stdout == "well\n"
    assert machine.leftovers("dev") == []


def test_what_is_published_is_cleaned_up_where_that_is_said(publisher: Machine, consumer: Machine) -> None:
    first, second, third = (publish(publisher) for _ in range(3))
    consumer.run("pull", "dev")
    assert "--remote" in publisher.run("gc", "dev", "--keep", "1", status=2).stderr
    publisher.run("tag", f"dev@{first}", "staging", "--remote")
    publisher.run("gc", "dev", "--keep", "1", "--remote")
    assert published(publisher) == [first, third]
    publisher.run("gc", "dev", "--keep", "1", "--local")
    assert [path.name for path in publisher.revisions("dev")] == [first, third], "the studio's label counts here too"
    assert second not in publisher.run("status", "dev").stdout
    assert consumer.run("use", "dev", "--", "rez", "--version").stdout.startswith("Rez")


def test_killed_at_any_moment_nothing_is_half_gone(home: Path) -> None:
    user = Machine(home)
    draw = random.Random(int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000))
    killed = 0
    for number in range(KILLS):
        for moment in MOMENTS:
            if not (user.root / "dev" / "revisions" / f"{moment}.000000").exists():
                make_revision(user.root / "dev", moment, tool="tool")
        words = ("gc", "dev", "--keep", "1") if number % 4 else ("drop", "dev", "--yes")
        with user.start(*words) as running:
            time.sleep(draw.uniform(0.02, 0.15))
            running.kill()
        killed += running.returncode == -signal.SIGKILL
        for revision in user.revisions("dev"):
            names = {path.relative_to(revision).as_posix() for path in revision.rglob("*")}
            assert {"revision.json", "rezup.toml", "venv/rez/bin/rez/tool"} <= names
        if user.revisions("dev"):
            user.run("use", "dev", "--", "tool")
    assert killed > KILLS // 10
    make_revision(user.root / "dev", 1_700_000_008, tool="tool")
    user.run("gc", "dev", "--keep", "1")
    assert len(left(user)) == 1
    assert [path.name for path in user.root.iterdir() if path.name.startswith(".")] == []
    assert user.leftovers("dev") == []


@pytest.mark.parametrize("words", [("drop", "dev"), ("gc",)], ids=lambda words: words[0])
def test_several_containers(user: Machine, words: tuple[str, ...]) -> None:
    for moment in MOMENTS[:2]:
        make_revision(user.root / "other", moment, tool="tool")
    extra = ("--yes",) if words[0] == "drop" else ("--keep", "1")
    user.run(*words, *extra)
    assert left(user) == ([] if words[0] == "drop" else [E])
    assert [path.name for path in user.revisions("other")] == ([A, B] if words[0] == "drop" else [B])
