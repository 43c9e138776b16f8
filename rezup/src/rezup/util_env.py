"""Put this process into a container by one import, as in rezup 2.x.

    from rezup.util_env import dot_main     # this process is now as if `rezup use .main` had started it

`dot_main` means the container `.main`; any other name means the container of that name. The import gives a dictionary of the
variables that were set. The process holds the lease of the revision as long as it lives, so that the name means the same revision
for that time. No revision is built: if the right one is not ready, an earlier one is taken, with a warning. The site-customize
script is not run.
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
# The sessions by container. Their leases are held until the process ends, so a name means the same revision all the time.
_entered: dict[str, Session] = {}


def __getattr__(name: str) -> dict[str, str]:
    """Enter the container of that name in this process, and return the variables that were set.

    Raises:
        ContainerError: the container has no revision that is ready on this machine.
        AttributeError: the name cannot be that of a container.
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
