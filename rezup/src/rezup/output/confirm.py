"""Ask the user before something happens that cannot be taken back, or that others feel. Nothing else of rezup asks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from rezup.output.render import Result, Said
from rezup_api.events import visible

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from rezup.output.progress import Progress

Plan = TypeVar("Plan")
UNCHANGED = "Nothing was changed"


def can_ask(arguments: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Whether there is somebody to ask: on a terminal, and neither for a document nor in a job of a build server (`CI`)."""
    return not (arguments.json or environ.get("CI")) and sys.stdin.isatty() and sys.stderr.isatty()


def wants_question(arguments: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Whether to ask before an act on the remote root. Scripts have no terminal, and so are not held up."""
    settled = not arguments.remote or arguments.yes or getattr(arguments, "dry_run", False)
    return not settled and can_ask(arguments, environ)


def confirmed(question: str, progress: Progress, above: Sequence[str] = ()) -> bool:
    """Show some lines, ask, and wait for the answer; whatever is not a yes, Ctrl-D included, is a no.

    Args:
        question: what is asked, without the choice of answers.
        progress: its live display ends.
        above: the lines to show above the question.
    """
    progress.close()
    for line in above:
        print(visible(line), file=sys.stderr)
    # Not `input`: it writes the question to stdout, which may go into a file.
    print(visible(f"{question} [y/N] "), end="", file=sys.stderr, flush=True)
    try:
        answer = sys.stdin.readline()
    except UnicodeDecodeError:
        return False
    if not answer.endswith("\n"):  # Ctrl-D
        print(file=sys.stderr)
    return answer.strip().lower() in {"y", "yes"}


def agreed(plan: Callable[[], Plan], lines: Callable[[Plan], Sequence[str]], question: str, progress: Progress) -> bool:
    """Show what an act would change, and ask. If that has changed when the answer comes, show it and ask again.

    Args:
        plan: finds out what would change now; its results can be compared.
        lines: what to show of it; empty if nothing would change, and then nobody is asked.
        question: see `confirmed`.
        progress: see `confirmed`.
    """
    told = plan()
    while above := lines(told):
        if not confirmed(question, progress, above):
            return False
        before, told = told, plan()
        if told == before:
            return True
        progress.say("Somebody has changed it meanwhile:")
    return True


def declined() -> Result:
    """The result of an act that the user did not want after all. It has no data, because `--json` never asks."""
    return Result({}, Said((UNCHANGED,)))
