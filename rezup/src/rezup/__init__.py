"""The command `rezup`. Imported from a script, it offers the public names of `rezup_api`, loaded when first asked for.

Every launch passes through here, and many are counted in milliseconds: this module imports nothing, `typing` included.
"""

# Where newer releases come from, unless REZUP_UPGRADE_SOURCE says so: nowhere, because a build cannot know whose the names on an
# index are. `scripts/release.py --source` writes it into the packages that it builds.
SOURCE = ""
# The version's file of the installed packages, where this is a release that runs in their place; see `releases`.
installed = ""
# Names of rezup 2.x that the library has none for; `rezup.util` and `rezup.util_env` are the others.
_EARLIER = ("ContainerError", "ContainerRecipe")
TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup._version import __version__ as __version__
    from rezup.util import ContainerError as ContainerError, ContainerRecipe as ContainerRecipe
    from rezup_api import *  # noqa: F403


def __getattr__(name: str) -> object:
    """A public name of the library, or the version; asked for only when this module has no such name itself."""
    if name == "__version__":
        from rezup._version import __version__

        return __version__
    if name == "__all__":
        import rezup_api

        return rezup_api.__all__
    if name in _EARLIER:
        from rezup import util

        return getattr(util, name)
    if not name.startswith("_"):
        import rezup_api

        if name in rezup_api.__all__:
            return getattr(rezup_api, name)
    raise AttributeError(f"module 'rezup' has no attribute {name!r}")


def __dir__() -> list[str]:
    import rezup_api

    return sorted({*globals(), *rezup_api.__all__, *_EARLIER, "__version__"})
