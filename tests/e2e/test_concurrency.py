"""Many processes at once: each gets what it asked for, and nothing is built twice that need not be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.e2e.studio import publish

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

CROWD = 30


def outcome(started: list[subprocess.Popen[str]]) -> tuple[list[str], list[str]]:
    """What all of them printed, and the lines they reported; none of them may fail."""
    told = [process.communicate(timeout=300) for process in started]
    failed = [(process.returncode, told[at]) for at, process in enumerate(started) if process.returncode]
    assert failed == []
    return [out for out, _ in told], [line for _, lines in told for line in lines.splitlines()]


def lines_with(lines: list[str], *parts: str) -> list[str]:
    """The lines that hold all of the parts."""
    return [line for line in lines if all(part in line for part in parts)]


def uncompiled(revision: Path) -> list[Path]:
    """Sources without byte code; in an environment of Rez alone every source compiles."""
    sources = [path for path in (revision / "venv").rglob("*.py") if not path.is_symlink()]
    assert len(sources) > 500
    return [path for path in sources if not list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))]


def test_thirty_that_want_one_published_revision_build_it_once(publisher: Machine, consumer: Machine) -> None:
    timestamp = publish(publisher)
    said, lines = outcome(
        [consumer.start("-D", "use", "dev", "--", "printenv", "REZUP_REVISION") for _ in range(CROWD)]
    )
    (revision,) = consumer.revisions("dev")
    assert revision.name == timestamp
    assert said == [f"{revision}\n"] * CROWD
    assert len(lines_with(lines, f"Building dev@{timestamp}")) == 1
    assert consumer.leftovers("dev") == []


def test_thirty_first_runs_make_one_revision(cold_machine: Machine) -> None:
    said, lines = outcome([cold_machine.start("-D", "use", "--", "rez", "--version") for _ in range(CROWD)])
    assert len(cold_machine.revisions()) == 1
    assert len(set(said)) == 1
    assert said[0].startswith("Rez ")
    assert len(lines_with(lines, "Installed rez ")) == 1
    assert len(lines_with(lines, "+ ", "pip compile")) == 1
    assert len(lines_with(lines, "Waiting for another process")) <= CROWD - 1
    assert cold_machine.leftovers() == []


def test_revisions_added_at_once_all_are_ready(machine: Machine) -> None:
    machine.run("add", "dev", "--skip-use")
    adding = [machine.start("add", "dev", "--skip-use", "-m", str(number)) for number in range(8)]
    seen: list[str] = []
    while any(process.poll() is None for process in adding):
        rows = machine.json("status", "dev")["revisions"]
        assert all(row["ready"] for row in rows), "one was listed before it was complete"
        seen += sorted({row["timestamp"] for row in rows} - set(seen))
    outcome(adding)
    assert seen == sorted(seen), "one that appeared later has the smaller name"
    rows = machine.json("status", "dev")["revisions"]
    assert len(rows) == len(machine.revisions("dev")) == 9
    assert all(row["ready"] for row in rows)
    assert sorted(row["message"] for row in rows) == ["", *"01234567"]
    assert set(os.listdir(machine.root / "dev")) <= {".data", "history", "revisions"}
    for path in machine.revisions("dev"):
        assert machine.run("use", f"dev@{path.name}", "--", "printenv", "REZUP_REVISION").stdout == f"{path}\n"


def test_builds_that_fill_the_same_empty_caches_do_not_take_from_each_other(cold_machine: Machine) -> None:
    names = ("one", "two", "three")
    outcome([cold_machine.start("add", name, "--skip-use") for name in names])
    for name in names:
        (revision,) = cold_machine.revisions(name)
        assert uncompiled(revision) == []
        assert cold_machine.leftovers(name) == []
    cold_machine.run("add", "four", "--skip-use")
    assert uncompiled(cold_machine.revisions("four")[0]) == [], "what they kept for later builds is not whole"


def test_commands_run_while_others_build_enter_whole_revisions(
    publisher: Machine, new_machine: Callable[[], Machine]
) -> None:
    publish(publisher)
    consumer = new_machine()
    consumer.variables.update(publisher.variables)
    publishing = [publisher.start("add", "dev", "--remote", "--skip-use") for _ in range(3)]
    entered: list[str] = []
    while any(process.poll() is None for process in publishing):
        entered.append(
            consumer.run(
                "use", "dev", "--", "rez-python", "-c", "import os; print(os.environ['REZUP_REVISION'])"
            ).stdout
        )
    outcome(publishing)
    assert entered == sorted(entered), "an older revision was given after a newer one"
    assert {path.name for path in consumer.revisions("dev")} == {line.strip().rpartition("/")[2] for line in entered}
    assert publisher.leftovers("dev") == consumer.leftovers("dev") == []
