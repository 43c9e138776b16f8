"""`rezup packages`: show what is installed in a revision, under which licence, and where it comes from."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rezup.output.render import Lines, Result, size_text
from rezup.output.table import Table
from rezup_api import NotFoundError
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.maintenance import Inventory, Package

REQUIREMENTS = "requirements"


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """List the packages of each environment, or write them as a requirements file.

    Raises:
        NotFoundError: the revision has no environment of that name.
        RezupError: the errors of `Container.packages`.
    """
    target = parse_target(arguments.target)
    found = studio.container(target.container).packages(target.revision)
    if not found.built:
        progress.warn(f"{found} is not built here: its packages are those of its locks, for all platforms")
    chosen = _chosen(found, arguments.environment)
    data = {
        "container": found.container,
        "timestamp": found.timestamp,
        "built": found.built,
        "environments": [_told(name, packages, found.python.get(name, "")) for name, packages in chosen.items()],
    }
    if arguments.format == REQUIREMENTS:
        return Result(data, Lines(tuple(_requirements(found, chosen))))
    cells = [
        (name, one.name, one.version, one.license, size_text(one.size), str(one.source))
        for name, packages in chosen.items()
        for one in packages
    ]
    columns = ("ENVIRONMENT", "PACKAGE", "VERSION", "LICENCE", "SIZE", "FROM")
    return Result(data, Table(columns, cells, f"Nothing is known of what {found} holds.", f"Packages of {found}"))


def _chosen(found: Inventory, environment: str | None) -> Mapping[str, tuple[Package, ...]]:
    """The environments that the user wants to see: one, or all."""
    if environment is None:
        return found.environments
    if environment not in found.environments:
        raise NotFoundError(
            f"{found} has no environment {environment}", f"it has {', '.join(found.environments) or 'none'}"
        )
    return {environment: found.environments[environment]}


def _told(name: str, packages: tuple[Package, ...], python: str) -> dict[str, Any]:
    return {"name": name, "python": python, "packages": [asdict(one) for one in packages]}


def _requirements(found: Inventory, chosen: Mapping[str, tuple[Package, ...]]) -> Iterator[str]:
    """The lines of a requirements file. Environments may have one package in two versions, which pip refuses in one file."""
    for name, packages in chosen.items():
        python = f", Python {found.python[name]}" if name in found.python else ""
        yield f"# {found}: {name}{python}"
        yield from (one.requirement for one in packages)
