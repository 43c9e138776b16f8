"""What it costs that everything is on the disk before rezup says so: `add` and a publication, with and without flushing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import _rezups
import run

# Each Python of a command reads this at its start; both variants do, so that the import costs both the same.
IMPORT = "try:\n    from rezup_api.disk import durable\nexcept ImportError:\n    durable = None\n"
OFF = "if durable:\n    durable.flush_file = durable.flush_tree = durable.flush_folder = lambda path: None\n"
VARIANTS = {"with": IMPORT, "without": IMPORT + OFF}
ACTS: dict[str, tuple[str, ...]] = {"add": (), "publish": ("--remote",)}


def measure(rounds: int) -> dict[str, Any]:
    """Make revisions with flushing and without it, in turn; the report."""
    with tempfile.TemporaryDirectory(prefix="rezup-bench-") as folder:
        place = Path(folder)
        (place / "wheels").mkdir()
        with _rezups.index_settings(place / "wheels", local=True) as settings:
            users = {(act, variant): _user(place, act, variant, settings) for act in ACTS for variant in VARIANTS}
            for (act, _), user in [*users.items(), *users.items()]:
                user.add(*ACTS[act])
            found = [{key: user.add(*ACTS[key[0]]).seconds for key, user in users.items()} for _ in range(rounds)]
    return {
        "benchmark": "flushing",
        "rounds": rounds,
        "seconds": {act: {variant: median(one[act, variant] for one in found) for variant in VARIANTS} for act in ACTS},
        "ratios": {act: round(median(one[act, "with"] / one[act, "without"] for one in found), 3) for act in ACTS},
    }


def show(report: dict[str, Any]) -> None:
    """Print a report for people."""
    print(f"A further revision of vanilla Rez, flushed to the disk and not: {report['rounds']} rounds in turn")
    for act, seconds in report["seconds"].items():
        print(f"{act:8} {seconds['with']:.3f} s, without {seconds['without']:.3f} s: ratio {report['ratios'][act]:.3f}")


def _user(place: Path, act: str, variant: str, settings: dict[str, str]) -> _rezups.User:
    name = f"{act} {variant}"
    site, remote = place / f"site {name}", place / f"remote {name}"
    for made in (site, remote):
        made.mkdir()
    (site / "sitecustomize.py").write_text(VARIANTS[variant], encoding="utf-8")
    added = {"PYTHONPATH": str(site), **({"REZUP_ROOT_REMOTE": str(remote)} if act == "publish" else {})}
    command = run.environment() / "bin" / "rezup"
    return _rezups.new_user(name, command, place / name, {**settings, **added})
