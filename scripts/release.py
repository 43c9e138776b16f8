"""Build the wheels of both distributions: `python3 scripts/release.py [--source URL] [--output FOLDER]`.

`--source` is where this build looks for newer releases of itself, unless REZUP_UPGRADE_SOURCE says so. Name an index only if the
names `rezup` and `rezup-api` are ours there. Without it a build looks nowhere.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import _setup
import run

NOWHERE = 'SOURCE = ""'


def build(output: Path, source: str) -> None:
    """Build both from a copy of the sources, which says where newer ones are."""
    python = _setup.python_of(run.environment())
    with tempfile.TemporaryDirectory(prefix="rezup-release-") as folder:
        for name in (*_setup.DISTRIBUTIONS, "recipes"):
            shutil.copytree(
                str(_setup.CHECKOUT / name),
                str(Path(folder) / name),
                ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
            )
        path = Path(folder) / "rezup" / "src" / "rezup" / "__init__.py"
        text = path.read_text(encoding="utf-8")
        if text.count(NOWHERE) != 1:
            raise _setup.SetupError(f"{path.name} does not say where newer releases are")
        path.write_text(text.replace(NOWHERE, f"SOURCE = {source!r}" if source else NOWHERE), encoding="utf-8")
        sources = [Path(folder) / name for name in _setup.DISTRIBUTIONS]
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(output)]
        _setup.run_quietly([python, "-I", "-m", "pip", "wheel", *options, *sources], "Building the wheels")


def main() -> int:
    """Parse, build, and name what was built."""
    parser = argparse.ArgumentParser(description="Build the wheels of both distributions.")
    parser.add_argument("--source", default="", metavar="URL", help="where this build looks for newer releases")
    parser.add_argument("--output", default="dist", metavar="FOLDER", help="default: dist")
    arguments = parser.parse_args()
    output = Path(arguments.output).resolve()
    try:
        _setup.use_new_python()
        output.mkdir(parents=True, exist_ok=True)
        build(output, arguments.source)
    except _setup.SetupError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for path in sorted(output.glob("*.whl")):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
