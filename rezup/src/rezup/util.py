"""The functions that rezup 2.x documents for scripts, under their old names: `get_revision`, `resolve_environ` and others.

    from rezup import ContainerRecipe, util

    with ContainerRecipe.provisional_recipes("/to/other/recipes"):
        revision = util.get_revision("dev")
        environ = util.resolve_environ(revision, ["maya-2019", "spiderman"])

New scripts can do more with `rezup_api`: see `Studio` and `rezup_api.rez`. Messages of rezup go to the logger "rezup".
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

# The base class of all errors, under the name that rezup 2.x gave it.
ContainerError = RezupError
_recipes: ContextVar[str] = ContextVar("rezup_recipes", default="")


class ContainerRecipe:
    """The folder in which recipes are found; the rest of the class of rezup 2.x does not exist any more."""

    @staticmethod
    @contextmanager
    def provisional_recipes(path: str | Path) -> Iterator[None]:
        """Find recipes in another folder than the home folder, while the body runs, and in this thread only.

        Args:
            path: the folder, as REZUP_RECIPES names it for commands.
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
        """Whether the revision can be entered on this machine; see `ready`."""
        return self.ready

    def recipe_env(self) -> dict[str, str]:
        """The variables that the recipe and its `.env` files set, and the container's name; without PATH.

        Raises:
            ContainerError: the revision was removed or is not ready, or a `.env` file cannot be read.
        """
        session = enter(self, os.environ, log)
        session.lease.release()
        named = {*session.computed.named, "REZUP_CONTAINER", "REZUP_USING_REMOTE"}
        return {name: value for name, value in session.environ.items() if name in named}


def get_revision(container: str | None = None, create: bool = False, fallback: bool = True) -> ScriptRevision:
    """The revision that `rezup use` gives.

    Args:
        container: the name of the container; by default `.main`.
        create: build the revision if it is missing on this machine; also a first one, if the container has no revisions and no
            remote root.
        fallback: if the revision is missing and is not to be built, take an earlier one that is ready on this machine.

    Raises:
        ContainerError: there is no such revision, or it cannot be built.
    """
    found = Studio.from_environ(environ(), log).container(container or DEFAULT_CONTAINER)
    revision = found.find(create=True) if create else found.present(fallback=fallback)
    return ScriptRevision(*(getattr(revision, field.name) for field in fields(Revision)))


def environ() -> Mapping[str, str]:
    """The environment of this process, with the folder of `provisional_recipes` as REZUP_RECIPES while its body runs."""
    folder = _recipes.get()
    return {**os.environ, "REZUP_RECIPES": folder} if folder else os.environ


def log(event: Event) -> None:
    """Log an event: a warning as a warning, anything else as information, which Python shows only on demand."""
    logger = logging.getLogger("rezup")
    if isinstance(event, Warned):
        logger.warning("%s", event.text)
    else:
        logger.info("%s", event)
