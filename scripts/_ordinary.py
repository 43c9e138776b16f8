"""The benchmark `ordinary`: what commands cost that neither launch nor build, as ratios to the start of bare Python."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import _rezups
import _rollbacks
import _setup
import _timing

REVISIONS = 20
GOALS = {"version": 3.0, "status": 6.0, "status-one": 6.0, "history": 6.0}
WORDS = {
    "version": ("--version",),
    "status": ("status",),
    "status-one": ("status", "dev"),
    "history": ("history", "dev"),
}


def measure(rounds: int) -> dict[str, Any]:
    """Run each command, and start Python, in turn; the report."""
    environment = _rezups.launching()
    with tempfile.TemporaryDirectory(prefix="rezup-bench-") as folder:
        revisions = Path(folder) / ".rezup" / "dev" / "revisions"
        for number in range(REVISIONS):
            _rollbacks.revision(revisions / f"{_rollbacks.FIRST + number}.000000")
        variables = {"HOME": folder, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        rezup = str(_setup.script_of(environment, "rezup"))
        commands = {key: _timing.Command((rezup, *words), variables) for key, words in WORDS.items()}
        commands["python"] = _timing.Command((str(_setup.python_of(environment)), "-c", "pass"), variables)
        for command in commands.values():
            _timing.run(command)
        found = _timing.in_turn(commands, (), rounds)
    ratios = {key: round(_timing.ratio(found, key, "python"), 3) for key in WORDS}
    return {
        "benchmark": "ordinary",
        "revisions": REVISIONS,
        "rounds": rounds,
        "seconds": {key: median(one[key].wall for one in found) for key in commands},
        "ratios": ratios,
        "goals": GOALS,
        "met": {key: ratio <= GOALS[key] for key, ratio in ratios.items()},
    }


def show(report: dict[str, Any]) -> None:
    """Print a report for people."""
    print(f"Commands in a home folder with {report['revisions']} revisions: {report['rounds']} rounds in turn")
    print(f"{'python -c pass':20} {report['seconds']['python'] * 1000:7.1f} ms")
    for key, words in WORDS.items():
        seconds, ratio = report["seconds"][key], report["ratios"][key]
        print(f"{'rezup ' + ' '.join(words):20} {seconds * 1000:7.1f} ms {ratio:7.3f} (goal: at most {GOALS[key]:g})")
