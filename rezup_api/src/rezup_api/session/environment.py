"""Compute the environment variables of a session from the caller's; the environment of this process is not changed.

Later values win: first the caller's, then the `.env` files of `[dotenv]`, then `[env]`, then PATH and the variables of rezup
itself. A session inside another one starts from the environment that the outer one found. Only a variable that the user has
changed inside the outer session keeps its value.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Protocol

from rezup_api.disk.documents import parse_json
from rezup_api.errors import LaunchError
from rezup_api.events import Reporter, Warned
from rezup_api.netfs import reader
from rezup_api.settings import absolute
from rezup_api.store.layout import platform_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.recipe.model import Recipe
    from rezup_api.store.metadata import Metadata

MEMORY = "REZUP_SESSION"
OWN = ("REZUP_CONTAINER", "REZUP_REVISION", "REZUP_USING_REMOTE", MEMORY)


@dataclass(frozen=True, slots=True)
class SessionEnviron:
    """The environment of a session, and what it was computed from.

    Args:
        values: the whole environment.
        named: the names of the variables that `[dotenv]` and `[env]` set.
        files: the `.env` files that were read.
        paths: the paths of these files as the recipe writes them; a `$VAR` in one is a further input.
        texts: the values in these files and in `[env]`, as written; a `${VAR}` in one is a further input.
    """

    values: Mapping[str, str]
    named: frozenset[str]
    files: tuple[Path, ...]
    paths: tuple[str, ...]
    texts: tuple[str, ...]


class Enterable(Protocol):
    """What a session needs to know of a revision, which may be ready or still in its stage."""

    @property
    def container(self) -> str:
        """The container's name."""

    @property
    def path(self) -> Path:
        """The revision's folder."""

    @property
    def metadata(self) -> Metadata | None:
        """What is recorded of the revision; None if that cannot be read."""

    @property
    def tool_folders(self) -> tuple[Path, ...]:
        """The folders of its production scripts, which go to the front of PATH."""


def session_environ(
    revision: Enterable, recipe: Recipe, environ: Mapping[str, str], report: Reporter
) -> SessionEnviron:
    """Compute the environment of a session.

    Args:
        revision: the revision that is entered.
        recipe: the recipe from which the revision was made.
        environ: the caller's environment. If the caller is in a session, what that session set is taken back first.
        report: called with a warning for each `.env` file that is not there or does not answer.

    Raises:
        LaunchError: a `.env` file cannot be read.
    """
    outer = without_session(environ)
    session = dict(outer)
    paths = (*recipe.dotenv.common, *recipe.dotenv.by_platform.get(platform_name(), ()))
    files = tuple(absolute(path, outer) for path in paths)
    written = [*(_read_dotenv(file, report) for file in files), recipe.env]
    for values in written:
        session.update(_interpolated(values, session))
    tools = [str(folder) for folder in revision.tool_folders]
    session["PATH"] = os.pathsep.join([*tools, *([session["PATH"]] if session.get("PATH") else [])])
    session["REZUP_CONTAINER"] = revision.container
    session["REZUP_REVISION"] = str(revision.path)
    session["REZUP_USING_REMOTE"] = "yes" if revision.metadata and revision.metadata.remote else ""
    session[MEMORY] = _memory(outer, session, tools)
    named = frozenset(name for values in written for name in values)
    texts = tuple(text for values in written for text in values.values())
    return SessionEnviron(session, named, files, paths, texts)


def without_session(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as it was before the session in which the caller is; a plain copy if the caller is in none.

    A variable that was changed inside the session keeps its value.
    """
    plain = {name: value for name, value in environ.items() if name not in OWN}
    changed, added = remembered(environ)
    for name, (before, now) in changed.items():
        if plain.get(name) == now:
            plain.pop(name)
            if isinstance(before, str):
                plain[name] = before
    if added and "PATH" in plain:
        plain["PATH"] = os.pathsep.join(entry for entry in plain["PATH"].split(os.pathsep) if entry not in added)
    return plain


def remembered(environ: Mapping[str, str]) -> tuple[dict[str, tuple[Any, Any]], set[str]]:
    """What the outer session has set: each variable with its value before and in it, and the entries that it put on PATH."""
    try:
        memory: dict[str, Any] = parse_json(environ.get(MEMORY, "{}"), paths=True)
        changed = {str(name): (before, now) for name, (before, now) in memory.get("changed", {}).items()}
        return changed, {str(entry) for entry in memory.get("path", [])}
    except (ValueError, TypeError, AttributeError):
        return {}, set()  # somebody else has set the variable


def _memory(outer: Mapping[str, str], session: Mapping[str, str], tools: list[str]) -> str:
    changed = {
        name: (outer.get(name), value)
        for name, value in session.items()
        if outer.get(name) != value and name not in OWN and name != "PATH"
    }
    before = outer.get("PATH", "").split(os.pathsep)
    added = [entry for entry in session["PATH"].split(os.pathsep) if entry not in before]
    return json.dumps({"changed": changed, "path": list(dict.fromkeys([*tools, *added]))}, separators=(",", ":"))


def _read_dotenv(path: Path, report: Reporter) -> dict[str, str]:
    from dotenv import dotenv_values

    try:
        text = StringIO(reader.read_bytes(path).decode("utf-8"), newline=None)
        found = dotenv_values(stream=text, interpolate=False)
    except (FileNotFoundError, TimeoutError) as error:
        # A warning is enough, as in rezup 2.x: a share that is away must not keep people from starting Rez.
        state = "is not there" if isinstance(error, FileNotFoundError) else "does not answer"
        report(Warned(f"{path} {state}: the variables that [dotenv] takes from it are not set"))
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LaunchError(f"cannot read {path}, named in [dotenv]: {reason}") from error
    return {name: value for name, value in found.items() if value is not None}


def _interpolated(values: Mapping[str, str], session: Mapping[str, str]) -> dict[str, str]:
    """`values` with each `${VAR}` and `${VAR:-default}` replaced by a variable of the session, or by a value above it."""
    if not any("${" in value for value in values.values()):
        return dict(values)
    from dotenv.variables import parse_variables

    done: dict[str, str] = {}
    for name, value in values.items():
        known: dict[str, str | None] = {**session, **done}
        done[name] = "".join(atom.resolve(known) for atom in parse_variables(value))
    return done
