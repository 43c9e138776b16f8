"""What the library tells while it works. It never prints: it calls a `Reporter` with one of these."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rezup_api.frozen import dataclass


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the work has begun; `text` names it, as "Installing rez" does."""

    text: str


@dataclass(frozen=True, slots=True)
class StepProgress:
    """The running step has come this far: `detail` says what it is at, `done` of `total` how much, both 0 if unknown."""

    detail: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step has ended well. `text` is the line that stays; `seconds` is how long it took."""

    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step has ended with an error, which is raised as well."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know; nothing went wrong."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should act on; the work goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class CommandStarted:
    """A process is about to be started; credentials are already struck out. Shown with `--debug` only."""

    command: tuple[str, ...]


Event = StepStarted | StepProgress | StepFinished | StepFailed | Note | Warned | CommandStarted
Reporter = Callable[[Event], None]


def silent(event: Event) -> None:
    """The reporter of callers that want none."""


class Step:
    """The running step: report progress on it, or change the line that stays when it ends."""

    def __init__(self, report: Reporter, text: str) -> None:
        self._report = report
        self.text = text

    def progress(self, detail: str, done: int = 0, total: int = 0) -> None:
        """Say how far the step has come."""
        self._report(StepProgress(detail, done, total))


@contextmanager
def step(report: Reporter, text: str) -> Iterator[Step]:
    """Report the body as one step: its start, and its end with the time it took or its failure."""
    running = Step(report, text)
    report(StepStarted(text))
    started = time.monotonic()
    try:
        yield running
    except BaseException:
        report(StepFailed(running.text))
        raise
    report(StepFinished(running.text, time.monotonic() - started))
