"""Check what runs: Python, rezup itself, and uv."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup_api._version import __version__
from rezup_api.doctor.observation import WARNING, WRONG, Observation, fine
from rezup_api.errors import InstallError
from rezup_api.process import runner
from rezup_api.process.command_lines import ending
from rezup_api.process.uv_program import find_uv

if TYPE_CHECKING:
    from rezup_api.doctor.scene import Scene

# The oldest Python that rezup needs, and the newest one that it is tested with.
OLDEST, TESTED = (3, 10), (3, 14)
# Seconds.
PATIENCE = 10.0


def check_python(_: Scene) -> Observation:
    """Whether rezup is made for the Python that runs it."""
    return judged_python(sys.version_info[:3], sys.executable)


def judged_python(version: tuple[int, ...], executable: str) -> Observation:
    """What there is to say of an interpreter that runs rezup."""
    text = f"Python {'.'.join(map(str, version))} at {executable}"
    if version < OLDEST:
        return Observation(
            "python", WRONG, f"{text} is too old", f"install rezup with Python {_dotted(OLDEST)} or newer"
        )
    if version[:2] > TESTED:
        way_out = f"if it misbehaves, install rezup with Python {_dotted(TESTED)}"
        return Observation("python", WARNING, f"{text} is newer than what this rezup is tested with", way_out)
    return fine("python", text)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def check_rezup(around: Scene) -> Observation:
    """Which rezup runs, from where, and whether a newer release runs in place of what is installed."""
    found = around.installation
    if found is None:
        return fine("rezup", f"the library rezup_api {__version__}")
    if found.editable:
        return fine("rezup", f"rezup {found.version} from its sources in {found.place}")
    if found.version != __version__:
        return Observation(
            "rezup",
            WRONG,
            f"rezup {found.version} in {found.place} runs with the library rezup_api {__version__}",
            "install both in the same version",
        )
    if found.place != found.installed_place:
        text = f"rezup {found.version} from {found.place}, in place of the installed {found.installed}"
        return fine("rezup", f"{text} in {found.installed_place}")
    return fine("rezup", f"rezup {found.version} from {found.place}")


def check_uv(around: Scene) -> Observation:
    """Whether uv, which installs packages, is there and runs."""
    program = find_uv()
    if program is None:
        text = "uv is not installed with this rezup, so that pip installs packages, which takes longer"
        return Observation("uv", WARNING, text, f"{sys.executable} -m pip install uv")
    try:
        answer = runner.start([program, "--version"], environ=around.environ).wait(PATIENCE)
    except InstallError as error:
        return Observation("uv", WRONG, error.message, 'install uv again, or set pip.engine = "pip" in the recipes')
    if answer.status:
        said = (answer.tail.splitlines() or [ending(answer.status)])[-1]
        return Observation("uv", WRONG, f"{program} does not run: {said}", "install uv again")
    # "uv 0.9.5", or "uv 0.9.5 (a build)"
    return fine("uv", f"{' '.join(answer.stdout.split()[:2])} at {os.path.abspath(program)}")
