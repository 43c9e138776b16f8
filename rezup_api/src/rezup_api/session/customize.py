"""Find and compile the site-customize script that `~/rezup.toml` names, and report what it raised.

The script is a studio's own Python. The caller runs it in this process before anything else, so that what it does to
`os.environ` holds for all that follows: roots, recipes, the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.errors import Problem, RecipeError
from rezup_api.netfs import reader
from rezup_api.recipe.load import init_script
from rezup_api.settings import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, TracebackType

    from rezup_api.settings import Settings

SUBJECT = "the site-customize script"
HINT = "correct it, or start without it: REZUP_SKIP_INIT=1"


def site_script(settings: Settings, environ: Mapping[str, str]) -> CodeType | None:
    """The compiled script that `~/rezup.toml` names; None if it names none, or if REZUP_SKIP_INIT is set.

    Args:
        environ: the variables by which `~` and `$VAR` in the script's path are expanded.

    Raises:
        RecipeError: the script cannot be read, or is not valid Python; the message names its file and line.
    """
    if settings.skip_init:
        return None
    named = init_script(settings)
    if named is None:
        return None
    text, recipe = named
    path = absolute(text, environ, recipe.parent)
    try:
        source = reader.read_bytes(path)
    except OSError as error:
        problem = Problem(str(recipe), "init.script", f"cannot read {path}: {error.strerror}")
        raise RecipeError([problem], HINT) from error
    try:
        return compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise RecipeError([_problem(str(path), error)], HINT, subject=SUBJECT) from error


def check_run(path: str, error: BaseException | None) -> None:
    """Turn what a script has raised into an error of ours; do nothing if it ran without an error.

    Args:
        path: the script's file.
        error: what it raised; None if it ran to its end, or ended itself with status 0.

    Raises:
        RecipeError: the script raised an exception, or ended itself with an error; the message names its file and line.
        BaseException: `error` itself, where it is no `Exception`: Ctrl-C must not look like a fault of the script.
    """
    if error is None:
        return
    if isinstance(error, SystemExit):
        problem = Problem(path, "", f"exits with {error.code}")
        raise RecipeError([problem], HINT, subject=SUBJECT) from error
    if isinstance(error, Exception):
        raise RecipeError([_problem(path, error)], HINT, subject=SUBJECT) from error
    raise error


def _problem(path: str, error: Exception) -> Problem:
    line = _last_line(path, error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno or 0
    where = f"{path}, line {line}" if line else path
    return Problem(where, "", f"raises {type(error).__name__}: {error}")


def _last_line(path: str, trace: TracebackType | None) -> int:
    """The number of the innermost line of the file `path` in a traceback; 0 if the file is not in it."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
