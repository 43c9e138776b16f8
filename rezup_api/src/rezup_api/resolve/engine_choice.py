"""Which engine installs an environment: uv where it can do all that is asked, pip elsewhere."""

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
    """uv where it can do all that is asked, else pip; the reason for pip is reported."""
    translation = pip_configuration.translate(around.options, around.environ)
    reason = ""
    if recipe.pip.engine == "pip":
        return PipEngine(around)
    if interpreter.version < OLDEST_FOR_UV:
        return PipEngine(around)
    if translation.untranslatable:
        named = ", ".join(f"--{option.name} ({option.origin})" for option in translation.untranslatable)
        reason = f"pip installs this environment, because uv has no counterpart of {named}"
    uv = find_uv()
    if uv is None:
        reason = "pip installs this environment, because there is no uv on this machine"
    if reason or uv is None:
        around.report(Note(reason))
        return PipEngine(around)
    return UvEngine(around, uv, translation)


def helper_engine(around: Surroundings) -> UvEngine | None:
    """uv for installing tools of rezup's own, also where pip installs the environment; None where there is no uv."""
    uv = find_uv()
    return UvEngine(around, uv, pip_configuration.translate(around.options, around.environ)) if uv else None
