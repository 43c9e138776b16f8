"""What an installer is started for, and which options are for which of that.

Options are those of pip and the variables of uv; whoever starts an installer gives it those that are for what it is to do.
"""

from __future__ import annotations

from enum import Flag, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALIASES = {"pypi-url": "index-url", "timeout": "timeout", "default-timeout": "timeout"}


class Purpose(Flag):
    """What an installer is started for.

    `RESOLVE` finds the versions. `INSTALL` installs exactly the versions that were found, perhaps long ago on another machine.
    `BUILD` makes a wheel of sources. `TOOL` installs a program that rezup itself runs, which no container ever sees.
    """

    RESOLVE = auto()
    INSTALL = auto()
    BUILD = auto()
    TOOL = auto()


_CHOICE = Purpose.RESOLVE | Purpose.BUILD
# Whatever is not named here says where packages are found, how they are fetched, or how sources are built: it is for every act.
# What narrows the choice of versions must not reach the installation of what was chosen: it could only refuse it, or change it
# behind the lock's back. A hash can only be asked for once there is a lock. (pip's names first, then uv's variables.)
_ONLY_FOR = {
    "constraint": _CHOICE,  # pip applies it to what a build needs, too
    "no-deps": Purpose.RESOLVE,
    "pre": _CHOICE,
    "uploaded-prior-to": _CHOICE,
    "build-constraint": Purpose.RESOLVE | Purpose.INSTALL | Purpose.BUILD,
    "require-hashes": Purpose.INSTALL,
    "UV_CONSTRAINT": Purpose.RESOLVE,
    "UV_OVERRIDE": Purpose.RESOLVE,
    "UV_EXCLUDE": Purpose.RESOLVE,
    "UV_EXCLUDE_NEWER": _CHOICE,
    "UV_RESOLUTION": _CHOICE,
    "UV_PRERELEASE": _CHOICE,
    "UV_FORK_STRATEGY": _CHOICE,
    "UV_BUILD_CONSTRAINT": Purpose.RESOLVE | Purpose.INSTALL | Purpose.BUILD,
    "UV_REQUIRE_HASHES": Purpose.INSTALL,
}


def concerns(name: str, act: Purpose) -> bool:
    """Whether an option of pip, or a variable of uv, is for an act."""
    return name not in _ONLY_FOR or bool(_ONLY_FOR[name] & act)


def environ_for(act: Purpose, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that are options for other acts."""
    return {name: value for name, value in environ.items() if concerns(option_of(name) or name, act)}


def option_of(variable: str) -> str:
    """The option of pip that a variable sets; empty where the variable is none of pip's."""
    return normal_name(variable[4:].lower().replace("_", "-")) if variable.startswith("PIP_") else ""


def normal_name(name: str) -> str:
    """The name of an option of pip, for the several that some have."""
    return _ALIASES.get(name, name)
