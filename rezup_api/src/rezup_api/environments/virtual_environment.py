"""Make an empty virtual environment that can be moved and shared.

rezup calls virtualenv through its Python API. Python 2.7, and a pip for an interpreter before 3.9, need an old release of
virtualenv. That one cannot be installed beside the new one, so it has an environment of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.disk.files import remove_tree, token, write_whole
from rezup_api.errors import InstallError
from rezup_api.process import child_statuses, runner
from rezup_api.pythons.interpreter import clean_environ, host_interpreter
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.cache.folders import Caches
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.resolve.uv import UvEngine

# https://virtualenv.pypa.io/en/latest/changelog.html: 20.22 dropped the creation of environments for Python 2.7 to 3.6.
OLD_RELEASE = "virtualenv==20.21.1"
OLDEST_CREATED = (3, 6)
OLDEST_SEEDED = (3, 9)


def create_environment(
    path: Path,
    interpreter: Interpreter,
    *,
    seed: bool,
    caches: Caches,
    environ: Mapping[str, str],
    helper: UvEngine | None,
) -> None:
    """Make a virtual environment.

    Args:
        path: the folder of the environment; it must not exist.
        interpreter: the interpreter from which it is made.
        seed: whether to put a pip into it.
        caches: the caches, for virtualenv's application data and for the old release.
        environ: the caller's environment.
        helper: installs the old release where it is needed; None if there is no uv.

    Raises:
        InstallError: virtualenv has failed, or the old release is needed and cannot be installed.
    """
    seeds = ("--no-periodic-update",) if seed else ("--no-seed",)
    arguments = [
        *("--python", interpreter.executable, "--app-data", str(caches.virtualenv), "--activators", "", "--quiet"),
        *(*seeds, "--no-vcs-ignore", str(path)),
    ]
    old = interpreter.version < OLDEST_CREATED or (seed and interpreter.version < OLDEST_SEEDED)
    if old:
        _with_old_release(arguments, caches, environ, helper)
    else:
        _with_own_release(arguments, environ, path)
    _make_movable(path, interpreter)


def _with_own_release(arguments: list[str], environ: Mapping[str, str], path: Path) -> None:
    from virtualenv import cli_run

    # A user's virtualenv.ini must not change what a revision holds.
    clean = {**clean_environ(environ), "VIRTUALENV_CONFIG_FILE": os.devnull}
    # virtualenv calls `sys.exit` for bad arguments, and lets errors of many kinds through, which its documentation does not list.
    try:
        with child_statuses.kept():  # it runs the interpreter
            cli_run(arguments, setup_logging=False, env=clean)
    except (Exception, SystemExit) as error:
        raise InstallError(
            f"virtualenv cannot make {path}: {error}", "check that the interpreter is complete"
        ) from error


def _with_old_release(
    arguments: list[str], caches: Caches, environ: Mapping[str, str], helper: UvEngine | None
) -> None:
    python = _old_release(caches, environ, helper)
    completed = runner.start([python, "-m", "virtualenv", *arguments], environ=clean_environ(environ)).wait()
    if completed.status:
        tail = (completed.tail or completed.stdout).strip()
        raise InstallError(
            f"virtualenv cannot make the environment: {tail}",
            command=completed.command,
            status=completed.status,
            tail=tail,
        )


def _old_release(caches: Caches, environ: Mapping[str, str], helper: UvEngine | None) -> Path:
    """The interpreter of the environment with the old release, which is made once for each interpreter that runs rezup."""
    host = host_interpreter()
    home = caches.tools / f"{OLD_RELEASE.replace('==', '-')}-{host.implementation.lower()}-{host.version_text}"
    python = home / BIN / "python"
    if python.exists():
        return python
    if helper is None:
        raise InstallError(f"this interpreter needs {OLD_RELEASE}, and there is no uv to install it")
    caches.tools.mkdir(parents=True, exist_ok=True)
    # Under a temporary name, because several builders may do this at the same time, and none may see half an environment.
    beside = caches.tools / f".{token()}"
    try:
        create_environment(beside, host, seed=False, caches=caches, environ=environ, helper=None)
        helper.install_tool(beside, OLD_RELEASE)
        os.rename(beside, home)
    except OSError:
        if not python.exists():  # if it does, another process was first, and its environment is as good
            raise
    finally:
        remove_tree(beside)
    return python


def _make_movable(path: Path, interpreter: Interpreter) -> None:
    """Remove what depends on the path or the time, so that equal environments are equal byte for byte wherever they lie."""
    packages = site_packages(path, interpreter.version)
    for extra in (
        path / ".gitignore",
        path / "CACHEDIR.TAG",
        packages / "_virtualenv.py",
        packages / "_virtualenv.pth",
    ):
        # `_virtualenv` patches the distutils of ancient pips at every start of Python, and has a syntax that 3.6 and 3.7 refuse.
        extra.unlink(missing_ok=True)
    settings = path / "pyvenv.cfg"
    lines = settings.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition("=")[0].strip() not in {"command", "virtualenv", "prompt"}]
    write_whole(settings, "".join(f"{line}\n" for line in kept).encode("utf-8"))
