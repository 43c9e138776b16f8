"""The library of rezup: containers of Rez environments, their revisions, and sessions in them.

    import os
    from rezup_api import Studio

    session = Studio.from_environ(os.environ).container("dev").enter()

Public are the names that this package and its rooms offer, and those of `errors`, `events`, `rez`, `results` and `status`. They
are loaded when they are first asked for, so that importing the package, or a room, costs nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api._version import __version__ as __version__
    from rezup_api.container import Container as Container
    from rezup_api.errors import (
        BusyError as BusyError,
        InstallError as InstallError,
        LaunchError as LaunchError,
        NotFoundError as NotFoundError,
        Problem as Problem,
        RecipeError as RecipeError,
        RemoteError as RemoteError,
        RezError as RezError,
        RezupError as RezupError,
        StorageError as StorageError,
        UpgradeError as UpgradeError,
        UsageError as UsageError,
        VerificationError as VerificationError,
    )
    from rezup_api.events import Event as Event, Reporter as Reporter
    from rezup_api.overview import Recorded as Recorded
    from rezup_api.recipe.load import load_recipe as load_recipe
    from rezup_api.recipe.model import Recipe as Recipe
    from rezup_api.session.entry import Session as Session
    from rezup_api.settings import VARIABLES as VARIABLES, Settings as Settings, absolute as absolute, expand as expand
    from rezup_api.store.history import Act as Act
    from rezup_api.store.revision import Revision as Revision
    from rezup_api.studio import Studio as Studio

    __all__: list[str]


def offer(package: dict[str, object], homes: "Mapping[str, str]") -> None:
    """Let a package offer names of its modules, each of which is loaded when it is first asked for.

    Args:
        package: the package's `globals()`.
        homes: the names that are offered, in one text, by the module that defines them.
    """
    known = {name: home for home, names in homes.items() for name in names.split()}

    def load(name: str) -> object:
        home = known.get(name)
        if home is None:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{package['__name__']}.{home}"), name)

    package.update(__getattr__=load, __dir__=lambda: sorted({*package, *known}), __all__=sorted(known))


offer(
    globals(),
    {
        "_version": "__version__",
        "container": "Container",
        "errors": "BusyError InstallError LaunchError NotFoundError Problem RecipeError RemoteError RezError RezupError"
        " StorageError UpgradeError UsageError VerificationError",
        "events": "Event Reporter",
        "overview": "Recorded",
        "recipe.load": "load_recipe",
        "recipe.model": "Recipe",
        "session.entry": "Session",
        "settings": "Settings VARIABLES absolute expand",
        "store.history": "Act",
        "store.revision": "Revision",
        "studio": "Studio",
    },
)
