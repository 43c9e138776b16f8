"""The command `rezup`. A script that imports it finds the public names of `rezup_api`, which are loaded on first use.

Every launch passes through here, and a launch takes a few milliseconds: this module imports nothing, not even `typing`.
"""

# The source of newer releases if REZUP_UPGRADE_SOURCE is not set. It is empty, because a build cannot know to whom the names on
# an index belong. `scripts/release.py --source` writes a source into the packages that it builds.
SOURCE = ""
# `_version.py` of the installed packages, if a release runs in their place; else empty. See `fastpath.current_release`.
installed = ""
# Names of rezup 2.x that the library does not have. The other names are in `rezup.util` and `rezup.util_env`.
_EARLIER = ("ContainerError", "ContainerRecipe")
TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup._version import __version__ as __version__
    from rezup.util import ContainerError as ContainerError, ContainerRecipe as ContainerRecipe
    from rezup_api import *  # noqa: F403


def __getattr__(name: str) -> object:
    """A public name of the library, or the version; Python calls this for names that the module does not have itself."""
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
