"""Check this checkout: `python3 scripts/test.py [--quick | --whole | --only STEP] [arguments of pytest]`.

Sets up `.venv-test`, then runs format, lint, types, import contracts and tests, and stops at the first that fails.
`--quick` leaves out the tests in tests/e2e, which build real environments, and those marked as slow; `--whole` runs Rez's own
tests with each Python and each kind of install, not only with some; `--only` runs one step, as the hooks of
`.pre-commit-config.yaml` do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Sequence

import _setup

if TYPE_CHECKING:
    from pathlib import Path

TYPED = ("rezup/src", "rezup_api/src", "scripts", "tests")


def parse(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Our own options, and what is pytest's."""
    parser = argparse.ArgumentParser(prog="test", add_help=False, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--only", metavar="STEP")
    return parser.parse_known_args(words)


def install(python: Path) -> None:
    """Install the tools, and both distributions as links to their sources."""
    _setup.pip_install(python, "--upgrade", "pip>=25.1")  # the first that reads dependency groups
    _setup.pip_install(python, "--group", "dev")
    sources = [word for name in _setup.DISTRIBUTIONS for word in ("--editable", _setup.CHECKOUT / name)]
    _setup.pip_install(python, "--no-build-isolation", *sources)


def steps(folder: Path, options: argparse.Namespace, chosen: Sequence[str]) -> dict[str, list[str]]:
    """The steps in order: a command for each headline.

    Args:
        folder: the environment.
        options: ours.
        chosen: the arguments of pytest.

    Raises:
        SetupError: there is no step of the name that `--only` gives.
    """
    python = str(_setup.python_of(folder))
    found = {
        "format": [python, "-m", "ruff", "format", "--check", "."],
        "lint": [python, "-m", "ruff", "check", "."],
        "types": [python, "-m", "mypy", *TYPED],
        "import contracts": [str(_setup.script_of(folder, "lint-imports")), "--no-cache"],
        **tests(folder, options, chosen),
    }
    if options.only is None:
        return found
    if options.only not in found:
        raise _setup.SetupError(f"there is no step {options.only!r}; the steps are: {', '.join(found)}")
    return {options.only: found[options.only]}


def tests(folder: Path, options: argparse.Namespace, chosen: Sequence[str]) -> dict[str, list[str]]:
    """The steps that run tests.

    The coverage of all tests outside tests/e2e is measured and held to the floor in pyproject.toml; what pytest is told to
    choose is a part of them, which says nothing about the figure.

    Args:
        folder: the environment.
        options: ours.
        chosen: the arguments of pytest.
    """
    cache = f"cache_dir={folder / 'cache' / 'pytest'}"
    pytest = [str(_setup.python_of(folder)), "-m", "pytest", "-n", "2", "-o", cache]
    outside, quick = "--ignore=tests/e2e", ("-m", "not slow")
    if chosen:
        return {"tests": [*pytest, *([outside, *quick] if options.quick else []), *chosen]}
    measured = {"tests": [*pytest, "--cov", "--cov-report=", outside, *(quick if options.quick else [])]}
    return measured if options.quick else {**measured, "end-to-end tests": [*pytest, "tests/e2e"]}


def environ(folder: Path, options: argparse.Namespace) -> dict[str, str]:
    """The environment of the steps: the tools keep what they write out of the checkout, which may be read-only."""
    caches = {f"{tool.upper()}_CACHE_DIR": str(folder / "cache" / tool) for tool in ("ruff", "mypy")}
    caches["COVERAGE_FILE"] = str(folder / "cache" / "coverage")
    return {**os.environ, **caches, **({"REZUP_TESTS_WHOLE": "1"} if options.whole else {})}


def main() -> int:
    """Set up if need be, run the steps; the status is that of the first step that fails."""
    options, chosen = parse(sys.argv[1:])
    inputs = [_setup.CHECKOUT / "pyproject.toml", _setup.CHECKOUT / "scripts"]
    inputs += [_setup.CHECKOUT / name / "pyproject.toml" for name in _setup.DISTRIBUTIONS]
    try:
        _setup.use_new_python()
        folder = _setup.environment(".venv-test", inputs, install, "Setting up the test environment ...")
        commands = steps(folder, options, chosen)
    except _setup.SetupError as error:
        print(f"test: {error}", file=sys.stderr)
        return 1
    try:
        for headline, command in commands.items():
            print(f"== {headline}", flush=True)
            status = subprocess.call(command, cwd=str(_setup.CHECKOUT), env=environ(folder, options))
            if status:
                return status if status > 0 else 128 - status
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
