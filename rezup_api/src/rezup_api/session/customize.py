"""Run the site-customize script of `~/rezup.toml`: a studio's own Python, before anything else, in this very process.

What it does to `os.environ` holds for all that follows: roots, recipes, the session. It is the one place of the library that
works on the environment of the process itself.
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
HINT = "mend it, or pass it over with REZUP_SKIP_INIT=1"


def site_script(settings: Settings, environ: Mapping[str, str]) -> CodeType | None:
    """The script that `~/rezup.toml` names, compiled; None where there is none, or REZUP_SKIP_INIT is set.

    Args:
        environ: for `~` and `$VAR` in its path.

    Raises:
        RecipeError: it is missing, or is no Python; the message names its file and line.
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
    """Say in our words what a script has raised; nothing happens where it ran well.

    Raises:
        RecipeError: it raised, or ended itself with an error; the message names file and line.
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
    """The innermost line of a file that a traceback passes through; 0 when it passes it by."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
