"""Editable installs: extensions that Rez finds, and a Rez that stays a production install.

setuptools' import finder hides a flat-layout `rezplugins` from Rez and doubles every start of the interpreter; its older way, a
plain path in a .pth file, does neither.

A modern editable install leaves only a path in a .pth file; Rez then looks for its scripts beside its sources, finds none, and
drops production behaviour. Links of its packages in `site-packages` keep the place from which Rez looks.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.build.requirements import EnvironmentRequest

PACKAGES = ("rez", "rezplugins", "rezgui")
# https://setuptools.pypa.io/en/latest/userguide/development_mode.html
PLAIN_PATH = "editable_mode=compat"


def plain_path_projects(request: EnvironmentRequest) -> list[str]:
    """The editable projects that setuptools builds, by name; other build backends may refuse its settings.

    A project that names no backend is built by setuptools (PEP 517).
    """
    return [
        requirement.name
        for requirement in request.requirements
        if requirement.editable and requirement.local is not None and _built_by_setuptools(requirement.local)
    ]


def _built_by_setuptools(project: Path) -> bool:
    import tomli

    try:
        document = tomli.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return "setuptools" in str(document.get("build-system", {}).get("build-backend", "setuptools"))


def link_sources(packages: Path, checkout: Path) -> None:
    """Put links to the packages of a Rez checkout into `site-packages`, in place of the installer's .pth file.

    Raises:
        InstallError: it is no checkout of Rez, or links are refused.
    """
    source = next((path for path in (checkout / "src", checkout) if (path / "rez" / "__init__.py").is_file()), None)
    if source is None:
        raise InstallError(f"{checkout} is not a checkout of Rez: it has neither src/rez nor rez")
    try:
        for name in PACKAGES:
            if (source / name).is_dir():
                os.symlink(source / name, packages / name, target_is_directory=True)
    except OSError as error:
        raise InstallError(
            f"cannot link {source} into the environment: {error.strerror}",
            "allow symbolic links (on Windows: developer mode), or install Rez without edit",
        ) from error
    for path in packages.glob("__editable__.rez-[0-9]*.pth"):
        path.unlink()
