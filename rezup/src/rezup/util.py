"""What rezup 2.x documents for scripts, under its old names: `get_revision`, `resolve_environ`, provisional recipes.

    from rezup import ContainerRecipe, util

    with ContainerRecipe.provisional_recipes("/to/other/recipes"):
        revision = util.get_revision("dev")
        environ = util.resolve_environ(revision, ["maya-2019", "spiderman"])

New scripts say more with `rezup_api`: see `Studio` and `rezup_api.rez`. What rezup has to tell goes to the logger "rezup".
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from typing import TYPE_CHECKING

from rezup_api import Event, Revision, RezupError, Studio
from rezup_api.events import Warned
from rezup_api.rez import resolve_environ
from rezup_api.session import enter
from rezup_api.store import DEFAULT_CONTAINER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["ContainerError", "ContainerRecipe", "ScriptRevision", "get_revision", "resolve_environ"]

# The base of what went wrong, as rezup 2.x named it.
ContainerError = RezupError
_recipes: ContextVar[str] = ContextVar("rezup_recipes", default="")


class ContainerRecipe:
    """Where recipes are found; only that is left of the class of rezup 2.x."""

    @staticmethod
    @contextmanager
    def provisional_recipes(path: str | Path) -> Iterator[None]:
        """Find recipes in another folder than the home folder, for as long as the body runs and in this thread only.

        Args:
            path: the folder; what REZUP_RECIPES is for commands.
        """
        token = _recipes.set(os.path.abspath(path))
        try:
            yield
        finally:
            _recipes.reset(token)


class ScriptRevision(Revision):
    """A revision with the two methods that scripts for rezup 2.x call."""

    __slots__ = ()

    def is_ready(self) -> bool:
        """Whether it can be entered here; see `ready`."""
        return self.ready

    def recipe_env(self) -> dict[str, str]:
        """The variables that its recipe sets, `.env` files first, and which container it is; without PATH.

        Raises:
            ContainerError: it is gone or not ready, or a `.env` file cannot be read.
        """
        session = enter(self, os.environ, log)
        session.lease.release()
        named = {*session.computed.named, "REZUP_CONTAINER", "REZUP_USING_REMOTE"}
        return {name: value for name, value in session.environ.items() if name in named}


def get_revision(container: str | None = None, create: bool = False, fallback: bool = True) -> ScriptRevision:
    """The revision that `rezup use` gives.

    Args:
        container: its name; default: `.main`.
        create: build it where it is missing here, a first one too if its container has none and no remote root.
        fallback: where it is missing and is not to be built, take an earlier one that is here.

    Raises:
        ContainerError: there is none, or it cannot be built.
    """
    found = Studio.from_environ(environ(), log).container(container or DEFAULT_CONTAINER)
    revision = found.find(create=True) if create else found.present(fallback=fallback)
    return ScriptRevision(*(getattr(revision, field.name) for field in fields(Revision)))


def environ() -> Mapping[str, str]:
    """This process's environment, in which recipes are found in the provisional folder, if there is one just now."""
    folder = _recipes.get()
    return {**os.environ, "REZUP_RECIPES": folder} if folder else os.environ


def log(event: Event) -> None:
    """Tell what happens as a library does: warnings for everybody to see, all else to those who listen."""
    logger = logging.getLogger("rezup")
    if isinstance(event, Warned):
        logger.warning("%s", event.text)
    else:
        logger.info("%s", event)
