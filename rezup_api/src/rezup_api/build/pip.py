"""Install with the pip of the environment itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rezup_api import process
from rezup_api.build.distributions import installed
from rezup_api.build.editable import PLAIN_PATH, plain_path_projects
from rezup_api.build.engine import Pins, Surroundings, check, progress_of
from rezup_api.recipe.credentials import redact
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rezup_api.build.interpreters import Interpreter
    from rezup_api.build.requirements import EnvironmentRequest
    from rezup_api.events import Step


FIRST_WITH_SETTINGS = (3, 7)


class PipEngine:
    """Installs with the pip of the environment itself: for Python 2.7, and for options that uv lacks."""

    name = "pip"

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def lock(self, request: EnvironmentRequest, lines: Sequence[str]) -> None:
        """pip resolves while it installs, for this machine."""

    def resolve(self, request: EnvironmentRequest, lines: Sequence[str], limits: Pins | None = None) -> _Given:
        """pip resolves while it installs, so the requirements are passed on as they are."""
        asked = Pins(tuple(lines), lasting=False)
        return _Given(asked.within(limits) if limits else asked)

    def install(self, environment: Path, request: EnvironmentRequest, pins: Pins, step: Step) -> None:
        """Install what was asked for into an environment; see `Engine.install`."""
        # An old pip installs editable ones with `setup.py develop`, which leaves a plain path by itself.
        named = plain_path_projects(request) if request.interpreter.version >= FIRST_WITH_SETTINGS else []
        lines = [item.line for item in request.requirements if item.editable and item.name in named]
        # Settings hold for what the command line names, not for what stands in a file.
        words = [word for line in lines for word in line.split(" ", 1)]
        settings = ["--config-settings", PLAIN_PATH, *words] if words else []
        others = replace(pins, lines=tuple(line for line in pins.lines if line not in lines))
        self._install(environment, others, settings, step)

    def install_into(self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, pins: Pins) -> None:
        """Install exactly the pins into a plain folder; see `Engine.install_into`."""
        self._install(scratch("together"), pins, ("--no-deps", "--target", str(folder)), None)

    def installed_pins(self, environment: Path, interpreter: Interpreter, pins: Pins) -> Pins:
        """Install `pins` into an environment made for that, to learn what they mean."""
        self._install(environment, pins, (), None)
        found = installed(site_packages(environment, interpreter.version))
        return Pins(tuple(item.pinned() for item in found.values()), lasting=False)

    def _own_variables(self) -> dict[str, str]:
        """What pip must be told here: nobody is there to answer a question, and a pip that may not ask passes over keyring."""
        providers = [option.value for option in self._around.options if option.name == "keyring-provider"]
        keyring = {"PIP_KEYRING_PROVIDER": providers[-1]} if providers else {}
        return {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PYTHONWARNINGS": "ignore", **keyring}

    def _install(self, environment: Path, pins: Pins, where: Sequence[str], step: Step | None) -> None:
        wanted = self._around.work / "pins.txt"
        wanted.write_text("\n".join(pins.lines) + "\n", encoding="utf-8")
        limits = self._around.work / "limits.txt"
        limits.write_text("\n".join(pins.limits) + "\n", encoding="utf-8")
        wheels = ("--find-links", str(self._around.wheelhouse)) if self._around.wheelhouse else ()
        command = [
            *(str(environment / BIN / "python"), "-m", "pip", "install", "--no-compile", "--no-warn-script-location"),
            *("--disable-pip-version-check", "-r", str(wanted), "-c", str(limits)),
            *(*where, *wheels, *self._around.own_options),
        ]
        running = process.start(
            command,
            environ={**self._around.environ, **self._own_variables()},
            report=self._around.report,
            holding=self._around.holding,
            redact=redact,
            on_line=progress_of(step),
        )
        check(running.wait(), "pip cannot install what the recipe asks for")


class _Given:
    def __init__(self, pins: Pins) -> None:
        self._pins = pins

    def result(self) -> Pins:
        """What was asked for, as it is."""
        return self._pins

    def cancel(self) -> None:
        """Nothing is under way."""
