"""Fetch wheels without installing them, also for other platforms, and build the wheels of which there are only sources.

`pip download` does the work: it uses what the studio has configured for pip, and it can choose for a platform other than its own.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.environments.build import LIMIT
from rezup_api.environments.virtual_environment import create_environment
from rezup_api.packages.platforms import fits, marker_environment, pip_options, tags_of
from rezup_api.packages.pylock import address_of, line_of
from rezup_api.packages.request import isolated_request, main_request
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.recipe.credentials import STRUCK
from rezup_api.resolve import engine_choice
from rezup_api.resolve.engine import surroundings
from rezup_api.resolve.engine_errors import is_missing, require_success
from rezup_api.resolve.pip import PipEngine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup_api.cache.folders import Caches
    from rezup_api.events import Reporter, Step
    from rezup_api.packages.platforms import PlatformTarget
    from rezup_api.packages.pylock import Lock
    from rezup_api.process import runner
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings


class Fetcher:
    """Fetches the wheels of one environment.

    Args:
        recipe: the recipe, which says where packages are found.
        interpreter: the interpreter of the environment, which builds wheels from sources.
        settings, environ: the caller's settings and environment.
        caches: the caches of the local root.
        work: a folder for temporary files, which the caller removes.
        wheels: the folder into which the wheels are written.
        beside: the folder with the wheels that belong to the lock; it need not exist.
        report: called with events: the commands that are run.
    """

    def __init__(
        self,
        recipe: Recipe,
        interpreter: Interpreter,
        *,
        settings: Settings,
        environ: Mapping[str, str],
        caches: Caches,
        work: Path,
        wheels: Path,
        beside: Path,
        report: Reporter,
    ) -> None:
        self._interpreter = interpreter
        self._work = work
        self._wheels = wheels
        self._beside = beside
        self._around = surroundings(
            recipe,
            settings,
            environ,
            work=work,
            caches=caches,
            report=report,
            holding=(),
            prefix=Path(interpreter.executable).parent.parent,
            wheels=(wheels,),
            ends=time.monotonic() + (recipe.pip.timeout or LIMIT),
        )
        self._engine = PipEngine(self._around)
        self._engine.learn(_asked(recipe, interpreter, environ))

    def take_local(self, lock: Lock) -> None:
        """Copy the wheels that belong to the lock; an index may have other files with the same names."""
        with storing("cannot copy"):
            for name in lock.local:
                shutil.copyfile(self._beside / name, self._wheels / name)

    def build_sources(self, sources: Mapping[str, str], running: Step) -> dict[str, Path]:
        """Build wheels from sources.

        Args:
            sources: the requirement lines that get the sources, by the name of the package.
            running: the step whose progress is reported.

        Returns:
            The paths of the wheels, by the name of the package.

        Raises:
            InstallError: a wheel cannot be built.
        """
        made = {}
        for name, line in sources.items():
            running.progress(f"Building {name}")
            before = {*os.listdir(self._wheels)}
            environment = self._environment(self._interpreter)
            words = ["--wheel-dir", str(self._wheels)]
            require_success(self._engine.fetch(environment, "wheel", [line], words, running), f"cannot build {name}")
            (file,) = {*os.listdir(self._wheels)} - before
            made[name] = self._wheels / file
        return made

    def fetch(self, lock: Lock, target: PlatformTarget, running: Step) -> None:
        """Download the wheels that a lock names for a platform; of several that fit, the one for the oldest systems.

        Args:
            lock: the lock of the environment.
            target: the platform and Python.
            running: the step whose progress is reported.

        Raises:
            InstallError: a wheel cannot be found, or its digest is not that of the lock.
        """
        tags = tags_of(target)
        there = {name for name in os.listdir(self._wheels) if fits(name, tags)}
        wanted = [
            (package, chosen)
            for package, chosen in lock.selected(marker_environment(target), tags)
            if there.isdisjoint(wheel.filename for wheel in package.wheels or ())
        ]
        if not wanted:
            return
        lines = [line_of(package, {}) for package, _ in wanted]
        completed = self._download(lines, pip_options(target), running)
        # The index may not have a file any more that the lock still has an address for.
        if is_missing(completed):
            recorded = [address_of(package, chosen, {}) or line_of(package, {}) for package, chosen in wanted]
            completed = self._download(recorded, pip_options(target), running)
        require_success(completed, f"cannot fetch the wheels for {target}")

    def _download(self, lines: Sequence[str], options: Sequence[str], running: Step) -> runner.Completed:
        environment = self._environment(host_interpreter())
        words = ["--dest", str(self._wheels), *options]
        return self._engine.fetch(environment, "download", lines, words, running)

    def _environment(self, interpreter: Interpreter) -> Path:
        """An environment with pip in it, made when it is first needed."""
        path = self._work / f"pip-{interpreter.version_text}"
        if not path.exists():
            create_environment(
                path,
                interpreter,
                seed=True,
                caches=self._around.caches,
                environ=self._around.environ,
                helper=engine_choice.helper_engine(self._around),
            )
        return path


def _asked(recipe: Recipe, interpreter: Interpreter, environ: Mapping[str, str]) -> list[str]:
    """The requirement lines of all environments of a recipe, without those whose credentials were struck out."""
    isolated = (extension for extension in recipe.extensions if extension.isolation)
    requests = [main_request(recipe, interpreter, environ)]
    requests += [isolated_request(recipe, extension, interpreter, environ) for extension in isolated]
    return [line for request in requests for line in request.lines if STRUCK not in line]
