"""Whole processes, timed in turn: from the moment a process is asked for until it is gone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Mapping, Sequence

import _setup

if TYPE_CHECKING:
    from typing import Tuple

    Actions = Sequence[Tuple[int, int, str, int, int]]

# Of a command that takes many times as long as the others, one in so many rounds is enough.
SELDOM = 10


@dataclass(frozen=True)
class Command:
    """A process to start.

    Args:
        words: its command line; the first is a path.
        environ: its whole environment.
    """

    words: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Took:
    """What one process took: the time until it was gone, and the processor time of it and of those it waited for, in seconds."""

    wall: float
    cpu: float


def start(command: Command, folder: str = "") -> int:
    """Start a process whose streams lead nowhere; its number.

    Args:
        command: the process.
        folder: a file `stderr` is written there instead of thrown away.
    """
    errors = os.path.join(folder, "stderr") if folder else os.devnull
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    # Python ignores these two, and a child of it would inherit that.
    usual = [getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name)]
    return os.posix_spawn(command.words[0], command.words, dict(command.environ), file_actions=streams, setsigdef=usual)


def run(command: Command, folder: str = "") -> Took:
    """Run a process to its end, as `start` starts it.

    Raises:
        SetupError: it fails, so that its time would mean nothing.
    """
    begin = time.perf_counter()
    _, status, usage = os.wait4(start(command, folder), 0)
    wall = time.perf_counter() - begin
    if status:
        raise _setup.SetupError(
            f"`{' '.join(command.words)}` failed (wait status {status}); again, it says:\n{_said(command)}"
        )
    return Took(wall, usage.ru_utime + usage.ru_stime)


def _said(command: Command) -> str:
    again = subprocess.run(
        command.words,
        env=dict(command.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return again.stdout.decode(errors="replace")


def in_turn(commands: Mapping[str, Command], seldom: Sequence[str], rounds: int) -> list[dict[str, Took]]:
    """Run all commands once a round, each round in another order.

    Args:
        commands: by their keys.
        seldom: the keys of those that take part in the first and then every tenth round only.
        rounds: how many.

    Returns:
        For each round, what the commands took that took part in it.
    """
    shuffled = random.Random(1)
    found = []
    for number in range(rounds):
        keys = [key for key in commands if number % SELDOM == 0 or key not in seldom]
        shuffled.shuffle(keys)
        took = {key: run(commands[key]) for key in keys}
        found.append({key: took[key] for key in commands if key in took})
    return found


def ratio(rounds: Sequence[Mapping[str, Took]], key: str, base: str) -> float:
    """How many times as long one command took as another: the median of the ratios of each round that has both."""
    return median(took[key].wall / took[base].wall for took in rounds if key in took and base in took)
