"""The benchmark `launch`: what it costs to run a program through rezup, as ratios to the start of bare Python."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Iterator, Sequence

import _launches
import _rezups
import _setup
import _timing
import _traces

if TYPE_CHECKING:
    from _launches import Launch
    from _timing import Took

# A record is prepared only when what it depends on is old enough; on a share, when it was seen twice, two seconds apart.
WARM_UP = 10.0
PAUSE = 0.3
GOALS = {
    "plain": 1.05,
    "revisions-10000": 1.1,
    "init": 1.2,
    "upgraded": 1.15,
    "shared": 1.25,
    "shared-10000": 1.25,
    "exposed": 1.02,  # to the command line for which the launcher stands
}
GOAL_OTHER = 0.08


@dataclass(frozen=True)
class Measured:
    """What was found out about one launch.

    Args:
        key: in the goals.
        name: for people.
        base: the key of the launch that its time is compared with.
        ratio: to the time of that one, the median of the rounds.
        took: one item for each round that it took part in.
        quick: whether a prepared record answered, before the rounds and after them; None for others than rezup 3.
        operations: on files, beyond those of bare Python; None where they were not counted.
        left: of the launcher while the program runs; None where that was not looked at.
    """

    key: str
    name: str
    base: str
    ratio: float
    took: list[Took]
    quick: bool | None
    operations: _traces.Operations | None
    left: _traces.Left | None


@dataclass(frozen=True)
class Found:
    """The whole result.

    Args:
        measured: all launches, in the order of the table.
        left_out: what was not measured, and why.
        to_other: the time of plain rezup as a ratio to that of rezup 2.6.0; None where that was left out.
        to_uv: the same for uv.
    """

    measured: list[Measured]
    left_out: dict[str, str]
    to_other: float | None
    to_uv: float


def measure(rounds: int, *, alone: bool) -> Found:
    """Run the benchmark.

    Args:
        rounds: how many times each launch that is not a slow one is measured.
        alone: leave out the programs that have to be installed for it.
    """
    environment = _rezups.launching()
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="rezup-bench-") as folder, contextlib.ExitStack() as stack:
        place = Path(folder).resolve()
        no_share = stack.enter_context(_launches.share(place / "share", place / "mount"))
        if no_share:
            left_out["shared"] = no_share
        _say("Making revisions ...")
        launches = list(_launches.without_rezup(place, environment))
        launches += _launches.ours(place, environment, no_share)
        if alone:
            left_out["others"] = "as was asked"
        else:
            launches += _others(place, environment, left_out)
        quick = _warm_up(launches)
        _say(f"Measuring, {rounds} rounds ...")
        seldom = [launch.key for launch in launches if launch.seldom]
        found = _timing.in_turn({launch.key: launch.command() for launch in launches}, seldom, rounds)
        _say("Counting ...")
        quick &= {launch.key for launch in launches if launch.ours and not _traces.is_ordinary(launch.command())}
        counted = _operations(launches, left_out)
        left = _left(launches, left_out)
    measured = [
        Measured(
            launch.key,
            launch.name,
            launch.base,
            round(_timing.ratio(found, launch.key, launch.base), 4),
            [took[launch.key] for took in found if launch.key in took],
            launch.key in quick if launch.ours else None,
            counted.get(launch.key),
            left.get(launch.key),
        )
        for launch in launches
    ]
    to_other = None
    if _launches.OTHER in seldom:
        to_other = round(_timing.ratio(found, _launches.PLAIN, _launches.OTHER), 4)
    return Found(measured, left_out, to_other, round(_timing.ratio(found, _launches.PLAIN, _launches.UV), 4))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _others(place: Path, environment: Path, left_out: dict[str, str]) -> Iterator[Launch]:
    if sys.version_info < _rezups.TOO_NEW_FOR_OTHER:
        yield from _launches.others(place)
    else:
        left_out["others"] = f"rezup {_rezups.OTHER_VERSION} and older do not run on Python 3.12 and newer"
    yield from _launches.rez_pair(place, environment)


def _warm_up(launches: Sequence[Launch]) -> set[str]:
    """Launch everything until it is as quick as it gets; the keys of the launches that a prepared record answers."""
    first = next(launch for launch in launches if launch.key == _launches.PLAIN)
    if not _traces.is_ordinary(first.command()):
        raise _setup.SetupError("the very first launch passes for a prepared one: the two cannot be told apart")
    for launch in launches:
        _timing.run(launch.command())
    waiting = [launch for launch in launches if launch.ours]
    deadline = time.monotonic() + WARM_UP
    while waiting and time.monotonic() < deadline:
        time.sleep(PAUSE)
        waiting = [launch for launch in waiting if _traces.is_ordinary(launch.command())]
    return {launch.key for launch in launches if launch.ours and launch not in waiting}


def _operations(launches: Sequence[Launch], left_out: dict[str, str]) -> dict[str, _traces.Operations]:
    """The file operations of rezup in all situations, beyond those of bare Python."""
    if shutil.which("strace") is None:
        left_out["operations"] = "strace is not installed"
        return {}
    counted = {}
    program = _launches.NOTHING.path
    try:
        for launch in launches:
            if launch.key == _launches.PYTHON or (launch.ours and not launch.complete):
                roots = launch.local_root, launch.remote_root
                counted[launch.key] = _traces.operations(launch.command(), program, *roots)
    except _setup.SetupError as error:
        left_out["operations"] = str(error)
        return {}
    bare = counted.pop(_launches.PYTHON)
    return {
        key: _traces.Operations(found.local, found.remote, found.other - bare.other) for key, found in counted.items()
    }


def _left(launches: Sequence[Launch], left_out: dict[str, str]) -> dict[str, _traces.Left]:
    """What stays of each launcher."""
    if not os.path.isdir("/proc/self"):
        left_out["left"] = "there is no /proc"
        return {}
    lasting = _launches.LASTING
    return {
        launch.key: _traces.left_behind(launch.command(lasting), lasting.path)
        for launch in launches
        if not launch.complete
    }


def document(found: Found, rounds: int) -> dict[str, object]:
    """The result as JSON has it."""
    ratios = {item.key: item.ratio for item in found.measured}
    met = {key: ratios[key] <= goal for key, goal in GOALS.items() if key in ratios}
    met["below-uv-run"] = found.to_uv < 1
    if found.to_other is not None:
        met[_launches.OTHER] = found.to_other <= GOAL_OTHER
    return {
        "benchmark": "launch",
        "python": sys.version.split()[0],
        "rounds": rounds,
        "goals": {**GOALS, _launches.OTHER: GOAL_OTHER},
        "met": met,
        "plain_to_other": found.to_other,
        "plain_to_uv": found.to_uv,
        "left_out": found.left_out,
        "measured": [asdict(item) for item in found.measured],
    }


def show(found: Found, rounds: int) -> None:
    """Print the result for people."""
    print(f"Running a program that does nothing: {rounds} rounds in turn, Python {sys.version.split()[0]}")
    print(f"{'':38} {'median':>9} {'from':>9} {'to':>9} {'CPU':>9}   ratio")
    for item in found.measured:
        print(_row(item))
    print(f"plain to uv run: {found.to_uv:.3f} (goal: below 1)")
    if found.to_other is not None:
        print(f"plain to rezup {_rezups.OTHER_VERSION}: {found.to_other:.3f} (goal: at most {GOAL_OTHER})")
    if any(item.operations for item in found.measured):
        print("File operations beyond those of bare Python: on the local root, on the remote root, elsewhere")
    for item in found.measured:
        if item.operations:
            counts = item.operations
            print(f"  {item.name:38} {counts.local:5} {counts.remote:5} {counts.other:5}")
    if any(item.left for item in found.measured):
        print("Left of the launcher while the program runs: processes, resident memory")
    for item in found.measured:
        if item.left:
            print(f"  {item.name:38} {item.left.processes:5} {item.left.rss / 2**20:8.1f} MiB")
    for what, reason in found.left_out.items():
        print(f"not measured: {what}: {reason}")


def _row(item: Measured) -> str:
    wall = [took.wall * 1000 for took in item.took]
    cpu = median(took.cpu * 1000 for took in item.took)
    remarks = []
    if item.key in GOALS:
        remarks.append(f"goal: at most {GOALS[item.key]}")
    if item.base != _launches.PYTHON:
        remarks.append(f"to {item.base}")
    if item.quick is False:
        remarks.append("no prepared record answered")
    remark = f" ({'; '.join(remarks)})" if remarks else ""
    times = f"{median(wall):6.2f} ms {min(wall):6.2f} ms {max(wall):6.2f} ms {cpu:6.2f} ms"
    return f"{item.name:38} {times} {item.ratio:7.3f}{remark}"
