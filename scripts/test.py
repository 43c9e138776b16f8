"""Check this checkout: `python3 scripts/test.py [--quick | --whole] [arguments of pytest]`.

Sets up `.venv-test`, then runs format, lint, types, import contracts and tests, and stops at the first that fails.
`--quick` leaves out the tests in tests/e2e, which build real environments, and those marked as slow; `--whole` runs Rez's own
tests with each Python and each kind of install, not only with some.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Sequence

import _setup

if TYPE_CHECKING:
    from pathlib import Path

TYPED = ("rezup/src", "rezup_api/src", "scripts", "tests")


def install(python: Path) -> None:
    """Install the tools, and both distributions as links to their sources."""
    _setup.pip_install(python, "--upgrade", "pip>=25.1")  # the first that reads dependency groups
    _setup.pip_install(python, "--group", "dev")
    sources = [word for name in _setup.DISTRIBUTIONS for word in ("--editable", _setup.CHECKOUT / name)]
    _setup.pip_install(python, "--no-build-isolation", *sources)


def steps(folder: Path, arguments: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The steps in order: a headline, and a command.

    Args:
        folder: the environment.
        arguments: ours and pytest's.
    """
    chosen = [word for word in arguments if word not in {"--quick", "--whole"}]
    tests = ["--ignore=tests/e2e", "-m", "not slow", *chosen] if "--quick" in arguments else chosen
    python = str(_setup.python_of(folder))
    return [
        ("format", [python, "-m", "ruff", "format", "--check", "."]),
        ("lint", [python, "-m", "ruff", "check", "."]),
        ("types", [python, "-m", "mypy", *TYPED]),
        ("import contracts", [str(_setup.script_of(folder, "lint-imports")), "--no-cache"]),
        ("tests", [python, "-m", "pytest", "-n", "2", "-o", f"cache_dir={folder / 'cache' / 'pytest'}", *tests]),
    ]


def environ(folder: Path, arguments: Sequence[str]) -> dict[str, str]:
    """The environment of the steps: the tools keep their caches out of the checkout, which may be read-only."""
    caches = {f"{tool.upper()}_CACHE_DIR": str(folder / "cache" / tool) for tool in ("ruff", "mypy")}
    return {**os.environ, **caches, **({"REZUP_TESTS_WHOLE": "1"} if "--whole" in arguments else {})}


def main() -> int:
    """Set up if need be, run the steps; the status is that of the first step that fails."""
    inputs = [_setup.CHECKOUT / "pyproject.toml", _setup.CHECKOUT / "scripts"]
    inputs += [_setup.CHECKOUT / name / "pyproject.toml" for name in _setup.DISTRIBUTIONS]
    try:
        _setup.use_new_python()
        folder = _setup.environment(".venv-test", inputs, install, "Setting up the test environment ...")
    except _setup.SetupError as error:
        print(f"test: {error}", file=sys.stderr)
        return 1
    try:
        for headline, command in steps(folder, sys.argv[1:]):
            print(f"== {headline}", flush=True)
            status = subprocess.call(command, cwd=str(_setup.CHECKOUT), env=environ(folder, sys.argv[1:]))
            if status:
                return status if status > 0 else 128 - status
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
