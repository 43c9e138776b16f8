"""Fuzz the parsers of what others can write: `python3 scripts/fuzz.py [--seconds N] [PARSER ...]`; without names, all of them.

The fuzzer is atheris, which watches which lines a document reaches and changes it so that it reaches others. It is no part of the
development tools: it has no wheels for every Python. Documents that reach something new stay in `.venv-test/cache/fuzz`, where
the next run goes on with them, and so does a document that makes a parser fail.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

import _setup
import test

if TYPE_CHECKING:
    from pathlib import Path

FUZZER = ("-m", "tests.unit.fuzzing")
MISSING = "atheris is not installed in .venv-test; install it there: {python} -m pip install atheris"


def main() -> int:
    """Set up if need be, fuzz one parser after the other; 1 if one of them fails."""
    parser = argparse.ArgumentParser(prog="fuzz.py", description=__doc__.partition("\n")[0])
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help="as tests/unit/parsers.py names it")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each parser (default: 60)")
    arguments = parser.parse_args()
    try:
        _setup.use_new_python()
        inputs = [_setup.CHECKOUT / "pyproject.toml", _setup.CHECKOUT / "scripts"]
        inputs += [_setup.CHECKOUT / name / "pyproject.toml" for name in _setup.DISTRIBUTIONS]
        folder = _setup.environment(".venv-test", inputs, test.install, "Setting up the test environment ...")
        python = str(_setup.python_of(folder))
        if subprocess.call([python, "-c", "import atheris"], stderr=subprocess.DEVNULL):
            raise _setup.SetupError(MISSING.format(python=python))
    except _setup.SetupError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 1
    try:
        names = arguments.parsers or _told([python, *FUZZER]).splitlines()
        failed = [name for name in names if _fuzz(python, name, arguments.seconds, folder)]
    except KeyboardInterrupt:
        return 130
    print(f"{', '.join(failed)}: see above" if failed else "no parser has failed")
    return 1 if failed else 0


def _fuzz(python: str, name: str, seconds: int, folder: Path) -> int:
    place = folder / "cache" / "fuzz" / name.replace(" ", "-")
    place.mkdir(parents=True, exist_ok=True)
    print(f"== {name}", flush=True)
    return subprocess.call([python, *FUZZER, name, str(seconds), str(place)], cwd=str(_setup.CHECKOUT))


def _told(command: list[str]) -> str:
    return subprocess.run(command, cwd=str(_setup.CHECKOUT), stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
