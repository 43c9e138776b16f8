"""Run the site-customize script of `~/rezup.toml`: a studio's own Python, before anything else, in this very process.

What it does to `os.environ` holds for all that follows: roots, recipes, the session. It is the one place of the library that
works on the environment of the process itself.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from rezup_api.errors import Problem, RecipeError
from rezup_api.recipe.loading import init_script
from rezup_api.settings import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.settings import Settings

SUBJECT = "the site-customize script"


def run_site_script(settings: Settings, environ: Mapping[str, str]) -> None:
    """Run the script, if `~/rezup.toml` names one and REZUP_SKIP_INIT is not set.

    Args:
        environ: for `~` and `$VAR` in its path.

    Raises:
        RecipeError: it is missing, or raises; the message names its file and line.
    """
    if settings.skip_init:
        return
    named = init_script(settings)
    if named is None:
        return
    text, recipe = named
    path = absolute(text, environ, recipe.parent)
    hint = "mend it, or pass it over with REZUP_SKIP_INIT=1"
    try:
        source = path.read_bytes()
    except OSError as error:
        problem = Problem(str(recipe), "init.script", f"cannot read {path}: {error.strerror}")
        raise RecipeError([problem], hint) from error
    try:
        exec(
            compile(source, str(path), "exec"),
            {"__file__": str(path), "__name__": "__main__", "__builtins__": __builtins__},
        )
    except SystemExit as error:
        if error.code not in (None, 0):
            problem = Problem(str(path), "", f"exits with {error.code}")
            raise RecipeError([problem], hint, subject=SUBJECT) from error
    except Exception as error:
        raise RecipeError([_problem(str(path), error)], hint, subject=SUBJECT) from error


def _problem(path: str, error: Exception) -> Problem:
    lines = [frame.lineno for frame in traceback.extract_tb(sys.exc_info()[2]) if frame.filename == path]
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == path else (lines or [0])[-1]
    where = f"{path}, line {line}" if line else path
    return Problem(where, "", f"raises {type(error).__name__}: {error}")
