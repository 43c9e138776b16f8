"""Choose the engine that installs an environment: uv if it can do everything that is asked, otherwise pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.events import Note
from rezup_api.process.uv_program import find_uv
from rezup_api.resolve import pip_configuration
from rezup_api.resolve.pip import PipEngine
from rezup_api.resolve.uv import UvEngine

if TYPE_CHECKING:
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.recipe.model import Recipe
    from rezup_api.resolve.engine import Engine, Surroundings

OLDEST_FOR_UV = (3, 6)


def choose_engine(recipe: Recipe, interpreter: Interpreter, around: Surroundings) -> Engine:
    """The engine for an environment: uv if it can do everything that is asked, otherwise pip.

    If pip is chosen although the recipe does not ask for it, a `Note` reports the reason.

    Args:
        recipe: may ask for pip itself (`pip.engine`).
        interpreter: the interpreter of the environment.
        around: gives the options that uv must be able to express.
    """
    if recipe.pip.engine == "pip":
        return PipEngine(around)
    translation = pip_configuration.translate(around.options, around.environ)
    uv = find_uv()
    reason = ""
    if interpreter.version < OLDEST_FOR_UV:
        reason = f"uv does not support Python {interpreter.version_text}"
    elif translation.untranslatable:
        named = ", ".join(f"--{option.name} ({option.origin})" for option in translation.untranslatable)
        reason = f"uv has no counterpart of {named}"
    elif uv is None:
        reason = "there is no uv on this machine"
    if reason or uv is None:
        around.report(Note(f"pip installs this environment, because {reason}"))
        return PipEngine(around)
    return UvEngine(around, uv, translation)


def helper_engine(around: Surroundings) -> UvEngine | None:
    """uv, for installing the tools that rezup itself runs, even where pip installs the environment; None without uv."""
    uv = find_uv()
    return UvEngine(around, uv, pip_configuration.translate(around.options, around.environ)) if uv else None
