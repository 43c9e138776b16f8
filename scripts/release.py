"""Build both distributions: `python3 scripts/release.py [--source URL] [--output FOLDER] [--sdist] [--archive] [--tag TAG]`.

`--source` is where this build looks for newer releases of itself, unless REZUP_UPGRADE_SOURCE says so. Name an index only if the
names `rezup` and `rezup-api` are ours there. Without it a build looks nowhere. `--sdist` builds the source distributions too.
`--archive` makes `rezup-VERSION.zip`, from which scripts/install.py installs without a network: the wheels of rezup and of all
that it needs, for Linux, macOS and Windows, with SHA256SUMS and a bill of materials; `--platform` and `--python` limit what is in
it. Built again from the same sources and index, everything has the same bytes; SOURCE_DATE_EPOCH, or the last commit, dates it.
`--tag` refuses to build what the tag does not name: it must be `v` and the version, which CHANGELOG.md must have with a date.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import _archive
import _setup

NOWHERE = 'SOURCE = ""'
# hatchling builds the project in the current folder.
SDIST = "import os, sys; from hatchling.build import build_sdist; os.chdir(sys.argv[1]); build_sdist(sys.argv[2])"


def check_tag(tag: str) -> None:
    """Refuse a tag that does not name what lies here.

    Raises:
        SetupError: it names another version, or the changelog does not say when this one is released.
    """
    versions = {_version(name) for name in _setup.DISTRIBUTIONS}
    if {tag} != {f"v{version}" for version in versions}:
        raise _setup.SetupError(
            f"the tag {tag} does not name the version of the sources, {' and '.join(sorted(versions))}"
        )
    changelog = (_setup.CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(tag[1:])}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        raise _setup.SetupError(f"CHANGELOG.md has no heading of {tag[1:]} with a date: ## [{tag[1:]}] - YYYY-MM-DD")


def _version(name: str) -> str:
    text = (_setup.CHECKOUT / name / "src" / name / "_version.py").read_text(encoding="utf-8")
    return text.partition('__version__ = "')[2].partition('"')[0]


def build(output: Path, source: str, *, sdist: bool) -> None:
    """Build both from a copy of the sources, which says where newer ones are."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(_archive.epoch()))  # hatchling reads it
    python = _setup.python_of(_archive.environment())
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
        for project in sources if sdist else ():
            _setup.run_quietly([python, "-I", "-c", SDIST, project, output], "Building a source distribution")


def main() -> int:
    """Parse, build, and name what was built."""
    parser = argparse.ArgumentParser(description="Build the wheels of both distributions.")
    parser.add_argument("--source", default="", metavar="URL", help="where this build looks for newer releases")
    parser.add_argument("--output", default="dist", metavar="FOLDER", help="default: dist")
    parser.add_argument("--sdist", action="store_true", help="build the source distributions too")
    parser.add_argument("--archive", action="store_true", help="pack them with all that they need")
    parser.add_argument(
        "--platform", action="append", choices=sorted(_archive.PLATFORMS), help="of the archive; default: all"
    )
    parser.add_argument("--python", action="append", choices=_archive.PYTHONS, help="of the archive; default: all")
    parser.add_argument("--tag", metavar="TAG", help="build only if this tag names the version of the sources")
    arguments = parser.parse_args()
    output = Path(arguments.output).resolve()
    try:
        _setup.use_new_python()
        if arguments.tag is not None:
            check_tag(arguments.tag)
        output.mkdir(parents=True, exist_ok=True)
        build(output, arguments.source, sdist=arguments.sdist)
        made = []
        if arguments.archive:
            platforms, pythons = arguments.platform or [*_archive.PLATFORMS], arguments.python or _archive.PYTHONS
            made.append(_archive.make(output, _version("rezup"), platforms, pythons))
    except _setup.SetupError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for path in sorted([*output.glob("*.whl"), *(output.glob("*.tar.gz") if arguments.sdist else ()), *made]):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
