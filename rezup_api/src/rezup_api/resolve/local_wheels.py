"""Make a wheel of every local path in a recipe, once, so that all machines install the very same files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from rezup_api.disk.files import remove_tree, storing
from rezup_api.errors import InstallError
from rezup_api.events import step
from rezup_api.packages.pylock import LocalWheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.events import Reporter
    from rezup_api.packages.request import EnvironmentRequest, Requirement


def from_wheels(
    request: EnvironmentRequest, folder: Path, work: Path, build: Callable[[Path, Path], None], report: Reporter
) -> tuple[EnvironmentRequest, list[LocalWheel]]:
    """Replace each local path of a request that is not editable by a wheel.

    Args:
        request: the environment that the recipe asks for.
        folder: the folder that keeps the wheels; it is made when there is a first one.
        work: a folder for files that are needed until the build ends.
        build: makes a wheel of a project or a source archive, in a folder.
        report: gets a step for every wheel that is built.

    Returns:
        The changed request, and the wheels.

    Raises:
        InstallError: a wheel cannot be built, or a local path does not exist.
        StorageError: a wheel cannot be kept.
    """
    made: list[LocalWheel] = []

    def changed(requirement: Requirement) -> Requirement:
        if requirement.local is None or requirement.editable:
            return requirement
        found = next((wheel for wheel in made if wheel.called == requirement.name), None)
        if found is None:
            found = _wheel(requirement, folder, work, build, report)
            made.append(found)
        text = f"{found.name}{requirement.extras} @ {found.path.as_uri()}"
        return replace(requirement, text=text, name=found.name, local=found.path)

    return request.changed(changed), made


def _wheel(
    requirement: Requirement, folder: Path, work: Path, build: Callable[[Path, Path], None], report: Reporter
) -> LocalWheel:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    source = requirement.local
    assert source is not None
    if not source.exists():
        raise InstallError(f"there is no {source}, which the recipe asks for", "correct its path in the recipe")
    if source.suffix == ".whl":
        made = source
    else:
        with step(report, f"Building {requirement.name}") as running:
            made = _built(source, work / "building", build)
            running.text = f"Built {made.name}"
    try:
        name, version, _, _ = parse_wheel_filename(made.name)
    except InvalidWheelFilename as error:
        raise InstallError(f"the name of {made} is not a valid name of a wheel: {error}") from error
    target = folder / made.name
    with storing("cannot write to"):
        folder.mkdir(exist_ok=True)
        # Never replace a wheel: another environment of this revision has the same path, and its lock has the digest of the
        # wheel that was made first. A second build may give other bytes.
        if not target.exists():
            shutil.copyfile(made, target)
    return LocalWheel(target, requirement.name, str(name), str(version))


def _built(source: Path, target: Path, build: Callable[[Path, Path], None]) -> Path:
    remove_tree(target)
    build(source, target)
    wheels = sorted(target.glob("*.whl"))
    if len(wheels) != 1:
        raise InstallError(
            f"the build of {source} made {len(wheels)} wheels instead of one", f"see why with: pip wheel {source}"
        )
    return wheels[0]
