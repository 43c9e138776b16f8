"""Run all checks, one after the other. A check that breaks is itself reported as wrong, and the others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.doctor.container_checks import check_failing_builds, check_pins, check_recipe, check_revision
from rezup_api.doctor.local_root_checks import check_local_roots
from rezup_api.doctor.machine_checks import (
    check_caches,
    check_hooks,
    check_interpreters,
    check_machine_configuration,
    check_recipes,
)
from rezup_api.doctor.network_checks import check_index, check_upgrade_source
from rezup_api.doctor.observation import WRONG, Diagnosis, Observation
from rezup_api.doctor.program_checks import check_python, check_rezup, check_uv
from rezup_api.doctor.remote_root_checks import check_remote_roots
from rezup_api.doctor.report_text import keep_report, report_of
from rezup_api.doctor.scene import Scene
from rezup_api.doctor.shell_checks import check_completion, check_shell, check_startup_files
from rezup_api.errors import RezupError
from rezup_api.events import Reporter, StepStarted, silent
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rezup_api.doctor.scene import Installation

    Check = Callable[[Scene], Observation | list[Observation]]

# Every check under its stable name, in the order in which users read them. The roots' checks report under further names.
CHECKS: dict[str, Check] = {
    "python": check_python,
    "rezup": check_rezup,
    "uv": check_uv,
    "shell": check_shell,
    "startup-files": check_startup_files,
    "completion": check_completion,
    "local-root": check_local_roots,
    "remote-root": check_remote_roots,
    "index": check_index,
    "upgrade-source": check_upgrade_source,
    "interpreters": check_interpreters,
    "caches": check_caches,
    "machine-configuration": check_machine_configuration,
    "hooks": check_hooks,
    "recipes": check_recipes,
    "recipe": check_recipe,
    "revision": check_revision,
    "failing-builds": check_failing_builds,
    "pins": check_pins,
}
# What a report of an internal error looks at: nothing that takes time, starts a process or asks a network.
AT_ONCE = ("python", "rezup", "shell", "machine-configuration")


def examine(around: Scene, checks: Mapping[str, Check] | None = None, report: Reporter = silent) -> Diagnosis:
    """What is wrong with a machine, and with a container if one is named.

    Args:
        around: what the checks look at.
        checks: the checks by their names; by default all.
        report: called with the progress.
    """
    found: list[Observation] = []
    for name, check in (CHECKS if checks is None else checks).items():
        report(StepStarted(f"Looking at: {name}"))
        found += _seen(name, check, around)
    return Diagnosis(around.name, tuple(found))


def examine_program(around: Scene) -> Diagnosis:
    """What can be said at once, after a fault of rezup; see `AT_ONCE`."""
    return examine(around, {name: CHECKS[name] for name in AT_ONCE})


def keep_fault(
    error: BaseException, environ: Mapping[str, str], installation: Installation | None = None
) -> Path | None:
    """Write a report of an internal error to a file of its own, in the state folder of the user; see `keep_report`.

    Args:
        error: the error, with its traceback.
        environ: the caller's environment.
        installation: how rezup is installed, if the caller is the command.

    Returns:
        The file; None if it cannot be written.
    """
    import traceback

    around = Scene(Settings.from_environ(environ), environ, installation, (), ())
    trace = "".join(traceback.format_exception(error))
    return keep_report(report_of(examine_program(around), environ, trace), environ)


def _seen(name: str, check: Check, around: Scene) -> list[Observation]:
    """What a check sees, or how it has failed; each text is one line, also that of an error which has several."""
    return [
        Observation(one.check, one.level, _in_one_line(one.text), _in_one_line(one.way_out), one.subject)
        for one in _tried(name, check, around)
    ]


def _in_one_line(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines())


def _tried(name: str, check: Check, around: Scene) -> list[Observation]:
    try:
        found = check(around)
    except RezupError as error:
        return [Observation(name, WRONG, error.message, error.hint)]
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return [Observation(name, WRONG, f"cannot be looked at: {where}{error.strerror or error}")]
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one check, the user needs the others
        text = f"the check itself is broken: {type(error).__name__}: {error}"
        return [Observation(name, WRONG, text, "this is a fault of rezup; report it with: rezup doctor --report")]
    return [found] if isinstance(found, Observation) else found
