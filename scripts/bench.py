"""Measure rezup against other programs, in turn and in one run: `python3 scripts/bench.py add`; `-h` lists the options.

`add`: the time and the disk that a further revision of vanilla Rez takes when all caches are warm.
`launch`: the time that it takes to run a program in a container, which files are asked for, and what stays in memory.
`ordinary`: the time that `status`, `history` and `--version` take.
`rollback`: the time that taking a rollout back takes.
`flushing`: the time that `add` and a publication wait for the disk.
See docs/reference/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import _flushing
import _launching
import _ordinary
import _rezups
import _rollbacks
import _setup

if TYPE_CHECKING:
    from types import ModuleType

    from _rezups import ByteCode, Round

GOAL_RATIO = 0.15
GOAL_DISK = 4 * 2**20


@dataclass(frozen=True)
class Measured:
    """What was found out about one rezup."""

    name: str
    rounds: list[Round]
    byte_code: ByteCode

    @property
    def seconds(self) -> list[float]:
        """The time of each round."""
        return [item.seconds for item in self.rounds]

    @property
    def disk(self) -> int:
        """The median of the bytes that a revision takes."""
        return int(median(item.disk for item in self.rounds))


def add(arguments: argparse.Namespace) -> None:
    """Further revisions of vanilla Rez with warm caches, in turn."""
    with tempfile.TemporaryDirectory(prefix="rezup-bench-") as folder:
        place = Path(folder)
        (place / "wheels").mkdir()
        with _rezups.index_settings(place / "wheels", local=arguments.local_index) as settings:
            both = _rezups.users(place, settings)
            print("Warming the caches ...", file=sys.stderr, flush=True)
            for user in (*both, *both):
                user.add()
            rounds = [[user.add() for user in both] for _ in range(arguments.rounds)]
            ours, theirs = (
                Measured(user.name, [pair[number] for pair in rounds], user.byte_code())
                for number, user in enumerate(both)
            )
    ratio = median(mine / other for mine, other in zip(ours.seconds, theirs.seconds))
    report = {
        "benchmark": "add",
        "index": "loopback" if arguments.local_index else "configured",
        "python": sys.version.split()[0],
        "ratio": round(ratio, 4),
        "goals": {"ratio": GOAL_RATIO, "disk": GOAL_DISK},
        "met": {"ratio": ratio <= GOAL_RATIO, "disk": ours.disk <= GOAL_DISK, "byte_code": ours.byte_code.complete},
        "measured": [asdict(ours), asdict(theirs)],
    }
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    print(f"A further revision of vanilla Rez: warm caches, {report['index']} index, {arguments.rounds} rounds in turn")
    for measured in (ours, theirs):
        _show(measured)
    print(f"ratio of the times, median of the pairs: {ratio:.3f} (goal: at most {GOAL_RATIO})")


def _show(measured: Measured) -> None:
    seconds, code = measured.seconds, measured.byte_code
    print(f"{measured.name}:")
    print(f"  time       median {median(seconds):.3f} s, from {min(seconds):.3f} to {max(seconds):.3f} s")
    print(f"  disk       median {measured.disk / 2**20:.2f} MiB")
    print(
        f"  byte code  beside {code.compiled} of {code.sources} sources, used by {code.used} of {code.imported} imports"
    )


def launch(arguments: argparse.Namespace) -> None:
    """A program that does nothing, run by rezup in several situations and by others, in turn."""
    found = _launching.measure(arguments.rounds, alone=arguments.alone)
    if arguments.json:
        print(json.dumps(_launching.document(found, arguments.rounds), indent=2))
    else:
        _launching.show(found, arguments.rounds)


def ordinary(arguments: argparse.Namespace) -> None:
    """Commands that only look, and the start of Python, in turn."""
    _tell(arguments, _ordinary)


def rollback(arguments: argparse.Namespace) -> None:
    """A rollback, and the start of Python, in turn."""
    _tell(arguments, _rollbacks)


def flushing(arguments: argparse.Namespace) -> None:
    """Further revisions, with and without flushing them to the disk, in turn."""
    _tell(arguments, _flushing)


def _tell(arguments: argparse.Namespace, benchmark: ModuleType) -> None:
    report = benchmark.measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        benchmark.show(report)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def main() -> int:
    """Read the command line and run the benchmark it names."""
    parser = argparse.ArgumentParser(prog="bench.py", description="Measure rezup against other programs.")
    benchmarks = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    further = benchmarks.add_parser("add", help="time and disk of a further revision")
    further.add_argument("--local-index", action="store_true", help="install from an index on loopback")
    running = benchmarks.add_parser("launch", help="time, file operations and memory of running a program")
    running.add_argument("--alone", action="store_true", help="leave out the programs that have to be installed for it")
    looking = benchmarks.add_parser("ordinary", help="time that status, history and --version take")
    taking = benchmarks.add_parser("rollback", help="time that taking a rollout back takes")
    waiting = benchmarks.add_parser("flushing", help="time that `add` and a publication wait for the disk")
    for each, rounds in ((further, 10), (running, 60), (looking, 40), (taking, 30), (waiting, 15)):
        help_text = f"measure each N times (default: {rounds})"
        each.add_argument("--rounds", type=_count, default=rounds, metavar="N", help=help_text)
        each.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    arguments = parser.parse_args()
    try:
        _setup.use_new_python()
        if _setup.WINDOWS:
            raise _setup.SetupError("the benchmarks run on Linux and macOS only")
        chosen = {"add": add, "launch": launch, "ordinary": ordinary, "rollback": rollback, "flushing": flushing}
        chosen[arguments.benchmark](arguments)
    except _setup.SetupError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
