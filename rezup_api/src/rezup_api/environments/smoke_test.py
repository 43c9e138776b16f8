"""Try what was built before anybody uses it: a real `rez --version`, and a real `rez-env` inside another one.

Importing Rez proves nothing: on an interpreter that is too new it imports and every plugin fails. A broken extension shows here
as well, because it breaks every command of Rez.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rezup_api.errors import InstallError
from rezup_api.packages.installed import installed
from rezup_api.process import runner
from rezup_api.pythons.interpreter import clean_environ
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rezup_api.events import Reporter
    from rezup_api.packages.installed import Distribution
    from rezup_api.pythons.interpreter import Interpreter

TIMEOUT = 120.0
_ANSWER = "inside-two-contexts"


def probe(
    environment: Path,
    interpreter: Interpreter,
    *,
    environ: Mapping[str, str],
    work: Path,
    report: Reporter,
    holding: Collection[int],
) -> None:
    """Run the Rez of a staged environment.

    Args:
        work: an empty folder for what Rez writes.

    Raises:
        InstallError: it does not run; the message names the distribution at fault where the traceback tells.
    """
    tools = environment / BIN / "rez"
    surroundings = _surroundings(environ, tools, work)
    inner = f"rez-env --shell {_shell()} -c 'echo {_ANSWER}'"
    trials: tuple[tuple[list[str | Path], str], ...] = (
        ([tools / "rez", "--version"], "Rez "),
        ([tools / "rez-env", "--shell", _shell(), "-c", inner], _ANSWER),
    )
    for command, expected in trials:
        # Apart, because Rez on Ctrl-C ends its whole process group (rez/cli/_util.py, sigbase_handler): with it, us.
        completed = runner.start(
            command, environ=surroundings, report=report, cwd=work, holding=holding, apart=True
        ).wait(TIMEOUT)
        said = completed.stdout + completed.tail  # Python 2.7 tells its version on stderr (bugs.python.org/issue18920)
        if completed.status or expected not in said:
            raise _failure(completed, site_packages(environment, interpreter.version))


def _surroundings(environ: Mapping[str, str], tools: Path, work: Path) -> dict[str, str]:
    """The caller's environment without what configures Rez: a studio's packages and settings are not what is tried here."""
    clean = {name: value for name, value in clean_environ(environ).items() if not name.startswith(("REZ_", "REZUP_"))}
    return {
        **clean,
        "PATH": os.pathsep.join([str(tools), environ.get("PATH", os.defpath)]),
        "REZ_DISABLE_HOME_CONFIG": "1",
        "REZ_PACKAGES_PATH": str(work),
        "REZ_LOCAL_PACKAGES_PATH": str(work),
        "REZ_TMPDIR": str(work),
        "REZ_CONTEXT_TMPDIR": str(work),
    }


def _shell() -> str:
    return "cmd" if os.name == "nt" else "sh"


def _failure(completed: runner.Completed, packages: Path) -> InstallError:
    tail = (completed.tail or completed.stdout).strip()
    culprit = _culprit(tail, packages)
    name = Path(completed.command[0]).name
    # Rez itself fails over a plugin that fails; the first traceback is the one that tells.
    cause = tail.split("\nDuring handling of the above exception")[0].strip() or f"exit status {completed.status}"
    said = "\n".join(f"  {line}" for line in cause.splitlines()[-8:])
    return InstallError(
        f"Rez does not run in the new environment{f': {culprit} breaks it' if culprit else ''} ({name}):\n{said}",
        _way_out(cause, culprit),
        command=completed.command,
        status=completed.status,
        tail=tail,
    )


def _way_out(cause: str, culprit: str) -> str:
    if "getpwuid" in cause:
        return "Rez asks for the name of its user, and the system knows none: set LOGNAME"
    if culprit:
        return f"take {culprit} out of the recipe, or ask for a version that fits this Rez and Python"
    return "check that this version of Rez supports the interpreter of the recipe (Python 3.12 and newer need Rez 3.3)"


def _source(distribution: Distribution) -> str:
    """The folder of an editable distribution's sources; what no traceback names for any other."""
    address = urlsplit(distribution.origin())
    return unquote(address.path).rstrip("/") + "/" if address.scheme == "file" else "\0"


def _culprit(tail: str, packages: Path) -> str:
    """The distribution, other than Rez, in whose code or by whose absence a traceback ended; empty if it does not tell."""
    others = [item for item in installed(packages).values() if item.name not in {"rez", "pip"}]
    owners = {path.split("/")[0].removesuffix(".py"): item.name for item in others for path in item.record()}
    tops = re.findall(r'site-packages[/\\]([^/\\"]+)', tail) + re.findall(r"No module named '?([\w]+)", tail)
    named = [owners[top.removesuffix(".py")] for top in reversed(tops) if top.removesuffix(".py") in owners]
    named += [item.name for item in others if f'"{_source(item)}' in tail]
    if named:
        return named[0]
    # A name within a path tells nothing: half of all paths have a "six" or a "pytest" in them.
    words = set(re.findall(r"(?<![\w./\\-])[\w.-]*\w(?![\w/\\-])", tail))
    return next((item.name for item in others if item.name in words), "")
