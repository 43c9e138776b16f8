"""Define the events that the library reports while it works.

The library never prints. It calls a `Reporter`, a function of the caller's, with one of these events. Their texts, and those of
errors, may hold what other people wrote; whoever prints them on a terminal passes them through `visible` first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rezup_api.frozen import dataclass

# Within a word of some scripts, and within an emoji, these join characters or keep them apart; they steer nothing else.
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the work has begun; `text` names it, as "Installing rez" does."""

    text: str


@dataclass(frozen=True, slots=True)
class StepProgress:
    """The running step has made progress.

    `detail` says what it is doing; `done` of `total` parts are finished, and both numbers are 0 if nobody knows them.
    """

    detail: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step has ended well. `text` is the line that stays on the terminal; `seconds` is how long the step took."""

    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step has ended with an error. The library also raises the error."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """The user should know this; nothing went wrong."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """The user should act on this; the work goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class CommandStarted:
    """The library is about to start a process; its words no longer hold credentials. Shown with `--debug` only."""

    command: tuple[str, ...]


# What may happen to a container: the events on which the hooks of a machine run.
HAPPENINGS = ("added", "published", "pulled", "failed", "rolled-back", "switched")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something has failed: the code, the message and the hint of an error."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something has happened to a container that other programs may want to know; see `hooks`.

    Args:
        what: one of `HAPPENINGS`.
        container: the container's name.
        revision: the timestamp of the revision; empty if there is none, because it could not be built.
        previous: the timestamp that `use` gave before; empty if there was none, or if that did not change.
        place: the address of the remote root that it concerns; empty for this machine.
        message: the reason, in the user's words.
        cause: why it has failed; None if it has not.
    """

    what: str
    container: str
    revision: str = ""
    previous: str = ""
    place: str = ""
    message: str = ""
    cause: Cause | None = None


Event = StepStarted | StepProgress | StepFinished | StepFailed | Note | Warned | CommandStarted | Happened
Reporter = Callable[[Event], None]


def silent(event: Event) -> None:
    """Report nothing; the reporter of callers that do not want events."""


class Step:
    """The running step: the body of `step` reports its progress, or changes `text`, the line that stays when it ends."""

    def __init__(self, report: Reporter, text: str) -> None:
        self._report = report
        self.text = text

    def progress(self, detail: str, done: int = 0, total: int = 0) -> None:
        """Report how far the step has come; see `StepProgress`."""
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


def visible(text: str) -> str:
    """A text as a terminal may show it: no character of it moves the cursor, changes colours, or shows others in another order.

    Control characters, and those that only steer how a text is laid out, become escapes, as in Python; so do bytes of a path that
    are not UTF-8. Line breaks and tabs stay: who composes a text of several lines puts what others wrote in by `one_line`.
    """
    if text.isprintable():
        return text
    from unicodedata import category  # hardly any text needs it

    def shown(character: str) -> str:
        if character.isprintable() or character in "\n\t" or character in _JOINERS:
            return character
        # Cc: control characters. Cf: formats, such as those for the direction of writing. Cs: halves of surrogate pairs. Zl, Zp:
        # separators of lines and paragraphs. Everything else only looks odd, such as a blank of another width.
        steers = category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        if "\udc80" <= character <= "\udcff":
            return f"\\x{ord(character) - 0xDC00:02x}"
        return character.encode("unicode_escape").decode("ascii") if steers else character

    return "".join(map(shown, text))


def one_line(text: str) -> str:
    """What somebody else wrote, as a part of a sentence: with blanks for line breaks, so that it cannot pose as lines of ours."""
    return " ".join(text.splitlines())
