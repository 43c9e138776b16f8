"""Show on stderr what is being done: on a terminal a spinner and one line for each step, elsewhere plain lines."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup_api.events import (
    CommandStarted,
    Event,
    Happened,
    Note,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
    Warned,
    visible,
)

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar, TaskID


class Progress:
    """The reporter of the command line, which shows the events of the library.

    Args:
        quiet: show warnings only.
        debug: show the commands that are run, too.
        colors: whether what is live may have colours.
        warnings: the list to which warnings are added, each text once; by default a new one.
        happened: the list to which is added what the hooks of the machine may want to hear; by default a new one.
    """

    def __init__(
        self,
        *,
        quiet: bool,
        debug: bool,
        colors: bool = True,
        warnings: list[str] | None = None,
        happened: list[Happened] | None = None,
    ) -> None:
        self._quiet = quiet
        self._debug = debug
        self._colors = colors
        self._live = sys.stderr.isatty() and not quiet and os.environ.get("TERM") != "dumb"
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self.warnings = warnings if warnings is not None else []
        self.happened = happened if happened is not None else []
        self.remarked = False  # whether anything was reported, shown or not

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the live display from the terminal, so that another program can write there."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
            self._task = None

    def say(self, text: str) -> None:
        """Say what was done."""
        if not self._quiet:
            self._print(text)

    def warn(self, text: str) -> None:
        """Say something on which the user should act; the same text is shown only once."""
        self.remarked = True
        if text in self.warnings:
            return
        self.warnings.append(text)
        self._print(f"rezup: warning: {text}", "yellow")

    def report(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Happened):
            self.happened.append(event)
            return
        self.remarked = self.remarked or not isinstance(event, CommandStarted)
        if isinstance(event, Warned):
            self.warn(event.text)
        elif isinstance(event, CommandStarted):
            if self._debug:
                import shlex

                self._print(f"+ {shlex.join(event.command)}", "dim")
        elif self._quiet:
            return
        elif isinstance(event, Note):
            self._print(event.text)
        elif isinstance(event, StepFinished):
            self._end_step()
            self._print(f"{event.text} ({event.seconds:.1f} s)")
        elif isinstance(event, StepFailed):
            self._end_step()
        elif self._live:
            self._show(event)

    def _show(self, event: StepStarted | StepProgress) -> None:
        bar = self._open_bar()
        if isinstance(event, StepStarted):
            self._end_step()
            self._task = bar.add_task(visible(event.text), total=None, detail="")
        elif self._task is not None:
            bar.update(self._task, total=event.total or None, completed=event.done, detail=visible(event.detail))

    def _open_bar(self) -> Bar:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("[dim]{task.fields[detail]}"),
            )
            # Without colours rich still makes text bold and dim; None lets it ask the environment.
            console = Console(stderr=True, highlight=False, no_color=None if self._colors else True)
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.start()
        return self._bar

    def _end_step(self) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _print(self, text: str, style: str = "") -> None:
        text = visible(text)
        if self._bar is not None:
            self._bar.console.print(text, style=style or None, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr)
