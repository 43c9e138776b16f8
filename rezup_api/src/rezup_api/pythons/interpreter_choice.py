"""Choose between an interpreter of the machine and one that rezup provides, by the rule of the recipe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup_api.errors import NotFoundError, RezupError
from rezup_api.pythons.provider import host_version

if TYPE_CHECKING:
    from rezup_api.pythons.finder import Finder
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.pythons.provider import Provider

VERSION = re.compile(r"\d+(\.\d+){0,2}")


def choose_interpreter(request: str | None, when: str, finder: Finder, provider: Provider) -> Interpreter:
    """The interpreter that a recipe asks for.

    Args:
        request: a version, a path, or None for the version that runs rezup; see `Finder.find`.
        when: "never" for those of the machine alone, "missing" for provided ones where the machine has none, "always" for these
            alone. A path means that very interpreter in any case.
        finder: finds those of the machine.
        provider: provides others.

    Raises:
        NotFoundError: neither has it.
        InstallError: it cannot be downloaded, or does not run.
        StorageError: the local root cannot be written.
    """
    named = request is None or VERSION.fullmatch(request) is not None
    if when == "always" and named:
        return finder.find(str(provider.provide(request or host_version()).executable))
    try:
        return finder.find(request)
    except NotFoundError as lacking:
        if when != "missing" or not named:
            raise
        try:
            found = provider.provide(request or host_version())
        except RezupError as error:
            error.message = f"{lacking.message}, and rezup cannot provide it: {error.message}"
            raise
    return finder.find(str(found.executable))
