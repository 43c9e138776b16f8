"""Entering a revision: it is held, so that nothing removes it, and the environment of a session in it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import BusyError, LaunchError, NotFoundError, StorageError
from rezup_api.recipe.load import load_recipe
from rezup_api.session.environment import SessionEnviron, session_environ
from rezup_api.store.revision import hold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.disk.flock import Held
    from rezup_api.events import Reporter
    from rezup_api.store.revision import Revision


@dataclass(frozen=True, slots=True)
class Session:
    """A revision that is held, and the environment of a session in it, with what that was made from."""

    revision: Revision
    computed: SessionEnviron
    lease: Held

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of the session."""
        return self.computed.values


def enter(revision: Revision, environ: Mapping[str, str], report: Reporter) -> Session:
    """Enter exactly this revision; see `enter_revision` for the arguments and further errors.

    Raises:
        NotFoundError: it was removed, or is not ready here.
    """
    session = enter_revision(revision, environ, report) if revision.ready else None
    if session is None:
        why = f"cannot be entered here: {revision.obstacle}" if revision.obstacle else "is gone"
        raise NotFoundError(f"{revision} {why}", f"see what there is: rezup status {revision.container}")
    return session


def enter_revision(revision: Revision, environ: Mapping[str, str], report: Reporter) -> Session | None:
    """Hold a revision and compute its session's environment; None when it is being removed just now.

    Args:
        environ: the caller's environment; values of an outer session are taken back.

    Raises:
        LaunchError: it cannot be held, or a `.env` file not be read.
        RecipeError: its recipe is damaged.
    """
    try:
        held = hold(revision)
    except (NotFoundError, BusyError):
        return None
    except StorageError as error:
        raise LaunchError(error.message, error.hint) from error
    try:
        recipe = load_recipe(revision.container, revision.recipe_file, tolerant=revision.style != "3")
        return Session(revision, session_environ(revision, recipe, environ, report), held)
    except BaseException:
        held.release()
        raise
