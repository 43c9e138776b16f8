"""Test a built environment before anybody uses it: run `rez --version`, and a `rez-env` inside another one.

Importing Rez would prove nothing: with an interpreter that is too new, the import works and every plugin fails. The test also
finds a broken extension, because that breaks every command of Rez.
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
    distribution: str,
    *,
    environ: Mapping[str, str],
    work: Path,
    report: Reporter,
    holding: Collection[int],
) -> bool:
    """Run the Rez of a staged environment.

    Args:
        environment: the folder of the environment.
        interpreter: its interpreter.
        distribution: the name of the distribution that provides Rez: "rez", or that of a fork.
        environ: the caller's environment.
        work: an empty folder for the files that Rez writes.
        report: gets the commands that are started.
        holding: descriptors of locks that the started processes keep open.

    Returns:
        Whether `rez-env` works inside another one. A fork of Rez may lack that; Rez itself may not.

    Raises:
        InstallError: Rez does not run; the message names the distribution at fault if the traceback shows it.
    """
    tools = environment / BIN / "rez"
    surroundings = _surroundings(environ, tools, work)
    inner = f"rez-env --shell {_shell()} -c 'echo {_ANSWER}'"
    is_fork = distribution.lower() != "rez"

    def failed(command: list[str | Path], *expected: str) -> InstallError | None:
        # Apart, because on Ctrl-C Rez ends its whole process group (rez/cli/_util.py, sigbase_handler), and us with it.
        completed = runner.start(
            command, environ=surroundings, report=report, cwd=work, holding=holding, apart=True
        ).wait(TIMEOUT)
        # With Python 2.7, `--version` writes to stderr (https://bugs.python.org/issue18920).
        output = completed.stdout + completed.tail
        # Only the expected output proves that the inner command has run.
        if completed.status or not any(text in output for text in expected):
            return _failure(completed, site_packages(environment, interpreter.version))
        return None

    rez_env: list[str | Path] = [tools / "rez-env", "--shell", _shell(), "-c"]
    failure = failed([tools / "rez", "--version"], "Rez ", *([f"{distribution} "] if is_fork else []))
    if failure is not None:
        raise failure
    failure = failed([*rez_env, inner], _ANSWER)
    if failure is None:
        return True
    if is_fork and failed([*rez_env, f"echo {_ANSWER}"], _ANSWER) is None:
        return False
    raise failure


def _surroundings(environ: Mapping[str, str], tools: Path, work: Path) -> dict[str, str]:
    """The caller's environment without a configuration of Rez: the test must not depend on a studio's packages and settings."""
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
    # If a plugin fails, Rez fails over it once more. The first traceback shows the cause.
    cause = tail.split("\nDuring handling of the above exception")[0].strip() or f"exit status {completed.status}"
    shown = "\n".join(f"  {line}" for line in cause.splitlines()[-8:])
    return InstallError(
        f"Rez does not run in the new environment{f': {culprit} breaks it' if culprit else ''} ({name}):\n{shown}",
        _way_out(cause, culprit),
        command=completed.command,
        status=completed.status,
        tail=tail,
    )


def _way_out(cause: str, culprit: str) -> str:
    if "getpwuid" in cause:
        return "Rez asks for the name of its user, and the system has no name for this user's number: set LOGNAME"
    if culprit:
        return f"take {culprit} out of the recipe, or ask for a version that fits this Rez and Python"
    return "check that this version of Rez supports the interpreter of the recipe (Python 3.12 and newer need Rez 3.3)"


def _source(distribution: Distribution) -> str:
    """The folder of an editable distribution's sources."""
    address = urlsplit(distribution.origin())
    # For any other distribution a text that no traceback can hold.
    return unquote(address.path).rstrip("/") + "/" if address.scheme == "file" else "\0"


def _culprit(tail: str, packages: Path) -> str:
    """The distribution, other than Rez, in whose code a traceback ends, or which is missing; empty if that is unclear."""
    others = [item for item in installed(packages).values() if item.name not in {"rez", "pip"}]
    owners = {path.split("/")[0].removesuffix(".py"): item.name for item in others for path in item.record()}
    tops = re.findall(r'site-packages[/\\]([^/\\"]+)', tail) + re.findall(r"No module named '?([\w]+)", tail)
    named = [owners[top.removesuffix(".py")] for top in reversed(tops) if top.removesuffix(".py") in owners]
    named += [item.name for item in others if f'"{_source(item)}' in tail]
    if named:
        return named[0]
    # A name inside a path proves nothing, because many paths have a "six" or a "pytest" in them; so only whole words count.
    words = set(re.findall(r"(?<![\w./\\-])[\w.-]*\w(?![\w/\\-])", tail))
    return next((item.name for item in others if item.name in words), "")
