"""Write the scripts that make an environment a production install of Rez.

Rez looks for a marker beside its scripts and below its library (rez/system.py, rez/cli/_entry_points.py), puts the folder of its
scripts on PATH in every context, and needs interpreter flags that no installer writes (Rez's documentation, "Installation",
https://rez.readthedocs.io/en/stable/installation.html).

The scripts find their interpreter relative to themselves. So the scripts that are tested in staging are byte for byte those of
the revision, a root can be moved, and blanks or long paths do no harm, although the kernel's `#!` line allows neither.
"""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError
from rezup_api.packages.installed import Distribution, installed, recorded_digest
from rezup_api.recipe.values import canonical
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rezup_api.packages.request import EnvironmentRequest, Requirement

FOLDER = "rez"
MARKER = ".rez_production_install"

# A shell and Python read the same file: for Python the lines of the shell are a string. In the usual case the shell starts no
# other process, because `$0` is the absolute path that the kernel was given. Only a symbolic link or a relative path is resolved
# first, and so is a link to the folder `bin`: Python would look for `pyvenv.cfg` beside that link and not find it.
_HEAD = """\
#!/bin/sh
''':'
self=$0 home=${0%%/%(tail)s}
case $0 in
/*/%(tail)s) [ ! -L "$0" ] && [ -e "${home%%/*}/pyvenv.cfg" ] || self= ;;
*) self= ;;
esac
[ -n "$self" ] || { self=$(readlink -f -- "$0") && home=${self%%/%(tail)s}; }
exec "$home/python"%(flags)s "$self" "$@"
'''
"""
_BODY = """\
import sys

from %(module)s import %(name)s

if __name__ == "__main__":
    sys.exit(%(attribute)s())
"""
_ENTRY = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)")
_SHEBANG = re.compile(rb"\A#!(?:[^\n]*/python[^\n]*\n|/bin/sh\n'''exec' [^\n]*\n' '''\n)")


def write_production_scripts(environment: Path, request: EnvironmentRequest) -> str:
    """Turn an environment into a production install of Rez.

    All console scripts of Rez and of the extensions move from `bin/` to `bin/rez/`, beside the marker, and get the flags of their
    tool. Rez's completion scripts go to `completion/`. The other scripts of the environment are made movable.

    Args:
        environment: the folder of the environment, into which everything is installed.
        request: the environment as the recipe asks for it.

    Returns:
        The version of Rez.

    Raises:
        InstallError: the installation has not brought a tool of the recipe, or a console script of it cannot be read.
    """
    packages = site_packages(environment, request.interpreter.version)
    distributions = installed(packages)
    folder = environment / BIN / FOLDER
    owned = [
        (_provider(distributions, requirement), flags)
        for requirement, flags in zip(request.tools, request.flags, strict=True)
    ]
    for distribution, _ in owned:
        for name in distribution.console_scripts():
            for path in (environment / BIN / name, environment / BIN / f"{name}.exe"):
                path.unlink(missing_ok=True)
    folder.mkdir()
    for distribution, flags in owned:
        for name, entry in distribution.console_scripts().items():
            _write_script(folder, name, entry, flags, distribution.name)
    version = owned[0][0].version
    (folder / MARKER).write_text(version, encoding="utf-8")
    completion = packages / "rez" / "completion"
    if completion.is_dir():
        shutil.copytree(completion, environment / "completion", ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    _make_others_movable(environment)
    for installation in distributions.values():
        _correct_record(packages, installation.metadata / "RECORD")
    return version


def _provider(distributions: Mapping[str, Distribution], requirement: Requirement) -> Distribution:
    """The distribution that was installed for a requirement of the recipe."""
    found = distributions.get(canonical(requirement.name))
    # A recipe may call an extension otherwise than its project calls itself; then the address leads to it (PEP 610).
    if found is None:
        address = requirement.text.partition("#")[0].rstrip("/")
        found = next((item for item in distributions.values() if _same(item.origin(), address)), None)
    if found is None:
        raise InstallError(
            f"the installation of {requirement.text} did not bring a distribution named {requirement.name!r}",
            f"write the right name in the recipe; installed are {', '.join(sorted(distributions))}",
        )
    return found


def _same(origin: str, address: str) -> bool:
    return bool(origin) and (address == origin.rstrip("/") or address.startswith(f"git+{origin.rstrip('/')}"))


def _write_script(folder: Path, name: str, entry: str, flags: tuple[str, ...], owner: str) -> None:
    match = _ENTRY.match(entry)
    if match is None or not re.fullmatch(r"[\w.+-]+", name):
        raise InstallError(f"the console script {name!r} of {owner} has an invalid entry point: {entry!r}")
    attribute = match["attribute"]
    body = _BODY % {"module": match["module"], "name": attribute.split(".")[0], "attribute": attribute}
    if os.name == "nt":
        _write_launcher(folder, name, body, flags)
        return
    path = folder / name
    path.write_text(header(f"{FOLDER}/{name}", flags) + body, encoding="utf-8")
    path.chmod(0o755)


def header(tail: str, flags: Iterable[str] = ()) -> str:
    """The lines with which a script finds the interpreter of its environment.

    Args:
        tail: the path of the script below the folder of the interpreter, `rez/rez-env` or `pip`.
        flags: flags for the interpreter.
    """
    quoted = "".join(f" {shlex.quote(flag)}" for flag in flags)
    return _HEAD % {"tail": tail, "flags": quoted}


def _write_launcher(folder: Path, name: str, body: str, flags: tuple[str, ...]) -> None:
    """Write a script for Windows: an executable of distlib's, which finds its interpreter relative to itself."""
    from distlib.scripts import ScriptMaker  # type: ignore[import-untyped]

    maker = ScriptMaker(None, str(folder))
    maker.executable = r"<launcher_dir>\..\python.exe"
    maker.script_template = body.replace("%", "%%")
    maker.variants = {""}
    maker.make(f"{name} = unused:unused", {"interpreter_args": list(flags)})


def _correct_record(packages: Path, record: Path) -> None:
    """Make RECORD list the scripts as they are now; those of the installer held the path of the build.

    Byte code is left out: it is compiled later, and every environment has the same.
    """
    if not record.is_file():
        return
    with open(record, encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    kept = []
    for row in rows:
        if row and row[0].endswith((".pyc", "__pycache__")):
            continue  # virtualenv lists byte code of its pip that does not exist, in another order each time
        path = packages / row[0] if row and row[0].startswith("..") else None
        if path is None:
            kept.append(row)
        elif path.is_file():
            kept.append([row[0], recorded_digest(path), str(path.stat().st_size)])
    if kept != rows:
        record.unlink()  # never write into it: it may be a hard link into the installer's cache
        with open(record, "w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(sorted(kept))


def _make_others_movable(environment: Path) -> None:
    """Let the remaining scripts find their interpreter relative to themselves; installers write its present path into them."""
    for entry in sorted(os.listdir(environment / BIN)):
        path = environment / BIN / entry
        if path.is_symlink() or not path.is_file() or os.name == "nt":
            continue
        content = path.read_bytes()
        changed = _SHEBANG.sub(header(entry).encode("utf-8"), content, count=1)
        if changed != content:
            mode = path.stat().st_mode
            path.unlink()  # never write into it: it may be a hard link into the installer's cache
            path.write_bytes(changed)
            path.chmod(mode)
