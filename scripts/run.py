"""Run rezup from this checkout: `python3 scripts/run.py [arguments of rezup]`.

The first time, and whenever the sources have changed, rezup is installed into `.venv`; nothing else is touched.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import _setup

if TYPE_CHECKING:
    from pathlib import Path


def install(python: Path) -> None:
    """Install both distributions as a user would."""
    # With the build backend beside them, a later installation of changed sources needs no network.
    _setup.pip_install(python, "hatchling>=1.27")
    sources = [_setup.CHECKOUT / name for name in _setup.DISTRIBUTIONS]
    _setup.pip_install(python, "--no-build-isolation", *sources)


def environment() -> Path:
    """The environment in which the sources as they are now are installed, made or brought up to date if need be."""
    inputs = [_setup.CHECKOUT / name / part for name in _setup.DISTRIBUTIONS for part in ("pyproject.toml", "src")]
    return _setup.environment(".venv", inputs, install, "Setting up rezup (first run, or changed sources) ...")


def main() -> int:
    """Set up if need be, then become rezup."""
    try:
        _setup.use_new_python()
        folder = environment()
    except _setup.SetupError as error:
        print(f"rezup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return _setup.become([_setup.script_of(folder, "rezup"), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
