"""Run the checks of a recipe in a revision before it appears. A revision that fails a check never appears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.disk.files import remove_tree, storing
from rezup_api.errors import InstallError
from rezup_api.events import step
from rezup_api.process import runner
from rezup_api.process.command_lines import ending, shell_words
from rezup_api.session.environment import session_environ
from rezup_api.store.layout import BIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.disk.staging import Stage
    from rezup_api.events import Reporter
    from rezup_api.recipe.model import Check, Recipe
    from rezup_api.store.metadata import Metadata

# Lines of a failed check's output that its error shows.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class StagedRevision:
    """A revision that is still in its stage, with what a session needs to know of it.

    Args:
        container: the container's name.
        path: the folder of the stage.
        metadata: the metadata that the revision will have.
    """

    container: str
    path: Path
    metadata: Metadata

    @property
    def tool_folders(self) -> tuple[Path, ...]:
        """The folders of its production scripts, in the order in which they go on PATH."""
        return tuple(self.path / "venv" / environment.name / BIN / "rez" for environment in self.metadata.environments)


def run_checks(
    recipe: Recipe, stage: Stage, metadata: Metadata, *, environ: Mapping[str, str], report: Reporter
) -> None:
    """Run every check of a recipe, in the environment that a session in the revision would have.

    Args:
        recipe: the recipe.
        stage: the stage in which the revision is being built.
        metadata: the metadata that the revision will have.
        environ: the caller's environment.
        report: called with the progress.

    Raises:
        InstallError: a check fails, or takes longer than its limit.
        LaunchError: a `.env` file of the recipe cannot be read.
        StorageError: the stage cannot be written.
    """
    if not recipe.checks:
        return
    revision = StagedRevision(recipe.container, stage.path, metadata)
    session = session_environ(revision, recipe, environ, report).values
    work = stage.path / ".check"
    with storing("cannot write"):
        work.mkdir()
    try:
        for check in recipe.checks:
            with step(report, f"Checking: {check.command}") as running:
                _run(check, session, work, stage, report)
                running.text = f"Checked: {check.command}"
    finally:
        with storing("cannot remove"):
            remove_tree(work)


def _run(check: Check, session: Mapping[str, str], work: Path, stage: Stage, report: Reporter) -> None:
    """Run one check without the terminal: it cannot ask the user anything, and the processes that it starts end with it."""
    completed = runner.start(
        shell_words(check.command),
        environ=session,
        report=report,
        cwd=work,
        # If rezup is killed, the check lives on for a moment. With this lock it keeps the stage from being swept meanwhile.
        holding=(stage.lock.descriptor,),
        apart=True,
    ).wait(check.timeout)
    if not completed.status:
        return
    said = [*completed.stdout.splitlines(), *completed.tail.splitlines()][-SHOWN:]
    output = "".join(f"\n  {line}" for line in said)
    raise InstallError(
        f"the check {check.command!r} fails in the new revision ({ending(completed.status)})"
        f"{':' if output else ''}{output}",
        "no revision was made; repair what the check reports, or correct the check in the recipe",
        command=completed.command,
        status=completed.status,
        tail="\n".join(said),
    )
