"""An editable Rez that stays a production install: links to its sources instead of a path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path


PACKAGES = ("rez", "rezplugins", "rezgui")


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
