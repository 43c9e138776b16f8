"""The library of rezup: containers of Rez environments, their revisions, and sessions in them.

    import os
    from rezup_api import Studio

    session = Studio.from_environ(os.environ).container("dev").enter()

Public names are loaded when they are first asked for, so that importing the package costs nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api._version import __version__ as __version__
    from rezup_api.container import Container as Container
    from rezup_api.errors import BusyError as BusyError
    from rezup_api.errors import InstallError as InstallError
    from rezup_api.errors import LaunchError as LaunchError
    from rezup_api.errors import NotFoundError as NotFoundError
    from rezup_api.errors import Problem as Problem
    from rezup_api.errors import RecipeError as RecipeError
    from rezup_api.errors import RemoteError as RemoteError
    from rezup_api.errors import RezError as RezError
    from rezup_api.errors import RezupError as RezupError
    from rezup_api.errors import StorageError as StorageError
    from rezup_api.errors import UpgradeError as UpgradeError
    from rezup_api.errors import UsageError as UsageError
    from rezup_api.errors import VerificationError as VerificationError
    from rezup_api.events import Event as Event
    from rezup_api.events import Reporter as Reporter
    from rezup_api.recipe.load import load_recipe as load_recipe
    from rezup_api.recipe.model import Recipe as Recipe
    from rezup_api.session.entry import Session as Session
    from rezup_api.settings import Settings as Settings
    from rezup_api.store.history import Act as Act
    from rezup_api.store.revision import Revision as Revision
    from rezup_api.studio import Studio as Studio

_HOMES = {
    "__version__": "_version",
    "Container": "container",
    "BusyError": "errors",
    "InstallError": "errors",
    "LaunchError": "errors",
    "NotFoundError": "errors",
    "Problem": "errors",
    "RecipeError": "errors",
    "RemoteError": "errors",
    "RezError": "errors",
    "RezupError": "errors",
    "StorageError": "errors",
    "UpgradeError": "errors",
    "UsageError": "errors",
    "VerificationError": "errors",
    "Event": "events",
    "Reporter": "events",
    "load_recipe": "recipe.load",
    "Recipe": "recipe.model",
    "Session": "session.entry",
    "Settings": "settings",
    "Act": "store.history",
    "Revision": "store.revision",
    "Studio": "studio",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605 - one list of names, with their homes


def __getattr__(name: str) -> object:
    """A public name, from the module that defines it."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rezup_api' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"rezup_api.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
