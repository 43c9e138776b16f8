"""Run the site-customize script of `~/rezup.toml`: a studio's own Python, before anything else, in this very process.

What it does to `os.environ` holds for all that follows: roots, recipes, the session. It is the one place of the library that
works on the environment of the process itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.errors import Problem, RecipeError
from rezup_api.recipe.loading import init_script
from rezup_api.settings import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from types import TracebackType

    from rezup_api.settings import Settings

SUBJECT = "the site-customize script"
COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})


def undo_coercion(environ: MutableMapping[str, str]) -> None:
    """Give LC_CTYPE back the value that it had before Python replaced it at its start (PEP 538), so that no command inherits it.

    Before the site-customize script, because afterwards it may be the studio that has asked for C.UTF-8.

    Args:
        environ: `os.environ`.
    """
    if environ.get("LC_CTYPE") not in COERCED or environ.get("LC_ALL"):
        return
    try:
        with open("/proc/self/environ", "rb") as stream:
            given = stream.read().split(b"\0")
    except OSError:
        return
    before = next((item for item in given if item.startswith(b"LC_CTYPE=")), None)
    if before is None:
        del environ["LC_CTYPE"]
    else:
        environ["LC_CTYPE"] = os.fsdecode(before.removeprefix(b"LC_CTYPE="))


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
