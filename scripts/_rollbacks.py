"""What a rollback takes beyond the start of Python: a container with a thousand revisions, rolled back and forth."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import _rezups
import _setup
import _timing

REVISIONS = 1000
# Seconds beyond the start of Python.
GOAL = 0.1
FIRST = 1_700_000_000


def measure(rounds: int) -> dict[str, Any]:
    """Roll back, and start Python, in turn; the report."""
    environment = _rezups.launching()
    with tempfile.TemporaryDirectory(prefix="rezup-bench-") as folder:
        home = Path(folder)
        for number in range(REVISIONS):
            revision(home / ".rezup" / "dev" / "revisions" / f"{FIRST + number}.000000")
        variables = {"HOME": folder, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        rezup = str(_setup.script_of(environment, "rezup"))
        commands = {
            "python": _timing.Command((str(_setup.python_of(environment)), "-c", "pass"), variables),
            "back": _timing.Command((rezup, "-q", "rollback", "dev"), variables),
            "forth": _timing.Command((rezup, "-q", "rollback", "dev", "--to", "latest"), variables),
        }
        for command in commands.values():
            _timing.run(command)
        found = [{key: _timing.run(command).wall for key, command in commands.items()} for _ in range(rounds)]
    beyond = median((one["back"] + one["forth"]) / 2 - one["python"] for one in found)
    return {
        "benchmark": "rollback",
        "revisions": REVISIONS,
        "rounds": rounds,
        "python": median(one["python"] for one in found),
        "ratio": round(median((one["back"] + one["forth"]) / 2 / one["python"] for one in found), 3),
        "beyond": beyond,
        "goal": GOAL,
        "met": beyond <= GOAL,
    }


def show(report: dict[str, Any]) -> None:
    """Print a report for people."""
    print(f"A rollback among {report['revisions']} revisions: {report['rounds']} rounds in turn")
    print(f"python -c pass  {report['python'] * 1000:.1f} ms")
    print(f"rollback        {report['ratio']:.2f} times that, {report['beyond'] * 1000:.1f} ms more")
    print(f"goal            at most {report['goal'] * 1000:.0f} ms more")


def revision(path: Path) -> None:
    """Make a revision that holds nothing."""
    path.mkdir(parents=True)
    (path / "rezup.toml").touch()
    document = {"format": 1, "rezup_version": "3.0.0", "environments": [{"name": "rez"}]}
    (path / "revision.json").write_text(json.dumps(document), encoding="utf-8")
