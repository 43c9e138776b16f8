"""Read `/etc/rezup/config.toml`, and over it the `rezup/config.toml` of the user's own configuration.

The files name programs to run. So a file that somebody else could change is not there: the file, and every folder above it, must
belong to this user or to root, and nobody else may write there.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.configuration.machine_keys import MACHINE
from rezup_api.disk.reading import read_file
from rezup_api.disk.trust import changeable_by
from rezup_api.errors import Problem, RecipeError
from rezup_api.frozen import dataclass
from rezup_api.netfs import reader
from rezup_api.recipe.parse import parse
from rezup_api.recipe.validate import validate
from rezup_api.settings import config_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM_FILE = Path("/etc/rezup/config.toml")
FILE = "config.toml"
# Bytes.
LARGEST = 1 << 20
DEFAULT_TIMEOUT = 60.0
# Set in the environment of hooks. Without it, a hook that calls rezup could start itself again, for ever.
INSIDE = "REZUP_HOOK"


@dataclass(frozen=True, slots=True)
class Hook:
    """A command that runs when something has happened to a container.

    Args:
        on: the events, of `events.HAPPENINGS`.
        command: the command line, for the shell.
        timeout: the seconds after which it is killed.
        where: the file and the key from which it comes, for messages.
    """

    on: tuple[str, ...]
    command: str
    timeout: float
    where: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The configuration of this machine for this user.

    Args:
        hooks: all hooks, the admin's first.
        files: the files that were read.
        problems: everything that is wrong with them; what is wrong has no effect.
    """

    hooks: tuple[Hook, ...] = ()
    files: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()


def machine_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that may hold the configuration, the weakest first; they need not exist."""
    own = config_folder(environ) / FILE
    return (own,) if os.name == "nt" else (SYSTEM_FILE, own)


def read_machine(environ: Mapping[str, str], files: tuple[Path, ...] | None = None) -> Machine:
    """The configuration of this machine. Nothing is raised: the caller decides what to do about the problems.

    Args:
        environ: the caller's environment, which names the user's folder.
        files: the files, the weakest first; by default those of `machine_files`.
    """
    read: list[Path] = []
    problems: list[Problem] = []
    document: dict[str, Any] = {}
    for path in machine_files(environ) if files is None else files:
        try:
            content = _content(path)
            if content is None:
                continue
            validated = validate(parse(content.decode("utf-8").removeprefix("\ufeff"), str(path)), str(path), MACHINE)
        except RecipeError as error:
            problems += error.problems
            continue
        except UnicodeDecodeError as error:
            problems.append(Problem(str(path), "", f"is not UTF-8 text (byte {error.start})", "save it as UTF-8"))
            continue
        except OSError as error:
            problems.append(_refusal(path, error))
            continue
        read.append(path)
        problems += validated.problems
        document = overlaid(document, _with_origin(validated.document, path))
    hooks = tuple(_hook(table) for table in document.get("hook", ()) if {"on", "command"} <= table.keys())
    return Machine(hooks, tuple(read), tuple(problems))


def wants(event: str, environ: Mapping[str, str]) -> bool:
    """Whether a hook of this machine is to hear of an event.

    Args:
        event: one of `events.HAPPENINGS`.
        environ: the caller's environment; nothing is to hear of what a hook itself does.
    """
    return not environ.get(INSIDE) and any(event in hook.on for hook in read_machine(environ).hooks)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two documents as one: of a key that both have, `above` wins, key by key in tables; lists of tables hold those of both."""
    result = dict(below)
    for name, value in above.items():
        before = result.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            result[name] = overlaid(before, value)
        elif isinstance(before, list) and isinstance(value, list) and all(isinstance(one, dict) for one in value):
            result[name] = [*before, *value]
        else:
            result[name] = value
    return result


def _content(path: Path) -> bytes | None:
    """The content of a file that nobody else could have written; None if it does not exist.

    Raises:
        OSError: the file cannot be read; a PermissionError whose `filename2` is the place that other users can change.
    """

    def question() -> bytes:
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return b""
        if place := changeable_by(path):
            raise OSError(errno.EPERM, f"{OPEN} {place}", str(path))
        return b"+" + read_file(os.path.realpath(path), LARGEST)

    content = reader.reach(path, question)
    return content[1:] if content else None


# How the message begins that names a place which other users can change.
OPEN = "is not read, because other users can change"


def _refusal(path: Path, error: OSError) -> Problem:
    text = error.strerror or str(error)
    if text.startswith(OPEN):
        return Problem(str(path), "", text, _way_out(text.removeprefix(OPEN).strip()))
    return Problem(str(path), "", f"cannot be read: {text}")


def _way_out(place: str) -> str:
    """How a place becomes one that nobody else can change."""
    try:
        owner = os.lstat(place).st_uid
    except OSError:
        owner = os.geteuid()
    if owner not in (0, os.geteuid()):
        return f"it must belong to you or to root: chown {place}"
    return f"take that right from them: chmod go-w {place}"


def _with_origin(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """The document, in which each hook knows where it comes from."""
    hooks = [{**table, "where": f"{path}: hook[{index}]"} for index, table in enumerate(document.get("hook", ()))]
    return {**document, "hook": hooks} if hooks else document


def _hook(table: dict[str, Any]) -> Hook:
    return Hook(tuple(table["on"]), table["command"], float(table.get("timeout", DEFAULT_TIMEOUT)), str(table["where"]))
