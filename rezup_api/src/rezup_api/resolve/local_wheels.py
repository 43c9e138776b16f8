"""Wheels of what a recipe takes from local paths, made once, so that everybody who has them installs the very same files."""

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
    """What is asked for, with a wheel in place of each local path that is not editable.

    Args:
        folder: where the wheels are kept; made when there is one.
        work: a folder for what lives as long as the build.
        build: makes a wheel of a project or a source archive, in a folder.

    Raises:
        InstallError: one cannot be built.
    """
    made: list[LocalWheel] = []

    def changed(requirement: Requirement) -> Requirement:
        if requirement.local is None or requirement.editable:
            return requirement
        found = next((one for one in made if one.called == requirement.name), None)
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
        raise InstallError(f"{made} is not named as a wheel is: {error}") from error
    target = folder / made.name
    with storing("cannot write to"):
        folder.mkdir(exist_ok=True)
        if not target.exists():  # else it was made for another environment of the revision, whose lock has its digest
            shutil.copyfile(made, target)
    return LocalWheel(target, requirement.name, str(name), str(version))


def _built(source: Path, target: Path, build: Callable[[Path, Path], None]) -> Path:
    remove_tree(target)
    build(source, target)
    wheels = sorted(target.glob("*.whl"))
    if len(wheels) != 1:
        raise InstallError(f"building {source} gave no wheel", "see what its build does: pip wheel " + str(source))
    return wheels[0]
