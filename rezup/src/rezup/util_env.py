"""Put a process into a container by one import, as rezup 2.x has it.

    from rezup.util_env import dot_main     # this process is now as if `rezup use .main` had started it

`dot_main` is the container `.main`; any other name is that container's. The name becomes what was set: variables and values. The
revision is held for as long as the process lives, and stays the one that the name means here. It is never built: where it is not
ready, what stands in for it is taken, with a warning. The site-customize script is not run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.util import environ, get_revision, log
from rezup_api import Studio
from rezup_api.recipe import is_container
from rezup_api.session import changes, enter, without_session
from rezup_api.store import DEFAULT_CONTAINER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api import Session

_MAIN = "dot_main"
# What was entered, by container: held until the process ends, so that a name means one revision for as long.
_entered: dict[str, Session] = {}


def __getattr__(name: str) -> dict[str, str]:
    """Enter the container of that name in this process.

    Raises:
        ContainerError: it has no revision that is built here.
    """
    container = DEFAULT_CONTAINER if name == _MAIN else name
    if name.startswith("__") or not is_container(container):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    session = _entered.get(container) or enter(get_revision(container), os.environ, log)
    _entered[container] = session
    _apply(changes(os.environ, session.environ))
    applied = changes(without_session(os.environ), session.environ)
    return {variable: value for variable, value in applied.items() if value is not None}


def _apply(changed: Mapping[str, str | None]) -> None:
    for variable, value in changed.items():
        if value is None:
            del os.environ[variable]
        else:
            os.environ[variable] = value


def __dir__() -> list[str]:
    names = [container.name for container in Studio.from_environ(environ(), log).containers()]
    return [_MAIN if name == DEFAULT_CONTAINER else name for name in names]
