"""Which release of rezup runs, from where, and what is installed. Asked for by scripts, so nothing else is loaded for it."""

import os
import sys

from rezup._version import __version__
from rezup.fastpath import current_release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import PathDistribution


def print_version() -> bool:
    """Print it; False where stdout cannot take it, which the ordinary path reports."""
    current_release.hold_release()
    try:
        print(version_text())
        sys.stdout.flush()  # an AttributeError, where the caller has closed it
    except (OSError, AttributeError):
        return False
    return True


def version_text() -> str:
    """The lines of `rezup --version`."""
    here = os.path.dirname(os.path.dirname(current_release.__file__))
    python = ".".join(map(str, sys.version_info[:3]))
    text = f"rezup {__version__} from {os.path.dirname(here)} (Python {python})"
    if not current_release.is_release():
        return text
    return f"{text}\ninstalled: rezup {installed_version()} in {_place()}"


def installed_version() -> str:
    """The version of what is installed; "unknown" where it is not a package."""
    found = installed_package()
    return found.version if found is not None else "unknown"


def installed_package() -> "PathDistribution | None":
    """The metadata beside the installed package."""
    from importlib.metadata import PathDistribution
    from pathlib import Path

    return next((PathDistribution(path) for path in sorted(Path(_place()).glob("rezup-*.dist-info"))), None)


def _place() -> str:
    return os.path.dirname(os.path.dirname(current_release.installed))
