"""Run hooks in a process of its own, which goes on when the command of rezup has ended; see `hook_start`.

It reads its order from its standard input: {"log", "home", "environ", "jobs": [{"where", "command", "timeout", "envelope"}]}. The
hooks run side by side. A hook that takes too long is ended with all that it has started, and every failure is noted in the log.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.configuration.machine_file import INSIDE
from rezup_api.errors import RezupError
from rezup_api.events import one_line
from rezup_api.hooks.hook_log import SHOWN, HookFailure, note_hook_failure
from rezup_api.process import runner
from rezup_api.process.command_lines import ending, shell_words
from rezup_api.recipe.credentials import redact

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Job:
    """A hook, and what it is to hear."""

    where: str
    command: str
    timeout: float
    envelope: dict[str, Any]


def main() -> int:
    """Do what the order says; the exit status, which nobody sees."""
    order = json.loads(sys.stdin.buffer.read())
    jobs = [Job(**one) for one in order["jobs"]]
    home = Path(order["home"])
    supervise(jobs, Path(order["log"]), home if home.is_dir() else Path("/"), order["environ"])
    return 0


def supervise(jobs: list[Job], log: Path, home: Path, environ: Mapping[str, str]) -> None:
    """Run all hooks, and note the failures.

    Args:
        jobs: the hooks.
        log: the file for the failures.
        home: the working folder of the hooks.
        environ: the environment of the hooks, to which the event is added.
    """
    started = []
    for job in jobs:
        try:
            started.append((job, _start(job, home, environ)))
        except RezupError as error:
            note_hook_failure(log, _failure(job, "it cannot be started", error.message))
    for job, running in started:
        done = running.wait()
        if done.timed_out:
            note_hook_failure(log, _failure(job, f"it was ended after {job.timeout:g} s, its time limit"))
        elif done.status:
            said = [*done.stdout.splitlines(), *done.tail.splitlines()][-1:]
            note_hook_failure(log, _failure(job, ending(done.status), *said))


def _start(job: Job, home: Path, environ: Mapping[str, str]) -> runner.Running:
    return runner.start(
        shell_words(job.command),
        environ={**environ, INSIDE: str(job.envelope["event"])},
        cwd=home,
        stdin=json.dumps(job.envelope, ensure_ascii=False) + "\n",
        apart=True,
        ends=time.monotonic() + job.timeout,
    )


def _failure(job: Job, why: str, said: str = "") -> HookFailure:
    told = job.envelope
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    event, container, revision = (str(told[name]) for name in ("event", "container", "revision"))
    return HookFailure(when, job.where, event, container, revision, why, redact(one_line(said))[:SHOWN])
