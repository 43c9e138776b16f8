"""Put tools of a container on PATH by launchers, list these, and take them away: the acts behind `Studio.expose` and others."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rezup_api.errors import NotFoundError, RezError, UsageError
from rezup_api.events import Warned
from rezup_api.results import Exposed
from rezup_api.rez import resolve_environ
from rezup_api.session import launchers
from rezup_api.session.launcher import Launcher, launcher_name, requested_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from rezup_api.container import Container
    from rezup_api.store.names import Target
    from rezup_api.store.revision import Revision


def expose(
    container: Container,
    target: Target,
    tools: Sequence[str],
    *,
    command: Sequence[str],
    name: str,
    folder: Path | None,
    packages: str,
) -> Exposed:
    """Write a launcher for each tool; see `Studio.expose` for further arguments, and for errors.

    Args:
        container: the container that `target` names.
        target: what the launchers enter.
    """
    if name and len(tools) != 1:
        raise UsageError("one name is for one tool", "expose the tools one by one, or leave the name out")
    names = {tool: launcher_name(name or tool) for tool in tools}
    requested = requested_packages(packages)
    place = launchers.folder_for_launchers(folder, container.settings.home, make=True)
    session = container.enter(target.revision)
    with session.lease:
        offered = launchers.programs_added(container.environ, session.environ)
        if requested:
            _check_request(container, session.revision, requested, tools, offered)
        else:
            launchers.check_tools(tools, offered, str(session.revision))
    made = tuple(Launcher(names[tool], str(target), tool, requested, tuple(command)) for tool in names)
    launchers.write_launchers(place, made)
    for one in made:
        if other := launchers.hidden_by(place / one.name, container.environ):
            told = f"on PATH, {other} comes first; call {place / one.name}, or give it another name: --as"
            container.report(Warned(told))
    return Exposed(place, made, launchers.on_path(place, container.environ))


def _check_request(
    container: Container,
    revision: Revision,
    packages: Sequence[str],
    tools: Sequence[str],
    offered: Collection[str],
) -> None:
    """Raise NotFoundError if Rez refuses the packages. A tool that is no program may be an alias, so that only warns."""
    try:
        inside = resolve_environ(revision, packages, container.environ)
    except RezError as error:
        if error.status is not None:  # Rez does not run, which says nothing about the packages
            raise
        line = shlex.join(["rezup", "use", str(revision), "--", "rez-env", "--verbose", *packages])
        raise NotFoundError(error.message, f"see why: {line}") from error
    found = launchers.programs_added(container.environ, inside)
    for tool in tools:
        if tool not in found and tool not in offered:
            hint = launchers.meant(tool, found, "their programs are")
            text = f"{tool} is no program of {' '.join(packages)}; the launcher works if it is an alias of theirs"
            container.report(Warned(f"{text}{f' ({hint})' if hint else ''}"))


def exposed(home: Path, folder: Path | None, environ: Mapping[str, str]) -> Exposed:
    """The launchers in a folder; see `Studio.exposed`."""
    place = launchers.folder_for_launchers(folder, home)
    return Exposed(place, tuple(launchers.list_launchers(place)), launchers.on_path(place, environ))


def unexpose(names: Sequence[str], home: Path, folder: Path | None, environ: Mapping[str, str]) -> Exposed:
    """Remove launchers from a folder; see `Studio.unexpose`."""
    place = launchers.folder_for_launchers(folder, home)
    gone = tuple(launchers.remove_launchers(place, names))
    return Exposed(place, gone, launchers.on_path(place, environ))
