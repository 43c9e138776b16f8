"""Enter a revision: take its lease, so that nothing removes it, and compute the environment of a session in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import LaunchError, NotFoundError, StorageError
from rezup_api.events import Warned
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
    """A revision with its lease, and the environment of a session in it."""

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
        NotFoundError: the revision was removed, or is not ready on this machine.
    """
    session = enter_revision(revision, environ, report) if revision.ready else None
    if session is None:
        why = f"cannot be entered here: {revision.obstacle}" if revision.obstacle else "is gone"
        raise NotFoundError(f"{revision} {why}", f"see what there is: rezup status {revision.container}")
    return session


def enter_revision(revision: Revision, environ: Mapping[str, str], report: Reporter) -> Session | None:
    """Take the lease of a revision and compute the environment of a session in it.

    Args:
        environ: the caller's environment. If the caller is in a session, what that session set is taken back first.

    Returns:
        The session; None if another process has removed the revision, or is just removing it.

    Raises:
        LaunchError: the lease cannot be taken, or a `.env` file cannot be read.
        RecipeError: the revision's recipe is damaged.
    """
    try:
        # The lease comes before anything is read: from here on no other process can remove the files.
        held = hold(revision)
    except NotFoundError:
        return None
    except StorageError as error:
        raise LaunchError(error.message, error.hint) from error
    if not held.locked:
        text = f"somebody keeps {revision.lock_file} locked; {revision} is entered all the same"
        report(Warned(f"{text} (lslocks names the process)"))
    try:
        recipe = load_recipe(revision.container, revision.recipe_file, tolerant=revision.style != "3")
        return Session(revision, session_environ(revision, recipe, environ, report), held)
    except BaseException:
        # Ctrl-C too: a lease that stays open would keep the revision as long as this process lives.
        held.release()
        raise
