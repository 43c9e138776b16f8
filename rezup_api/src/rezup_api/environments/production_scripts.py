"""The production scripts of an environment: what makes an install of Rez one that Rez calls its own.

Rez looks for a marker beside its scripts and below its library (rez/system.py, rez/cli/_entry_points.py), puts the folder of
its scripts on PATH in every context, and needs interpreter flags that no installer writes. See Rez's page on installation.

The scripts find their interpreter relative to themselves. So what is tried in staging is byte for byte what is renamed, a root
can be moved, and neither blanks nor long paths matter, which break the kernel's `#!` line.
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

# A shell and Python read the same file: to Python the shell's lines are a string. The usual case needs no other process: `$0` is
# the absolute path that the kernel was given. A symbolic link, a relative path or a moved folder are resolved first; so is a link
# to the folder `bin`, beside which Python would look for `pyvenv.cfg` in vain.
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

    All console scripts of Rez and of the extensions move from `bin/` to `bin/rez/`, with the flags of their tool, beside the
    marker; Rez's completion scripts go to `completion/`. The other scripts of the environment are made movable.

    Returns:
        The version of Rez.

    Raises:
        InstallError: a tool of the recipe is not what was installed, or its scripts cannot be understood.
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
    """The distribution that a requirement of the recipe has brought."""
    found = distributions.get(canonical(requirement.name))
    if found is None:
        address = requirement.text.partition("#")[0].rstrip("/")
        found = next((item for item in distributions.values() if _same(item.origin(), address)), None)
    if found is None:
        raise InstallError(
            f"{requirement.text} did not bring a distribution named {requirement.name!r}",
            f"there are {', '.join(sorted(distributions))}: use the right name in the recipe",
        )
    return found


def _same(origin: str, address: str) -> bool:
    return bool(origin) and (address == origin.rstrip("/") or address.startswith(f"git+{origin.rstrip('/')}"))


def _write_script(folder: Path, name: str, entry: str, flags: tuple[str, ...], owner: str) -> None:
    match = _ENTRY.match(entry)
    if match is None or not re.fullmatch(r"[\w.+-]+", name):
        raise InstallError(f"the console script {name!r} of {owner} is not understood: {entry!r}")
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
        tail: the script's path below the folder of the interpreter, `rez/rez-env` or `pip`.
        flags: for the interpreter.
    """
    quoted = "".join(f" {shlex.quote(flag)}" for flag in flags)
    return _HEAD % {"tail": tail, "flags": quoted}


def _write_launcher(folder: Path, name: str, body: str, flags: tuple[str, ...]) -> None:
    """A script for Windows: an executable that reads a `#!` line relative to itself, as distlib makes them."""
    from distlib.scripts import ScriptMaker  # type: ignore[import-untyped]

    maker = ScriptMaker(None, str(folder))
    maker.executable = r"<launcher_dir>\..\python.exe"
    maker.script_template = body.replace("%", "%%")
    maker.variants = {""}
    maker.make(f"{name} = unused:unused", {"interpreter_args": list(flags)})


def _correct_record(packages: Path, record: Path) -> None:
    """Let RECORD tell of the scripts that there are: those of the installer had the place of the build in them.

    Byte code is not told of; it is compiled later, and is the same wherever it lies.
    """
    if not record.is_file():
        return
    with open(record, encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    kept = []
    for row in rows:
        if row and row[0].endswith((".pyc", "__pycache__")):
            continue  # virtualenv lists it for its pip, in an order that differs each time, and it is not there
        path = packages / row[0] if row and row[0].startswith("..") else None
        if path is None:
            kept.append(row)
        elif path.is_file():
            kept.append([row[0], recorded_digest(path), str(path.stat().st_size)])
    if kept != rows:
        record.unlink()  # it may be a link of the installer's cache
        with open(record, "w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(sorted(kept))


def _make_others_movable(environment: Path) -> None:
    """Let the remaining scripts find their interpreter relative to themselves; installers write where it is just now."""
    for entry in sorted(os.listdir(environment / BIN)):
        path = environment / BIN / entry
        if path.is_symlink() or not path.is_file() or os.name == "nt":
            continue
        content = path.read_bytes()
        changed = _SHEBANG.sub(header(entry).encode("utf-8"), content, count=1)
        if changed != content:
            mode = path.stat().st_mode
            path.unlink()  # it may be a link of the installer's cache
            path.write_bytes(changed)
            path.chmod(mode)
