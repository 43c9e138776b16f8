"""Keep an editable Rez a production install, by links to its sources instead of a path.

A modern editable install leaves only a path in a .pth file. Rez then looks for its scripts beside its sources, finds none, and
loses its production behaviour. With links of its packages in `site-packages`, Rez looks from there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path


PACKAGES = ("rez", "rezplugins", "rezgui")


def link_sources(packages: Path, checkout: Path) -> None:
    """Put links to the packages of a Rez checkout into `site-packages`, in place of the installer's .pth file.

    Args:
        packages: the folder `site-packages`.
        checkout: the folder of the checkout.

    Raises:
        InstallError: the folder is no checkout of Rez, or the system refuses links.
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
    # The installer's path would lead Python to the same sources a second time.
    for path in packages.glob("__editable__.rez-[0-9]*.pth"):
        path.unlink()
